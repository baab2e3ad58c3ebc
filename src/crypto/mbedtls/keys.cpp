#include <mbedtls/ecdsa.h>
#include <mbedtls/rsa.h>

#include "base/assert.hpp"
#include "crypto/mbedtls/primitives.hpp"

namespace redan::mbedtls {
namespace {

constexpr std::size_t kMaxPointSize = 1 + 2 * 48;  // P-384, uncompressed

bool is_pss(SignatureScheme scheme) {
  return scheme == SignatureScheme::rsa_pss_rsae_sha256 || scheme == SignatureScheme::rsa_pss_rsae_sha384;
}

bool set_padding(mbedtls_rsa_context* rsa, SignatureScheme scheme) {
#if MBEDTLS_VERSION_MAJOR >= 3
  if (!is_pss(scheme)) return mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE) == 0;
  return mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, md_type(hash_of(scheme))) == 0;
#else
  mbedtls_rsa_set_padding(rsa, is_pss(scheme) ? MBEDTLS_RSA_PKCS_V21 : MBEDTLS_RSA_PKCS_V15,
                          is_pss(scheme) ? md_type(hash_of(scheme)) : MBEDTLS_MD_NONE);
  return true;
#endif
}

/// mbedTLS's DER writers fill a buffer from its end.
template <class Write>
std::vector<std::uint8_t> written(Write write) {
  std::vector<std::uint8_t> buffer(16 * kMaxRsaBits / 8);
  const int size = write(buffer.data(), buffer.size());
  REDAN_ASSERT(size > 0);
  std::vector<std::uint8_t> der(buffer.end() - size, buffer.end());
  wipe(buffer);
  return der;
}

class EcdsaPrivateKey final : public PrivateKey {
 public:
  /// `pk` holds an EC key pair on the curve of `type`.
  EcdsaPrivateKey(Shared shared, KeyType type, std::unique_ptr<Pk> pk)
      : shared_(shared), type_(type), curve_(shared.curves.get(type)), pk_(std::move(pk)) {}

  KeyType type() const override { return type_; }

  std::vector<std::uint8_t> public_key_der() const override {
    std::array<std::uint8_t, kMaxPointSize> point{};
    std::size_t size = 0;
    REDAN_ASSERT(mbedtls_ecp_point_write_binary(curve_, &pair()->MBEDTLS_PRIVATE(Q), MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
                                                point.data(), point.size()) == 0);
    return ecdsa_public_key_der(type_, Bytes(point).first(size));
  }

  std::vector<std::uint8_t> private_key_der() const override {
    auto key = written([&](auto* out, std::size_t size) { return mbedtls_pk_write_key_der(pk_->get(), out, size); });
    auto der = PrivateKeyEncoding{false, type_, key}.write();
    wipe(key);
    return der;
  }

  Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                           std::span<std::uint8_t, kMaxSignatureSize> signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return refuse(Errc::invalid_argument);
    Mpi r, s;
    // The nonce is RFC 6979's; the random bytes only blind the computation.
    const bool signed_ =
        mbedtls_ecdsa_sign_det_ext(curve_, r.get(), s.get(), &pair()->MBEDTLS_PRIVATE(d), digest.data(), digest.size(),
                                   md_type(hash_of(scheme)), random_callback, &shared_.random) == 0;
    std::array<std::uint8_t, 48> r_bytes{}, s_bytes{};
    const std::size_t n = field_size(type_);
    if (!signed_ || mbedtls_mpi_write_binary(r.get(), r_bytes.data(), n) != 0 ||
        mbedtls_mpi_write_binary(s.get(), s_bytes.data(), n) != 0) {
      return refuse(Errc::crypto_failed);
    }
    const auto der = EcdsaSignature{Bytes(r_bytes).first(n), Bytes(s_bytes).first(n)}.write();
    std::copy(der.begin(), der.end(), signature.begin());
    return der.size();
  }

 private:
  [[nodiscard]] mbedtls_ecp_keypair* pair() const { return mbedtls_pk_ec(*pk_->get()); }

  Shared shared_;
  KeyType type_;
  mbedtls_ecp_group* curve_;
  std::unique_ptr<Pk> pk_;
};

