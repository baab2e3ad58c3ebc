// The encodings of keys and signatures, shared by both backends so that they refuse the same inputs:
// SubjectPublicKeyInfo (RFC 5280, RFC 3279, RFC 5480), PKCS#8 PrivateKeyInfo (RFC 5208) and Ecdsa-Sig-Value (RFC 3279
// section 2.2.3).
#pragma once

#include <redan/crypto.hpp>

#include "crypto/der.hpp"

namespace redan {

/// Bytes of a coordinate or scalar.
constexpr std::size_t field_size(KeyType type) { return type == KeyType::ecdsa_p384 ? 48 : 32; }
constexpr bool is_ecdsa(KeyType type) { return type == KeyType::ecdsa_p256 || type == KeyType::ecdsa_p384; }
constexpr std::size_t kMinRsaBits = 2048;
constexpr std::size_t kMaxRsaBits = 4096;
/// An RSA key between the two named sizes has the type of the smaller one.
constexpr KeyType rsa_type(std::size_t bits) { return bits < kMaxRsaBits ? KeyType::rsa_2048 : KeyType::rsa_4096; }

/// The parts of a public key, borrowed from its DER. The backend checks whether the point is on the curve.
struct SubjectPublicKey {
  KeyType type{};
  Bytes point;     ///< ECDSA: uncompressed
  Bytes modulus;   ///< RSA: 2,048 to 4,096 bits, odd, without leading zeros
  Bytes exponent;  ///< RSA: odd, 65,537 to 2^32 - 1

  /// nullopt unless P-256 or P-384 by name with an uncompressed point, or RSA within the limits above; strict DER.
  static std::optional<SubjectPublicKey> parse(Bytes subject_public_key_info_der);
};

/// SubjectPublicKeyInfo of an uncompressed point.
der::Der ecdsa_public_key_der(KeyType type, Bytes point);
/// SubjectPublicKeyInfo of an RSA key; big-endian magnitudes.
der::Der rsa_public_key_der(Bytes modulus, Bytes exponent);

/// A private key as PKCS#8 carries it, borrowed from its DER.
struct PrivateKeyEncoding {
  bool rsa = false;
  KeyType curve{};  ///< unless rsa
  Bytes key;        ///< RSAPrivateKey (RFC 8017) or ECPrivateKey (RFC 5915)

  /// nullopt unless PKCS#8 of RSA, P-256 or P-384; strict DER in the outer layer.
  static std::optional<PrivateKeyEncoding> parse(Bytes pkcs8_der);
  [[nodiscard]] der::Der write() const;
};

/// An ECDSA signature, borrowed from its DER. Magnitudes without leading zeros.
struct EcdsaSignature {
  Bytes r;
  Bytes s;

  /// nullopt unless strict DER with r and s positive and no longer than the curve's order.
  static std::optional<EcdsaSignature> parse(KeyType type, Bytes signature);
  [[nodiscard]] der::Der write() const;
};

}  // namespace redan
