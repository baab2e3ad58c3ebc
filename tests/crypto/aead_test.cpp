#include "crypto/nonce.hpp"
#include "provider_test.hpp"

namespace redan::test {
namespace {

class AeadContract : public ProviderTest {};
REDAN_FOR_EACH_BACKEND(AeadContract);

struct AeadVector {
  AeadAlgorithm algorithm;
  const char* key;
  const char* nonce;
  const char* associated;
  std::string text;
  std::string sealed;
  const char* tag;
};

std::string zeros(std::size_t bytes) { return std::string(2 * bytes, '0'); }

// AES-GCM: McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 1-4 and 13-16. ChaCha20-Poly1305: RFC
// 8439 section 2.8.2.
std::vector<AeadVector> aead_vectors() {
  const auto aes128 = AeadAlgorithm::aes_128_gcm, aes256 = AeadAlgorithm::aes_256_gcm;
  static const std::string zero16 = zeros(16), zero32 = zeros(32), zero12 = zeros(12);
  const char* key128 = "feffe9928665731c6d6a8f9467308308";
  const char* key256 = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
  const char* iv = "cafebabefacedbaddecaf888";
  const char* associated = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
  const std::string text =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b391aafd255";
  const std::string sealed128 =
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
      "3d58e091473f5985";
  const std::string sealed256 =
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f662898015ad";
  return {
      {aes128, zero16.c_str(), zero12.c_str(), "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
      {aes128, zero16.c_str(), zero12.c_str(), "", zero16, "0388dace60b6a392f328c2b971b2fe78",
       "ab6e47d42cec13bdf53a67b21257bddf"},
      {aes128, key128, iv, "", text, sealed128, "4d5c2af327cd64a62cf35abd2ba6fab4"},
      {aes128, key128, iv, associated, text.substr(0, 120), sealed128.substr(0, 120),
       "5bc94fbc3221a5db94fae95ae7121a47"},
      {aes256, zero32.c_str(), zero12.c_str(), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {aes256, zero32.c_str(), zero12.c_str(), "", zero16, "cea7403d4d606b6e074ec5d3baf39d18",
       "d0d1c8a799996bf0265b98b5d48ab919"},
      {aes256, key256, iv, "", text, sealed256, "b094dac5d93471bdec1a502270e3cc6c"},
      {aes256, key256, iv, associated, text.substr(0, 120), sealed256.substr(0, 120),
       "76fc6ece0f4e1768cddf8853bb2d551b"},
      {AeadAlgorithm::chacha20_poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
       "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
       to_hex(as_bytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                       "sunscreen would be it.")),
       "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2"
       "9"
       "05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64"
       "b"
       "6116",
       "1ae10b594f09e26a7e902ecbd0600691"},
  };
}

using Tag = std::array<std::uint8_t, kAeadTagSize>;

Tag tag_of(const char* text) {
  Tag tag{};
  const Buffer bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), tag.begin());
  return tag;
}

TEST_P(AeadContract, EncryptsThePublishedVectors) {
  for (const auto& v : aead_vectors()) {
    const auto aead = provider_->aead(v.algorithm, hex(v.key));
    Buffer text = hex(v.text);
    Tag tag{};
    aead->seal(KnownAnswer::nonce(hex(v.nonce)), hex(v.associated), text, tag);
    EXPECT_EQ(to_hex(text), v.sealed);
    EXPECT_EQ(to_hex(tag), v.tag);
  }
}

TEST_P(AeadContract, DecryptsThePublishedVectorsAlternatingWithEncryption) {
  for (const auto& v : aead_vectors()) {
    const auto aead = provider_->aead(v.algorithm, hex(v.key));
    for (int round = 0; round < 3; ++round) {
      Buffer text = hex(v.sealed);
      Tag tag = tag_of(v.tag);
      EXPECT_TRUE(aead->open(open_nonce(hex(v.nonce)), hex(v.associated), text, tag));
      EXPECT_EQ(to_hex(text), v.text);
      aead->seal(KnownAnswer::nonce(hex(v.nonce)), hex(v.associated), text, tag);
      EXPECT_EQ(to_hex(text), v.sealed);
      EXPECT_EQ(to_hex(tag), v.tag);
    }
  }
}

TEST_P(AeadContract, RefusesEveryFlippedBitAndContinues) {
  for (const auto& v : aead_vectors()) {
    const auto aead = provider_->aead(v.algorithm, hex(v.key));
    const auto opens = [&](Buffer text, const Buffer& associated, const Buffer& nonce, const Tag& tag) {
      return aead->open(open_nonce(nonce), associated, text, tag);
    };
    const Buffer text = hex(v.sealed), associated = hex(v.associated), nonce = hex(v.nonce);
    const Tag tag = tag_of(v.tag);
    const auto flipped = [](auto bytes, std::size_t bit) {
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
      return bytes;
    };
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
      EXPECT_FALSE(opens(flipped(text, bit), associated, nonce, tag));
    }
    for (std::size_t bit = 0; bit < 8 * associated.size(); ++bit) {
      EXPECT_FALSE(opens(text, flipped(associated, bit), nonce, tag));
    }
    for (std::size_t bit = 0; bit < 8 * nonce.size(); ++bit) {
      EXPECT_FALSE(opens(text, associated, flipped(nonce, bit), tag));
    }
    for (std::size_t bit = 0; bit < 8 * tag.size(); ++bit) {
      EXPECT_FALSE(opens(text, associated, nonce, flipped(tag, bit)));
    }
    EXPECT_TRUE(opens(text, associated, nonce, tag));
  }
}

TEST_P(AeadContract, RefusesTruncatedTextAndMissingAssociatedBytes) {
  for (const auto& v : aead_vectors()) {
    const auto aead = provider_->aead(v.algorithm, hex(v.key));
    const Buffer sealed = hex(v.sealed), associated = hex(v.associated);
    for (std::size_t n = 0; n < sealed.size(); ++n) {
      Buffer text(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_FALSE(aead->open(open_nonce(hex(v.nonce)), associated, text, tag_of(v.tag)));
    }
    if (associated.empty()) continue;
    Buffer text = sealed;
    EXPECT_FALSE(aead->open(open_nonce(hex(v.nonce)), {}, text, tag_of(v.tag)));
  }
}

class AeadPair : public ProviderPairTest {};
REDAN_FOR_EACH_PAIR(AeadPair);

TEST_P(AeadPair, OneDecryptsWhatTheOtherEncryptsAtEveryLength) {
  for (const auto algorithm :
       {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm, AeadAlgorithm::chacha20_poly1305}) {
    const Buffer key(key_size(algorithm), 0x42), associated(13, 0x17), iv(12, 0x33);
    const auto seal = maker_->aead(algorithm, key);
    const auto open = checker_->aead(algorithm, key);
    const NonceBase base(NonceForm::xor_counter, iv);
    NonceSequence nonces(NonceBase(NonceForm::xor_counter, iv), 5, 1000);
    for (std::size_t n = 0; n < 300; ++n) {
      Buffer text(n, static_cast<std::uint8_t>(n));
      Tag tag{};
      const std::uint64_t number = nonces.peek();
      seal->seal(*nonces.take(), associated, text, tag);
      EXPECT_TRUE(open->open(base.at(number), associated, text, tag));
      EXPECT_EQ(text, Buffer(n, static_cast<std::uint8_t>(n)));
    }
  }
}

}  // namespace
}  // namespace redan::test