class RsaPrivateKey final : public PrivateKey {
 public:
  RsaPrivateKey(Shared shared, KeyType type, std::unique_ptr<Pk> pk)
      : shared_(shared), type_(type), pk_(std::move(pk)) {}

  KeyType type() const override { return type_; }

  std::vector<std::uint8_t> public_key_der() const override {
    return written([&](auto* out, std::size_t size) { return mbedtls_pk_write_pubkey_der(pk_->get(), out, size); });
  }

  std::vector<std::uint8_t> private_key_der() const override {
    auto key = written([&](auto* out, std::size_t size) { return mbedtls_pk_write_key_der(pk_->get(), out, size); });
    auto der = PrivateKeyEncoding{true, {}, key}.write();
    wipe(key);
    return der;
  }

  Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                           std::span<std::uint8_t, kMaxSignatureSize> signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return refuse(Errc::invalid_argument);
    std::size_t size = 0;
    // With v2.1 padding, mbedTLS uses a salt as long as the digest (RFC 8446 section 4.2.3).
    if (!set_padding(mbedtls_pk_rsa(*pk_->get()), scheme) ||
        mbedtls_pk_sign(pk_->get(), md_type(hash_of(scheme)), digest.data(), digest.size(), signature.data(),
#if MBEDTLS_VERSION_MAJOR >= 3
                        signature.size(),
#endif
                        &size, random_callback, &shared_.random) != 0) {
      return refuse(Errc::crypto_failed);
    }
    return size;
  }

 private:
  Shared shared_;
  KeyType type_;
  std::unique_ptr<Pk> pk_;
};

class EcdsaPublicKey final : public PublicKey {
 public:
  EcdsaPublicKey(KeyType type, mbedtls_ecp_group* curve, std::unique_ptr<EcpPoint> point)
      : type_(type), curve_(curve), point_(std::move(point)) {}

  KeyType type() const override { return type_; }

  bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return false;
    const auto parsed = EcdsaSignature::parse(type_, signature);
    if (!parsed) return false;
    Mpi r, s;
    return mbedtls_mpi_read_binary(r.get(), parsed->r.data(), parsed->r.size()) == 0 &&
           mbedtls_mpi_read_binary(s.get(), parsed->s.data(), parsed->s.size()) == 0 &&
           mbedtls_ecdsa_verify(curve_, digest.data(), digest.size(), point_->get(), r.get(), s.get()) == 0;
  }

 private:
  KeyType type_;
  mbedtls_ecp_group* curve_;
  std::unique_ptr<EcpPoint> point_;
};

class RsaPublicKey final : public PublicKey {
 public:
  RsaPublicKey(KeyType type, std::unique_ptr<Pk> pk) : type_(type), pk_(std::move(pk)) {}

  KeyType type() const override { return type_; }

  bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return false;
    if (signature.size() != mbedtls_pk_get_len(pk_->get())) return false;
    const mbedtls_md_type_t md = md_type(hash_of(scheme));
    const mbedtls_pk_rsassa_pss_options pss{md, static_cast<int>(digest.size())};
    return mbedtls_pk_verify_ext(is_pss(scheme) ? MBEDTLS_PK_RSASSA_PSS : MBEDTLS_PK_RSA,
                                 is_pss(scheme) ? &pss : nullptr, pk_->get(), md, digest.data(), digest.size(),
                                 signature.data(), signature.size()) == 0;
  }

 private:
  KeyType type_;
  std::unique_ptr<Pk> pk_;
};

bool parse_private_key(Shared shared, Bytes pkcs8_der, mbedtls_pk_context* pk) {
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_parse_key(pk, pkcs8_der.data(), pkcs8_der.size(), nullptr, 0, random_callback, &shared.random) == 0;
#else
  static_cast<void>(shared);
  return mbedtls_pk_parse_key(pk, pkcs8_der.data(), pkcs8_der.size(), nullptr, 0) == 0;
#endif
}

