#include "rtc/dtls/record/ciphertext.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "rtc/dtls/record/record_layer.hpp"

namespace redan::dtls {
namespace {

using Datagram = std::vector<std::uint8_t>;

struct KnownRecords {
  AeadAlgorithm algorithm;
  const char* key;
  const char* iv;
  const char* record_number_key;
  std::array<const char*, 2> records;
};

// "hello" as application data in epoch 3, with the sequence numbers 0 and 1. Computed with the Python package
// cryptography.
constexpr std::array kKnown{
    KnownRecords{AeadAlgorithm::aes_128_gcm,
                 "4971987383a1c62cad432a3f47cbfdc9",
                 "d0b11cfb7b6c740a69d10c88",
                 "8493df92dbd706b4832775757e017f8e",
                 {"2f4fee001620356c975f991697c84112acc127e1d8dcc130523e27",
                  "2fd8940016d98ffc6f95c0988eb92f64e2c66d016b0f1f230c9be5"}},
    KnownRecords{AeadAlgorithm::aes_256_gcm,
                 "901a2407380c352393ad76e70a01ec74d28cac8e33e72ad18c0705200ad1db9a",
                 "5566a4e4156e3d2c1792e15c",
                 "035892a180a6e832386e7863f97791ea0b9e24ca8cbeaf5d83d28a74ae692d70",
                 {"2f13d00016ea4e9cd4c08df218adb7e5cdd131c2ffcc9ef0e6e3ee",
                  "2f6b1b001681b83597af70fdb96f1f4f90a7d1ea878ca92ed311cc"}},
    KnownRecords{AeadAlgorithm::chacha20_poly1305,
                 "7a0ae584a459c4546e62c18afd8f8c331f837728307c81fa2c2cbb737805d41c",
                 "d0b11cfb7b6c740a69d10c88",
                 "af1841c96550a231d78f18496d9941685bf5feb838b97db0cf3c6b7d635258cb",
                 {"2fa8380016554ffbfbd7e78cfa1f95cb513b52f10b841d3936c96a",
                  "2f27aa0016795ddef7c45932de81e9421bd62ff03680d94604d144"}},
};

TrafficKeys keys_of(const KnownRecords& known) {
  TrafficKeys keys;
  keys.algorithm = known.algorithm;
  keys.key = Secret<32>(*from_hex(known.key));
  keys.iv = Secret<kAeadNonceSize>(*from_hex(known.iv));
  keys.record_number_key = Secret<32>(*from_hex(known.record_number_key));
  return keys;
}

class Ciphertext : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Provider> provider = GetParam() == "openssl" ? openssl_provider() : mbedtls_provider();

