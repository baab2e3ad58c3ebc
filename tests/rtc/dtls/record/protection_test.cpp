#include "rtc/dtls/record/protection.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls {
namespace {

class Protection : public testing::TestWithParam<AeadAlgorithm> {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  std::vector<std::uint8_t> key = std::vector<std::uint8_t>(key_size(GetParam()), 0x42);
  std::vector<std::uint8_t> iv = std::vector<std::uint8_t>(fixed_iv_size(GetParam()), 0x17);
  SealProtection seal{*provider, GetParam(), key, iv, Epoch{1}};
  OpenProtection open{*provider, GetParam(), key, iv};

  std::optional<std::string> opened(std::vector<std::uint8_t> record) {
    Reader reader(record);
    const auto header = RecordHeader::parse(reader);
    if (!header) return std::nullopt;
    const auto text = open.open(*header, MutableBytes(record).subspan(RecordHeader::kSize));
    if (!text) return std::nullopt;
    return std::string(as_text(*text));
  }
  std::vector<std::uint8_t> sealed(std::string_view text) {
    std::vector<std::uint8_t> record(text.size() + seal.overhead());
    std::copy(text.begin(), text.end(), record.begin() + static_cast<std::ptrdiff_t>(seal.headroom()));
    EXPECT_EQ(seal.seal(ContentType::application_data, record, text.size()).size(), record.size());
    return record;
  }
};

TEST_P(Protection, OpensWhatItSealed) {
  for (const std::string text : {"", "x", "a longer text of several words"}) EXPECT_EQ(opened(sealed(text)), text);
}

TEST_P(Protection, EveryBitOfTheRecordIsProtected) {
  const std::vector<std::uint8_t> record = sealed("text");
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::vector<std::uint8_t> tampered = record;
    tampered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    // With an explicit nonce the header's length is covered by the tag's position only, so leave it out of both forms.
    if (bit / 8 == 11 || bit / 8 == 12) continue;
    EXPECT_FALSE(opened(tampered)) << "bit " << bit;
  }
}

TEST_P(Protection, NoTwoRecordsShareANonce) { EXPECT_NE(sealed("same"), sealed("same")); }

INSTANTIATE_TEST_SUITE_P(Algorithms, Protection,
                         testing::Values(AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm,
                                         AeadAlgorithm::chacha20_poly1305));

TEST(SealProtection, SequenceNumbersEndBeforeTheyWrap) {
  const auto provider = default_provider();
  const std::vector<std::uint8_t> key(16, 1);
  NonceSequence sequence(NonceBase(NonceForm::explicit_gcm, Bytes(key).first(4)), RecordHeader::kSequenceEnd - 2,
                         RecordHeader::kSequenceEnd);
  EXPECT_TRUE(sequence.take());
  EXPECT_TRUE(sequence.take());
  EXPECT_FALSE(sequence.take());
  EXPECT_TRUE(sequence.exhausted());
}

TEST(AeadLimits, AreThoseOfRfc9147) {
  EXPECT_EQ(limits_of(AeadAlgorithm::aes_128_gcm).blocks, 24'296'004'000U);  // 2^34.5
  EXPECT_EQ(limits_of(AeadAlgorithm::aes_256_gcm).forgeries, 1ULL << 36U);
  EXPECT_EQ(limits_of(AeadAlgorithm::chacha20_poly1305).forgeries, 1ULL << 36U);
}

}  // namespace
}  // namespace redan::dtls
