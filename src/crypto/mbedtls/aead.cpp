#include <mbedtls/aes.h>
#include <mbedtls/chacha20.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

#include "base/assert.hpp"
#include "crypto/mbedtls/primitives.hpp"

namespace redan::mbedtls {
namespace {

class Gcm final : public Aead {
 public:
  explicit Gcm(Bytes key) {
    const auto bits = static_cast<unsigned>(8 * key.size());
    REDAN_ASSERT(mbedtls_gcm_setkey(gcm_.get(), MBEDTLS_CIPHER_ID_AES, key.data(), bits) == 0);
  }

  void seal(const SealNonce& nonce, Bytes associated, MutableBytes text,
            std::span<std::uint8_t, kAeadTagSize> tag) override {
    REDAN_ASSERT(mbedtls_gcm_crypt_and_tag(gcm_.get(), MBEDTLS_GCM_ENCRYPT, text.size(), nonce.bytes().data(),
                                           kAeadNonceSize, associated.data(), associated.size(), text.data(),
                                           text.data(), tag.size(), tag.data()) == 0);
  }

  bool open(const OpenNonce& nonce, Bytes associated, MutableBytes text,
            std::span<const std::uint8_t, kAeadTagSize> tag) override {
    return mbedtls_gcm_auth_decrypt(gcm_.get(), text.size(), nonce.bytes.data(), kAeadNonceSize, associated.data(),
                                    associated.size(), tag.data(), tag.size(), text.data(), text.data()) == 0;
  }

 private:
  Owned<mbedtls_gcm_context, mbedtls_gcm_init, mbedtls_gcm_free> gcm_;
};

class ChaChaPoly final : public Aead {
 public:
  explicit ChaChaPoly(Bytes key) { REDAN_ASSERT(mbedtls_chachapoly_setkey(chachapoly_.get(), key.data()) == 0); }

  void seal(const SealNonce& nonce, Bytes associated, MutableBytes text,
            std::span<std::uint8_t, kAeadTagSize> tag) override {
    REDAN_ASSERT(mbedtls_chachapoly_encrypt_and_tag(chachapoly_.get(), text.size(), nonce.bytes().data(),
                                                    associated.data(), associated.size(), text.data(), text.data(),
                                                    tag.data()) == 0);
  }

  bool open(const OpenNonce& nonce, Bytes associated, MutableBytes text,
            std::span<const std::uint8_t, kAeadTagSize> tag) override {
    return mbedtls_chachapoly_auth_decrypt(chachapoly_.get(), text.size(), nonce.bytes.data(), associated.data(),
                                           associated.size(), tag.data(), text.data(), text.data()) == 0;
  }

 private:
  Owned<mbedtls_chachapoly_context, mbedtls_chachapoly_init, mbedtls_chachapoly_free> chachapoly_;
};

class AesRecordNumberCipher final : public RecordNumberCipher {
 public:
  explicit AesRecordNumberCipher(Bytes key) {
    const auto bits = static_cast<unsigned>(8 * key.size());
    REDAN_ASSERT(mbedtls_aes_setkey_enc(aes_.get(), key.data(), bits) == 0);
  }

  Mask mask(std::span<const std::uint8_t, kSampleSize> sample) override {
    Mask mask;
    REDAN_ASSERT(mbedtls_aes_crypt_ecb(aes_.get(), MBEDTLS_AES_ENCRYPT, sample.data(), mask.data()) == 0);
    return mask;
  }

 private:
  Owned<mbedtls_aes_context, mbedtls_aes_init, mbedtls_aes_free> aes_;
};

class ChaChaRecordNumberCipher final : public RecordNumberCipher {
 public:
  explicit ChaChaRecordNumberCipher(Bytes key) {
    REDAN_ASSERT(mbedtls_chacha20_setkey(chacha20_.get(), key.data()) == 0);
  }

  Mask mask(std::span<const std::uint8_t, kSampleSize> sample) override {
    // The block counter of ChaCha20 is little-endian.
    std::uint32_t counter = 0;
    for (std::size_t i = 0; i < 4; ++i) counter |= static_cast<std::uint32_t>(sample[i]) << (8 * i);
    Mask mask{};
    REDAN_ASSERT(mbedtls_chacha20_starts(chacha20_.get(), sample.subspan<4>().data(), counter) == 0);
    REDAN_ASSERT(mbedtls_chacha20_update(chacha20_.get(), mask.size(), mask.data(), mask.data()) == 0);
    return mask;
  }

 private:
  Owned<mbedtls_chacha20_context, mbedtls_chacha20_init, mbedtls_chacha20_free> chacha20_;
};

}  // namespace

std::unique_ptr<RecordNumberCipher> make_record_number_cipher(AeadAlgorithm algorithm, Bytes key) {
  REDAN_ASSERT(key.size() == key_size(algorithm));
  if (algorithm == AeadAlgorithm::chacha20_poly1305) return std::make_unique<ChaChaRecordNumberCipher>(key);
  return std::make_unique<AesRecordNumberCipher>(key);
}

std::unique_ptr<Aead> make_aead(AeadAlgorithm algorithm, Bytes key) {
  REDAN_ASSERT(key.size() == key_size(algorithm));
  if (algorithm == AeadAlgorithm::chacha20_poly1305) return std::make_unique<ChaChaPoly>(key);
  return std::make_unique<Gcm>(key);
}

}  // namespace redan::mbedtls
