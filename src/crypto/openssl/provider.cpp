// The OpenSSL 3 provider (libcrypto's EVP only).
#include <openssl/rand.h>

#include "base/assert.hpp"
#include "crypto/openssl/algorithms.hpp"
#include "crypto/x25519_mlkem768.hpp"

namespace redan {
namespace openssl {
namespace {

Curve make_curve(const char* name) {
  const PkeyCtx paramgen(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  REDAN_ASSERT(paramgen && EVP_PKEY_paramgen_init(paramgen.get()) == 1);
  REDAN_ASSERT(EVP_PKEY_CTX_set_group_name(paramgen.get(), name) == 1);
  EVP_PKEY* parameters = nullptr;
  REDAN_ASSERT(EVP_PKEY_paramgen(paramgen.get(), &parameters) == 1);
  Curve curve{Pkey(parameters), PkeyCtx(EVP_PKEY_CTX_new_from_pkey(nullptr, parameters, nullptr))};
  REDAN_ASSERT(curve.keygen && EVP_PKEY_keygen_init(curve.keygen.get()) == 1);
  return curve;
}

class OpensslProvider final : public Provider {
 public:
  OpensslProvider() : scratch_(EVP_MD_CTX_new()) { REDAN_ASSERT(scratch_); }

  void random(MutableBytes out) override { REDAN_ASSERT(RAND_bytes_ex(nullptr, out.data(), out.size(), 256) == 1); }

  std::string_view name() const override { return "openssl"; }

  Digest hash(HashAlgorithm algorithm, Bytes data) override {
    Digest digest;
    digest.size = hash_size(algorithm);
    REDAN_ASSERT(EVP_DigestInit_ex2(scratch_.get(), algorithms_.hash(algorithm), nullptr) == 1 &&
                 EVP_DigestUpdate(scratch_.get(), data.data(), data.size()) == 1 &&
                 EVP_DigestFinal_ex(scratch_.get(), digest.storage.data(), nullptr) == 1);
    return digest;
  }
  std::unique_ptr<Hash> start_hash(HashAlgorithm algorithm) override { return make_hash(algorithms_, algorithm); }
  std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes key) override {
    return make_hmac(algorithms_, algorithm, key);
  }
  Digest hmac_once(HashAlgorithm algorithm, Bytes key, Bytes data) override {
    return openssl::hmac_once(scratch_.get(), algorithms_, algorithm, key, data);
  }
  std::optional<Secret<16>> md5_for_stun_credentials(Bytes text) override {
    const ErrorScope errors;
    const Md md5(EVP_MD_fetch(nullptr, "MD5", nullptr));  // absent where the system allows FIPS algorithms only
    if (!md5) return std::nullopt;
    Secret<16> key;
    REDAN_ASSERT(EVP_DigestInit_ex2(scratch_.get(), md5.get(), nullptr) == 1 &&
                 EVP_DigestUpdate(scratch_.get(), text.data(), text.size()) == 1 &&
                 EVP_DigestFinal_ex(scratch_.get(), key.fill(16).data(), nullptr) == 1);
    return key;
  }
  std::unique_ptr<Aead> aead(AeadAlgorithm algorithm, Bytes key) override {
    return make_aead(algorithms_, algorithm, key);
  }
  std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm algorithm, Bytes key) override {
    return make_record_number_cipher(algorithms_, algorithm, key);
  }
  std::unique_ptr<KeyExchange> start_key_exchange(Group group) override {
    if (group == Group::x25519_mlkem768) return start_x25519_mlkem768(*this);
    return make_key_exchange(algorithms_, group);
  }
  std::unique_ptr<PrivateKey> generate_key(KeyType type) override { return make_private_key(algorithms_, type); }
  Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) override {
    return openssl::load_private_key(algorithms_, pkcs8_der);
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    return openssl::load_public_key(algorithms_, subject_public_key_info_der);
  }

 private:
  Algorithms algorithms_;
  MdCtx scratch_;
};

}  // namespace

Algorithms::Algorithms()
    : sha1(EVP_MD_fetch(nullptr, "SHA1", nullptr)),
      sha256(EVP_MD_fetch(nullptr, "SHA2-256", nullptr)),
      sha384(EVP_MD_fetch(nullptr, "SHA2-384", nullptr)),
      aes_128_gcm(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)),
      aes_256_gcm(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
      chacha20_poly1305(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr)),
      aes_128_ecb(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr)),
      aes_256_ecb(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr)),
      chacha20(EVP_CIPHER_fetch(nullptr, "ChaCha20", nullptr)),
      p256(make_curve("P-256")),
      p384(make_curve("P-384")),
      x25519_keygen(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr)) {
  REDAN_ASSERT(sha1 && sha256 && sha384 && aes_128_gcm && aes_256_gcm && chacha20_poly1305);
  REDAN_ASSERT(aes_128_ecb && aes_256_ecb && chacha20);
  REDAN_ASSERT(x25519_keygen && EVP_PKEY_keygen_init(x25519_keygen.get()) == 1);
}

const EVP_MD* Algorithms::hash(HashAlgorithm algorithm) const {
  return algorithm == HashAlgorithm::sha1     ? sha1.get()
         : algorithm == HashAlgorithm::sha256 ? sha256.get()
                                              : sha384.get();
}

const EVP_CIPHER* Algorithms::cipher(AeadAlgorithm algorithm) const {
  return algorithm == AeadAlgorithm::aes_128_gcm   ? aes_128_gcm.get()
         : algorithm == AeadAlgorithm::aes_256_gcm ? aes_256_gcm.get()
                                                   : chacha20_poly1305.get();
}

const EVP_CIPHER* Algorithms::record_number_cipher(AeadAlgorithm algorithm) const {
  return algorithm == AeadAlgorithm::aes_128_gcm   ? aes_128_ecb.get()
         : algorithm == AeadAlgorithm::aes_256_gcm ? aes_256_ecb.get()
                                                   : chacha20.get();
}

Pkey generate(EVP_PKEY_CTX* keygen) {
  EVP_PKEY* key = nullptr;
  REDAN_ASSERT(EVP_PKEY_generate(keygen, &key) == 1);
  return Pkey(key);
}

Pkey ecdsa_public_key(const Curve& curve, Bytes point) {
  Pkey key(EVP_PKEY_new());
  REDAN_ASSERT(key && EVP_PKEY_copy_parameters(key.get(), curve.parameters.get()) == 1);
  // Decoding a point checks that it is on the curve; both curves have cofactor 1, so no more is needed.
  if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) return nullptr;
  return key;
}

}  // namespace openssl

std::unique_ptr<Provider> openssl_provider() { return std::make_unique<openssl::OpensslProvider>(); }

}  // namespace redan
