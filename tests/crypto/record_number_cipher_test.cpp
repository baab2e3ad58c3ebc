#include "provider_test.hpp"

namespace redan::test {
namespace {

class RecordNumberCipherContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(RecordNumberCipherContract);

struct MaskVector {
  AeadAlgorithm algorithm;
  const char* sample;
  const char* mask;
};

// The key is 00 01 02 ... The first two rows are FIPS 197 appendix C.1 and C.3; the others were computed with the
// Python package cryptography.
constexpr std::array kMasks{
    MaskVector{AeadAlgorithm::aes_128_gcm, "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
    MaskVector{AeadAlgorithm::aes_256_gcm, "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
    MaskVector{AeadAlgorithm::aes_128_gcm, "101112131415161718191a1b1c1d1e1f", "07feef74e1d5036e900eee118e949293"},
    MaskVector{AeadAlgorithm::aes_256_gcm, "101112131415161718191a1b1c1d1e1f", "e9c3ef8ab23453e6f0749cd636e7a88e"},
    MaskVector{AeadAlgorithm::chacha20_poly1305, "101112131415161718191a1b1c1d1e1f",
               "7056dfd55ae82aaacda2b065b4ad5c97"},
};

TEST_P(RecordNumberCipherContract, MakesTheKnownMasksInAnyOrder) {
  Buffer key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  for (const MaskVector& vector : kMasks) {
    const auto cipher = provider_->record_number_cipher(vector.algorithm, Bytes(key).first(key_size(vector.algorithm)));
    const Buffer sample = hex(vector.sample);
    const Buffer other(16, 0xFF);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(to_hex(cipher->mask(std::span(sample).first<16>())), vector.mask);
      EXPECT_NE(to_hex(cipher->mask(std::span(other).first<16>())), vector.mask);
    }
  }
}

}  // namespace
}  // namespace redan::test