  static Datagram seal(CiphertextSeal& seal, std::string_view text) {
    Datagram record(text.size() + CiphertextSeal::kOverhead);
    std::copy(text.begin(), text.end(), record.begin() + CiphertextSeal::kHeadroom);
    record.resize(seal.seal(ContentType::application_data, record, text.size()).size());
    return record;
  }
  /// What the record layer makes of the datagram under these keys.
  static std::optional<std::string> opened(RecordLayer& layer, Datagram datagram,
                                           std::span<CiphertextOpen* const> keys) {
    MutableBytes rest = datagram;
    const auto record = layer.next(rest);
    if (!record || !record->unified) return std::nullopt;
    const auto text = layer.open(*record, keys);
    return text ? std::optional(std::string(as_text(text->text))) : std::nullopt;
  }
};

TEST_P(Ciphertext, MakesAndOpensTheKnownRecords) {
  for (const KnownRecords& known : kKnown) {
    CiphertextSeal sender(*provider, keys_of(known), 3);
    CiphertextOpen receiver(*provider, keys_of(known), 3);
    RecordLayer layer;
    for (const char* record : known.records) {
      EXPECT_EQ(to_hex(seal(sender, "hello")), record);
      EXPECT_EQ(opened(layer, *from_hex(record), std::array{&receiver}), "hello");
    }
    EXPECT_EQ(opened(layer, *from_hex(known.records[0]), std::array{&receiver}), std::nullopt);
    EXPECT_EQ(layer.drops()[Drop::replayed], 1U);
  }
}

TEST_P(Ciphertext, DropsARecordOfWhichAnyBitIsChanged) {
  for (const KnownRecords& known : kKnown) {
    const Datagram genuine = *from_hex(known.records[0]);
    CiphertextOpen receiver(*provider, keys_of(known), 3);
    RecordLayer layer;
    for (std::size_t bit = 0; bit < 8 * genuine.size(); ++bit) {
      Datagram changed = genuine;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      EXPECT_EQ(opened(layer, changed, std::array{&receiver}), std::nullopt) << bit;
    }
    EXPECT_EQ(opened(layer, genuine, std::array{&receiver}), "hello");
  }
}

TEST_P(Ciphertext, TakesOnlyKeysOfTheEpochInTheHeader) {
  CiphertextSeal sender(*provider, keys_of(kKnown[0]), 3);
  CiphertextOpen wrong(*provider, keys_of(kKnown[0]), 2);
  CiphertextOpen right(*provider, keys_of(kKnown[0]), 3);
  RecordLayer layer;
  const Datagram record = seal(sender, "hello");
  EXPECT_EQ(opened(layer, record, std::array{&wrong}), std::nullopt);
  EXPECT_EQ(layer.drops()[Drop::wrong_epoch], 1U);
  EXPECT_EQ(opened(layer, record, std::array{&wrong, &right}), "hello");
}

TEST_P(Ciphertext, RefusesApplicationDataOnceTheKeyIsUsedUp) {
  CiphertextSeal sender(*provider, keys_of(kKnown[0]), 3);
  sender.limit_blocks(8);
  EXPECT_FALSE(sender.worn());
  EXPECT_FALSE(seal(sender, "hello").empty());
  EXPECT_FALSE(seal(sender, "hello").empty());
  EXPECT_TRUE(sender.worn());
  EXPECT_FALSE(seal(sender, "hello").empty());
  EXPECT_FALSE(seal(sender, "hello").empty());
  EXPECT_TRUE(sender.exhausted());
  EXPECT_TRUE(seal(sender, "hello").empty());
}

// A client that derives the keys of a handshake a second time goes on behind the numbers of the first.
TEST_P(Ciphertext, BeginsWithTheRecordNumberThatIsAskedFor) {
  const TrafficKeys keys{AeadAlgorithm::aes_128_gcm, Secret<32>(Datagram(16, 1)),
                         Secret<kAeadNonceSize>(Datagram(12, 2)), Secret<32>(Datagram(16, 3))};
  CiphertextSeal seal(*provider, keys, 2, 70);
  EXPECT_EQ(seal.next().sequence, 70U);
  Datagram record(100);
  ASSERT_FALSE(seal.seal(ContentType::handshake, record, 10).empty());
  EXPECT_EQ(seal.next().sequence, 71U);
}

INSTANTIATE_TEST_SUITE_P(Providers, Ciphertext, testing::Values("openssl", "mbedtls"),
                         [](const auto& suite) { return suite.param; });

TEST(UnifiedHeaders, HaveFourFormsWithoutAConnectionId) {
  for (const bool wide : {false, true}) {
    for (const bool length : {false, true}) {
      Datagram bytes(8);
      Writer writer(bytes);
      const UnifiedHeader header{2, static_cast<std::uint16_t>(wide ? 0xABCD : 0xCD), wide ? 2U : 1U,
                                 length ? std::optional<std::uint16_t>(7) : std::nullopt};
      header.write(writer);
      EXPECT_EQ(writer.size(), header.size());
      Reader reader(writer.written());
      const auto parsed = UnifiedHeader::parse(reader);
      ASSERT_TRUE(parsed && reader.done());
      EXPECT_EQ(parsed->sequence, header.sequence);
      EXPECT_EQ(parsed->length, header.length);
      EXPECT_EQ(parsed->epoch_bits, 2);
      bytes[0] |= 0x10;  // a connection id
      Reader with_id(bytes);
      EXPECT_FALSE(UnifiedHeader::parse(with_id));
    }
  }
}

// RFC 9147 section 4.2.2: the closest to the next expected number.
TEST(UnifiedHeaders, SequenceNumbersAreReconstructed) {
  EXPECT_EQ(reconstruct_sequence(0, 5, 2), 5U);
  EXPECT_EQ(reconstruct_sequence(0, 0xFFFF, 2), 0xFFFFU) << "there is none below zero";
  EXPECT_EQ(reconstruct_sequence(0x1FFFE, 1, 2), 0x20001U);
  EXPECT_EQ(reconstruct_sequence(0x20001, 0xFFFE, 2), 0x1FFFEU);
  EXPECT_EQ(reconstruct_sequence(0x20001, 0x7FFF, 2), 0x27FFFU);
  EXPECT_EQ(reconstruct_sequence(0x1FE, 1, 1), 0x201U);
  EXPECT_EQ(reconstruct_sequence(0x201, 0xFE, 1), 0x1FEU);
}

}  // namespace
}  // namespace redan::dtls
