#include "crypto/key_encoding.hpp"

namespace redan {
namespace {

constexpr std::uint8_t kEcPublicKey[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};      // 1.2.840.10045.2.1
constexpr std::uint8_t kSecp256r1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};  // 1.2.840.10045.3.1.7
constexpr std::uint8_t kSecp384r1[] = {0x2b, 0x81, 0x04, 0x00, 0x22};                    // 1.3.132.0.34
constexpr std::uint8_t kRsaEncryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                           0x0d, 0x01, 0x01, 0x01};  // 1.2.840.113549.1.1.1

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

Bytes curve_identifier(KeyType type) { return type == KeyType::ecdsa_p256 ? Bytes(kSecp256r1) : Bytes(kSecp384r1); }

struct KeyAlgorithm {
  bool rsa = false;
  KeyType curve{};
};

// AlgorithmIdentifier  ::=  SEQUENCE  { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
std::optional<KeyAlgorithm> read_algorithm(Reader& reader) {
  Reader fields = der::enter(reader, der::kSequence);
  const Bytes algorithm = der::expect(fields, der::kObjectIdentifier);
  if (same(algorithm, kRsaEncryption)) {
    const Bytes null = der::expect(fields, der::kNull);  // RFC 3279 section 2.3.1: MUST be NULL
    return fields.done() && null.empty() ? std::optional(KeyAlgorithm{true, {}}) : std::nullopt;
  }
  if (!same(algorithm, kEcPublicKey)) return std::nullopt;
  const Bytes curve = der::expect(fields, der::kObjectIdentifier);  // RFC 5480 section 2.1.1: MUST be namedCurve
  if (!fields.done()) return std::nullopt;
  if (same(curve, kSecp256r1)) return KeyAlgorithm{false, KeyType::ecdsa_p256};
  if (same(curve, kSecp384r1)) return KeyAlgorithm{false, KeyType::ecdsa_p384};
  return std::nullopt;
}

der::Der algorithm_der(const KeyAlgorithm& algorithm) {
  if (algorithm.rsa) {
    return der::element(der::kSequence,
                        {der::element(der::kObjectIdentifier, {kRsaEncryption}), der::element(der::kNull, {})});
  }
  return der::element(der::kSequence, {der::element(der::kObjectIdentifier, {kEcPublicKey}),
                                       der::element(der::kObjectIdentifier, {curve_identifier(algorithm.curve)})});
}

std::size_t bit_length(Bytes magnitude) {
  std::size_t bits = 8 * magnitude.size();
  for (std::uint8_t top = magnitude[0]; (top & 0x80U) == 0; top = static_cast<std::uint8_t>(top << 1U)) --bits;
  return bits;
}

bool acceptable_exponent(Bytes exponent) {
  if (exponent.size() > 4 || exponent.size() < 3) return false;
  std::uint32_t value = 0;
  for (const std::uint8_t byte : exponent) value = value << 8U | byte;
  return value >= 65'537 && value % 2 == 1;
}

// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
std::optional<SubjectPublicKey> read_rsa_key(Bytes key) {
  Reader outer(key);
  Reader fields = der::enter(outer, der::kSequence);
  SubjectPublicKey parsed;
  parsed.modulus = der::positive_integer(fields);
  parsed.exponent = der::positive_integer(fields);
  if (!outer.done() || !fields.done()) return std::nullopt;
  const std::size_t bits = bit_length(parsed.modulus);
  if (bits < kMinRsaBits || bits > kMaxRsaBits || parsed.modulus.back() % 2 == 0) return std::nullopt;
  if (!acceptable_exponent(parsed.exponent)) return std::nullopt;
  parsed.type = rsa_type(bits);
  return parsed;
}

}  // namespace

// SubjectPublicKeyInfo  ::=  SEQUENCE  { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
std::optional<SubjectPublicKey> SubjectPublicKey::parse(Bytes subject_public_key_info_der) {
  Reader outer(subject_public_key_info_der);
  Reader fields = der::enter(outer, der::kSequence);
  const auto algorithm = read_algorithm(fields);
  const Bytes bits = der::expect(fields, der::kBitString);
  if (!algorithm || !outer.done() || !fields.done() || bits.empty() || bits[0] != 0) return std::nullopt;
  const Bytes key = bits.subspan(1);
  if (algorithm->rsa) return read_rsa_key(key);
  if (key.size() != 1 + 2 * field_size(algorithm->curve) || key[0] != 4) return std::nullopt;
  return SubjectPublicKey{algorithm->curve, key, {}, {}};
}

der::Der ecdsa_public_key_der(KeyType type, Bytes point) {
  return der::element(der::kSequence, {algorithm_der({false, type}), der::bit_string(point)});
}

der::Der rsa_public_key_der(Bytes modulus, Bytes exponent) {
  const der::Der key = der::element(der::kSequence, {der::unsigned_integer(modulus), der::unsigned_integer(exponent)});
  return der::element(der::kSequence, {algorithm_der({true, {}}), der::bit_string(key)});
}

// PrivateKeyInfo ::= SEQUENCE { version Version (0), privateKeyAlgorithm AlgorithmIdentifier, privateKey OCTET STRING,
//                               attributes [0] IMPLICIT Attributes OPTIONAL }
std::optional<PrivateKeyEncoding> PrivateKeyEncoding::parse(Bytes pkcs8_der) {
  Reader outer(pkcs8_der);
  Reader fields = der::enter(outer, der::kSequence);
  const Bytes version = der::expect(fields, der::kInteger);
  const auto algorithm = read_algorithm(fields);
  const Bytes key = der::expect(fields, der::kOctetString);
  if (der::next_is(fields, der::context_constructed(0))) der::next(fields);
  if (!algorithm || !outer.done() || !fields.done() || version.size() != 1 || version[0] != 0) return std::nullopt;
  return PrivateKeyEncoding{algorithm->rsa, algorithm->curve, key};
}

der::Der PrivateKeyEncoding::write() const {
  static constexpr std::uint8_t kVersion[] = {0};
  der::Der octets = der::element(der::kOctetString, {key});
  der::Der out = der::element(der::kSequence, {der::unsigned_integer(kVersion), algorithm_der({rsa, curve}), octets});
  wipe(octets);
  return out;
}

// Ecdsa-Sig-Value  ::=  SEQUENCE  { r INTEGER, s INTEGER }
std::optional<EcdsaSignature> EcdsaSignature::parse(KeyType type, Bytes signature) {
  Reader outer(signature);
  Reader fields = der::enter(outer, der::kSequence);
  EcdsaSignature parsed;
  parsed.r = der::positive_integer(fields);
  parsed.s = der::positive_integer(fields);
  if (!outer.done() || !fields.done()) return std::nullopt;
  if (parsed.r.size() > field_size(type) || parsed.s.size() > field_size(type)) return std::nullopt;
  return parsed;
}

der::Der EcdsaSignature::write() const {
  return der::element(der::kSequence, {der::unsigned_integer(r), der::unsigned_integer(s)});
}

}  // namespace redan
