#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/assert.hpp"
#include "crypto/key_encoding.hpp"
#include "crypto/openssl/algorithms.hpp"

namespace redan::openssl {
namespace {

bool is_pss(SignatureScheme scheme) {
  return scheme == SignatureScheme::rsa_pss_rsae_sha256 || scheme == SignatureScheme::rsa_pss_rsae_sha384;
}

using SignOrVerifyInit = int (*)(EVP_PKEY_CTX*);

/// A context that is ready to sign or verify digests. ECDSA needs only the key.
PkeyCtx ready(const Algorithms& algorithms, EVP_PKEY* key, SignOrVerifyInit init, KeyType type,
              SignatureScheme scheme) {
  PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!ctx || init(ctx.get()) != 1) return nullptr;
  if (is_ecdsa(type)) return ctx;
  const int padding = is_pss(scheme) ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
  if (EVP_PKEY_CTX_set_rsa_padding(ctx.get(), padding) != 1) return nullptr;
  if (EVP_PKEY_CTX_set_signature_md(ctx.get(), algorithms.hash(hash_of(scheme))) != 1) return nullptr;
  // RFC 8446 section 4.2.3: the salt is as long as the digest.
  if (is_pss(scheme) && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx.get(), RSA_PSS_SALTLEN_DIGEST) != 1) return nullptr;
  return ctx;
}

std::vector<std::uint8_t> taken(unsigned char* der, int size) {
  REDAN_ASSERT(der != nullptr && size > 0);
  std::vector<std::uint8_t> bytes(der, der + size);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

class OpensslPrivateKey final : public PrivateKey {
 public:
  OpensslPrivateKey(const Algorithms& algorithms, KeyType type, Pkey key)
      : algorithms_(algorithms), type_(type), key_(std::move(key)) {
    if (is_ecdsa(type_)) ecdsa_ = ready(algorithms_, key_.get(), EVP_PKEY_sign_init, type_, {});
  }

  KeyType type() const override { return type_; }

  std::vector<std::uint8_t> public_key_der() const override {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    return taken(der, size);
  }

  std::vector<std::uint8_t> private_key_der() const override {
    const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Release<PKCS8_PRIV_KEY_INFO_free>> pkcs8(EVP_PKEY2PKCS8(key_.get()));
    REDAN_ASSERT(pkcs8);
    unsigned char* der = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &der);
    return taken(der, size);
  }

  Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                           std::span<std::uint8_t, kMaxSignatureSize> signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return refuse(Errc::invalid_argument);
    const ErrorScope errors;
    if (is_ecdsa(type_)) return sign_with(ecdsa_.get(), digest, signature);
    return sign_with(ready(algorithms_, key_.get(), EVP_PKEY_sign_init, type_, scheme).get(), digest, signature);
  }

 private:
  static Result<std::size_t> sign_with(EVP_PKEY_CTX* ctx, Bytes digest, MutableBytes signature) {
    std::size_t size = signature.size();
    if (ctx == nullptr || EVP_PKEY_sign(ctx, signature.data(), &size, digest.data(), digest.size()) != 1) {
      return refuse(Errc::crypto_failed);
    }
    return size;
  }

  const Algorithms& algorithms_;
  KeyType type_;
  Pkey key_;
  PkeyCtx ecdsa_;  // kept for speed; signing does not change its settings
};

class OpensslPublicKey final : public PublicKey {
 public:
  OpensslPublicKey(const Algorithms& algorithms, KeyType type, Pkey key)
      : algorithms_(algorithms), type_(type), key_(std::move(key)) {}

  KeyType type() const override { return type_; }

  bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return false;
    if (is_ecdsa(type_) && !EcdsaSignature::parse(type_, signature)) return false;
    const ErrorScope errors;
    const PkeyCtx ctx = ready(algorithms_, key_.get(), EVP_PKEY_verify_init, type_, scheme);
    return ctx && EVP_PKEY_verify(ctx.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1;
  }

 private:
  const Algorithms& algorithms_;
  KeyType type_;
  Pkey key_;
};

std::optional<KeyType> type_of(EVP_PKEY* key, const PrivateKeyEncoding& encoding) {
  if (!encoding.rsa) return EVP_PKEY_is_a(key, "EC") == 1 ? std::optional(encoding.curve) : std::nullopt;
  if (EVP_PKEY_is_a(key, "RSA") != 1) return std::nullopt;
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return std::nullopt;
  const std::vector<std::uint8_t> spki = taken(der, size);
  const auto parsed = SubjectPublicKey::parse(spki);
  return parsed ? std::optional(parsed->type) : std::nullopt;
}

using BigNumber = std::unique_ptr<BIGNUM, Release<BN_free>>;

Pkey rsa_public_key(Bytes modulus, Bytes exponent) {
  const BigNumber n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const BigNumber e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const std::unique_ptr<OSSL_PARAM_BLD, Release<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  REDAN_ASSERT(n && e && builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
               OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  const std::unique_ptr<OSSL_PARAM, Release<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Pkey(key);
}

}  // namespace

std::unique_ptr<PrivateKey> make_private_key(const Algorithms& algorithms, KeyType type) {
  if (is_ecdsa(type)) {
    return std::make_unique<OpensslPrivateKey>(algorithms, type, generate(algorithms.curve(type).keygen.get()));
  }
  const PkeyCtx keygen(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  REDAN_ASSERT(keygen && EVP_PKEY_keygen_init(keygen.get()) == 1);
  REDAN_ASSERT(EVP_PKEY_CTX_set_rsa_keygen_bits(keygen.get(), type == KeyType::rsa_2048 ? 2048 : 4096) == 1);
  return std::make_unique<OpensslPrivateKey>(algorithms, type, generate(keygen.get()));
}

Result<std::unique_ptr<PrivateKey>> load_private_key(const Algorithms& algorithms, Bytes pkcs8_der) {
  const auto encoding = PrivateKeyEncoding::parse(pkcs8_der);
  if (!encoding) return refuse(Errc::crypto_bad_key);
  const ErrorScope errors;
  const unsigned char* in = pkcs8_der.data();
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Release<PKCS8_PRIV_KEY_INFO_free>> pkcs8(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(pkcs8_der.size())));
  if (!pkcs8) return refuse(Errc::crypto_bad_key);
  Pkey key(EVP_PKCS82PKEY(pkcs8.get()));
  const auto type = key ? type_of(key.get(), *encoding) : std::nullopt;
  if (!type) return refuse(Errc::crypto_bad_key);
  const PkeyCtx check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_pairwise_check(check.get()) != 1) return refuse(Errc::crypto_bad_key);
  return std::make_unique<OpensslPrivateKey>(algorithms, *type, std::move(key));
}

Result<std::unique_ptr<PublicKey>> load_public_key(const Algorithms& algorithms, Bytes subject_public_key_info_der) {
  const auto parts = SubjectPublicKey::parse(subject_public_key_info_der);
  if (!parts) return refuse(Errc::crypto_bad_key);
  const ErrorScope errors;
  Pkey key = is_ecdsa(parts->type) ? ecdsa_public_key(algorithms.curve(parts->type), parts->point)
                                   : rsa_public_key(parts->modulus, parts->exponent);
  if (!key) return refuse(Errc::crypto_bad_key);
  return std::make_unique<OpensslPublicKey>(algorithms, parts->type, std::move(key));
}

}  // namespace redan::openssl
