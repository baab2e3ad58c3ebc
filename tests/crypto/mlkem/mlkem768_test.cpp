#include "crypto/mlkem/mlkem768.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <redan/crypto.hpp>

#include "base/hex.hpp"

namespace redan::mlkem {
namespace {

using Buffer = std::vector<std::uint8_t>;
namespace json = boost::json;

json::value read_json(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

Buffer bytes_of(const json::value& row, const char* member) {
  const json::value* value = row.as_object().if_contains(member);
  return value == nullptr ? Buffer{} : from_hex(std::string_view(value->as_string())).value();
}

std::string sha256(Bytes data) { return to_hex(default_provider()->hash(HashAlgorithm::sha256, data).bytes()); }

struct Encapsulated {
  std::array<std::uint8_t, kCiphertextSize> ciphertext{};
  std::array<std::uint8_t, kSharedSecretSize> secret{};
};

std::optional<Encapsulated> encapsulate_to(Bytes key, Bytes message) {
  if (key.size() != kEncapsulationKeySize) return std::nullopt;
  Encapsulated result;
  if (!encapsulate(key.first<kEncapsulationKeySize>(), Message(message.first<32>()), result.ciphertext,
                   result.secret)) {
    return std::nullopt;
  }
  return result;
}

std::string decapsulated(const DecapsulationKey& key, Bytes ciphertext) {
  std::array<std::uint8_t, kSharedSecretSize> secret{};
  key.decapsulate(ciphertext.first<kCiphertextSize>(), secret);
  return to_hex(secret);
}

DecapsulationKey key_of(Bytes seed) { return DecapsulationKey(KeySeed(seed.first<64>())); }

TEST(Mlkem768, GivesTheResultsOfAnotherImplementation) {
  const json::value document = read_json(REDAN_VECTORS "/mlkem768.json");
  int count = 0;
  for (const json::value& row : document.at("cases").as_array()) {
    const DecapsulationKey key = key_of(bytes_of(row, "seed"));
    EXPECT_EQ(sha256(key.encapsulation_key()), row.at("encapsulation_key_sha256").as_string());
    EXPECT_EQ(sha256(key.encoded()), row.at("decapsulation_key_sha256").as_string());
    auto made = encapsulate_to(key.encapsulation_key(), bytes_of(row, "message"));
    ASSERT_TRUE(made);
    EXPECT_EQ(sha256(made->ciphertext), row.at("ciphertext_sha256").as_string());
    EXPECT_EQ(to_hex(made->secret), row.at("secret").as_string());
    EXPECT_EQ(decapsulated(key, made->ciphertext), row.at("secret").as_string());
    made->ciphertext[row.at("altered_byte").to_number<std::size_t>()] ^=
        static_cast<std::uint8_t>(1U << row.at("altered_bit").to_number<unsigned>());
    EXPECT_EQ(decapsulated(key, made->ciphertext), row.at("secret_of_altered").as_string());
    ++count;
  }
  EXPECT_EQ(count, 40);
}

// The key holder cannot tell an altered ciphertext from a good one, and gets an unrelated secret.
TEST(Mlkem768, RejectsEveryAlteredByteImplicitly) {
  const DecapsulationKey key = key_of(Buffer(64, 1));
  const auto made = encapsulate_to(key.encapsulation_key(), Buffer(32, 2));
  ASSERT_TRUE(made);
  for (std::size_t i = 0; i < kCiphertextSize; i += 7) {
    auto altered = made->ciphertext;
    altered[i] ^= 0x10;
    EXPECT_NE(decapsulated(key, altered), to_hex(made->secret)) << i;
  }
}

TEST(Mlkem768, AnEncodedKeyIsParsedOnlyIfItsHashFits) {
  const DecapsulationKey key = key_of(Buffer(64, 3));
  Buffer encoded(key.encoded().begin(), key.encoded().end());
  EXPECT_TRUE(DecapsulationKey::parse(encoded));
  encoded[1152 + 5] ^= 1;  // in the encapsulation key
  EXPECT_FALSE(DecapsulationKey::parse(encoded));
  encoded[1152 + 5] ^= 1;
  encoded[2400 - 64] ^= 1;  // in its hash
  EXPECT_FALSE(DecapsulationKey::parse(encoded));
  EXPECT_FALSE(DecapsulationKey::parse(Bytes(encoded).first(2399)));
}

// Published vectors that are not part of this repository: a folder beside it.
class Mlkem768PublishedVectors : public testing::Test {
 protected:
  static constexpr const char* kFolder = REDAN_PUBLISHED_VECTORS "/mlkem768/";

  void SetUp() override {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "no published vectors in " << kFolder;
  }

  template <class Check>
  static int for_each(const char* file, Check&& check) {
    const json::value document = read_json(std::string(kFolder) + file);
    int count = 0;
    for (const json::value& group : document.at("testGroups").as_array()) {
      for (const json::value& row : group.at("tests").as_array()) {
        SCOPED_TRACE(std::string(file) + ' ' + json::serialize(row.at("tcId")));
        check(row, row.at("result") == "valid");
        ++count;
      }
    }
    return count;
  }
};

TEST_F(Mlkem768PublishedVectors, KeyGeneration) {
  EXPECT_EQ(for_each("mlkem_768_keygen_seed_test.json",
                     [](const json::value& row, bool) {
                       const DecapsulationKey key = key_of(bytes_of(row, "seed"));
                       EXPECT_EQ(to_hex(key.encapsulation_key()), row.at("ek").as_string());
                       EXPECT_EQ(to_hex(key.encoded()), row.at("dk").as_string());
                     }),
            100);
}

TEST_F(Mlkem768PublishedVectors, Encapsulation) {
  EXPECT_EQ(for_each("mlkem_768_encaps_test.json",
                     [](const json::value& row, bool valid) {
                       const auto made = encapsulate_to(bytes_of(row, "ek"), bytes_of(row, "m"));
                       ASSERT_EQ(made.has_value(), valid);
                       if (!valid) return;
                       EXPECT_EQ(to_hex(made->ciphertext), row.at("c").as_string());
                       EXPECT_EQ(to_hex(made->secret), row.at("K").as_string());
                     }),
            265);
}

TEST_F(Mlkem768PublishedVectors, DecapsulationWithASeed) {
  EXPECT_EQ(for_each("mlkem_768_test.json",
                     [](const json::value& row, bool valid) {
                       const Buffer seed = bytes_of(row, "seed");
                       const Buffer ciphertext = bytes_of(row, "c");
                       // The types of the arguments refuse other sizes.
                       ASSERT_EQ(seed.size() == 64 && ciphertext.size() == kCiphertextSize, valid);
                       if (valid) {
                         EXPECT_EQ(decapsulated(key_of(seed), ciphertext), row.at("K").as_string());
                       }
                     }),
            193);
}

TEST_F(Mlkem768PublishedVectors, DecapsulationWithAnEncodedKey) {
  EXPECT_EQ(for_each("mlkem_768_semi_expanded_decaps_test.json",
                     [](const json::value& row, bool valid) {
                       const auto key = DecapsulationKey::parse(bytes_of(row, "dk"));
                       const Buffer ciphertext = bytes_of(row, "c");
                       ASSERT_EQ(key.has_value() && ciphertext.size() == kCiphertextSize, valid);
                       if (valid) {
                         EXPECT_EQ(decapsulated(*key, ciphertext), row.at("K").as_string());
                       }
                     }),
            9);
}

}  // namespace
}  // namespace redan::mlkem
