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

}  // namespace

std::unique_ptr<Aead> make_aead(AeadAlgorithm algorithm, Bytes key) {
  REDAN_ASSERT(key.size() == key_size(algorithm));
  if (algorithm == AeadAlgorithm::chacha20_poly1305) return std::make_unique<ChaChaPoly>(key);
  return std::make_unique<Gcm>(key);
}

}  // namespace redan::mbedtls
