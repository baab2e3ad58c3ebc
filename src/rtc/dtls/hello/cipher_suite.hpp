// The supported cipher suites, groups and signature schemes: ECDHE with an AEAD, nothing else (RFC 5289, RFC 7905).
#pragma once

#include <redan/crypto.hpp>

namespace redan::dtls {

enum class CertificateKind : std::uint8_t { ecdsa, rsa, any };

constexpr CertificateKind kind_of(KeyType type) {
  return type == KeyType::ecdsa_p256 || type == KeyType::ecdsa_p384 ? CertificateKind::ecdsa : CertificateKind::rsa;
}

struct CipherSuite {
  std::uint16_t id;
  std::string_view name;
  CertificateKind certificate;
  AeadAlgorithm aead;
  HashAlgorithm hash;
};

/// Best first.
inline constexpr std::array kCipherSuites{
    CipherSuite{0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", CertificateKind::ecdsa, AeadAlgorithm::aes_128_gcm,
                HashAlgorithm::sha256},
    CipherSuite{0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", CertificateKind::ecdsa, AeadAlgorithm::aes_256_gcm,
                HashAlgorithm::sha384},
    CipherSuite{0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CertificateKind::ecdsa,
                AeadAlgorithm::chacha20_poly1305, HashAlgorithm::sha256},
    CipherSuite{0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", CertificateKind::rsa, AeadAlgorithm::aes_128_gcm,
                HashAlgorithm::sha256},
    CipherSuite{0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", CertificateKind::rsa, AeadAlgorithm::aes_256_gcm,
                HashAlgorithm::sha384},
    CipherSuite{0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CertificateKind::rsa,
                AeadAlgorithm::chacha20_poly1305, HashAlgorithm::sha256},
};

/// Those of TLS 1.3 (RFC 8446 appendix B.4), best first.
inline constexpr std::array kCipherSuites13{
    CipherSuite{0x1301, "TLS_AES_128_GCM_SHA256", CertificateKind::any, AeadAlgorithm::aes_128_gcm,
                HashAlgorithm::sha256},
    CipherSuite{0x1302, "TLS_AES_256_GCM_SHA384", CertificateKind::any, AeadAlgorithm::aes_256_gcm,
                HashAlgorithm::sha384},
    CipherSuite{0x1303, "TLS_CHACHA20_POLY1305_SHA256", CertificateKind::any, AeadAlgorithm::chacha20_poly1305,
                HashAlgorithm::sha256},
};

constexpr const CipherSuite* find_suite(std::span<const CipherSuite> suites, std::uint16_t id) {
  for (const CipherSuite& suite : suites) {
    if (suite.id == id) return &suite;
  }
  return nullptr;
}
constexpr const CipherSuite* find_suite(std::uint16_t id) { return find_suite(kCipherSuites, id); }

/// Best first. DTLS 1.2 leaves x25519_mlkem768 out.
inline constexpr std::array kGroups{Group::x25519_mlkem768, Group::x25519, Group::secp256r1, Group::secp384r1};
constexpr bool serves_dtls12(Group group) { return group != Group::x25519_mlkem768; }
inline constexpr std::array kSignatureSchemes{
    SignatureScheme::ecdsa_secp256r1_sha256, SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::rsa_pss_rsae_sha256,    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,    SignatureScheme::rsa_pkcs1_sha384};

/// Of CertificateVerify in TLS 1.3, where an ECDSA scheme names the curve, too (RFC 8446 section 4.2.3).
inline constexpr std::array kSignatureSchemes13{
    SignatureScheme::ecdsa_secp256r1_sha256, SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::rsa_pss_rsae_sha256, SignatureScheme::rsa_pss_rsae_sha384};
constexpr bool fits13(KeyType type, SignatureScheme scheme) {
  if (type == KeyType::ecdsa_p256) return scheme == SignatureScheme::ecdsa_secp256r1_sha256;
  if (type == KeyType::ecdsa_p384) return scheme == SignatureScheme::ecdsa_secp384r1_sha384;
  return scheme == SignatureScheme::rsa_pss_rsae_sha256 || scheme == SignatureScheme::rsa_pss_rsae_sha384;
}

std::string_view name_of(Group group);
std::string_view name_of(SignatureScheme scheme);

}  // namespace redan::dtls