bool consistent(Shared shared, const mbedtls_pk_context* pk) {
#if MBEDTLS_VERSION_MAJOR >= 3
  return mbedtls_pk_check_pair(pk, pk, random_callback, &shared.random) == 0;
#else
  static_cast<void>(shared);
  return mbedtls_pk_check_pair(pk, pk) == 0;
#endif
}

}  // namespace

std::unique_ptr<PrivateKey> make_private_key(Shared shared, KeyType type) {
  auto pk = std::make_unique<Pk>();
  const auto kind = is_ecdsa(type) ? MBEDTLS_PK_ECKEY : MBEDTLS_PK_RSA;
  REDAN_ASSERT(mbedtls_pk_setup(pk->get(), mbedtls_pk_info_from_type(kind)) == 0);
  if (is_ecdsa(type)) {
    const auto curve = type == KeyType::ecdsa_p384 ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_SECP256R1;
    REDAN_ASSERT(mbedtls_ecp_gen_key(curve, mbedtls_pk_ec(*pk->get()), random_callback, &shared.random) == 0);
    return std::make_unique<EcdsaPrivateKey>(shared, type, std::move(pk));
  }
  const unsigned bits = type == KeyType::rsa_2048 ? 2048 : 4096;
  REDAN_ASSERT(mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk->get()), random_callback, &shared.random, bits, 65'537) == 0);
  return std::make_unique<RsaPrivateKey>(shared, type, std::move(pk));
}

Result<std::unique_ptr<PrivateKey>> load_private_key(Shared shared, Bytes pkcs8_der) {
  const auto encoding = PrivateKeyEncoding::parse(pkcs8_der);
  auto pk = std::make_unique<Pk>();
  if (!encoding || !parse_private_key(shared, pkcs8_der, pk->get())) return refuse(Errc::crypto_bad_key);
  const bool is_rsa = mbedtls_pk_get_type(pk->get()) == MBEDTLS_PK_RSA;
  if (is_rsa != encoding->rsa || !consistent(shared, pk->get())) return refuse(Errc::crypto_bad_key);
  if (!is_rsa) return std::make_unique<EcdsaPrivateKey>(shared, encoding->curve, std::move(pk));

  const auto spki =
      written([&](auto* out, std::size_t size) { return mbedtls_pk_write_pubkey_der(pk->get(), out, size); });
  const auto parts = SubjectPublicKey::parse(spki);
  if (!parts) return refuse(Errc::crypto_bad_key);
  return std::make_unique<RsaPrivateKey>(shared, parts->type, std::move(pk));
}

Result<std::unique_ptr<PublicKey>> load_public_key(Shared shared, Bytes subject_public_key_info_der) {
  const auto parts = SubjectPublicKey::parse(subject_public_key_info_der);
  if (!parts) return refuse(Errc::crypto_bad_key);
  if (is_ecdsa(parts->type)) {
    mbedtls_ecp_group* const curve = shared.curves.get(parts->type);
    auto point = std::make_unique<EcpPoint>();
    if (!read_point(curve, parts->point, point->get())) return refuse(Errc::crypto_bad_key);
    return std::make_unique<EcdsaPublicKey>(parts->type, curve, std::move(point));
  }
  auto pk = std::make_unique<Pk>();
  REDAN_ASSERT(mbedtls_pk_setup(pk->get(), mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)) == 0);
  mbedtls_rsa_context* const rsa = mbedtls_pk_rsa(*pk->get());
  if (mbedtls_rsa_import_raw(rsa, parts->modulus.data(), parts->modulus.size(), nullptr, 0, nullptr, 0, nullptr, 0,
                             parts->exponent.data(), parts->exponent.size()) != 0 ||
      mbedtls_rsa_complete(rsa) != 0 || mbedtls_rsa_check_pubkey(rsa) != 0) {
    return refuse(Errc::crypto_bad_key);
  }
  return std::make_unique<RsaPublicKey>(parts->type, std::move(pk));
}

}  // namespace redan::mbedtls
