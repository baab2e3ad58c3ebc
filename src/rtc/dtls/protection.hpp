// AEAD record protection: GenericAEADCipher of RFC 5246 section 6.2.3.3 with the nonces of RFC 5288 (AES-GCM) and RFC
// 7905 (ChaCha20-Poly1305).
#pragma once

#include "crypto/nonce.hpp"
#include "rtc/dtls/cipher_suite.hpp"
#include "rtc/dtls/record.hpp"

namespace redan::dtls {

/// The implicit part of the nonce, from the key block: 4 bytes for GCM, 12 for ChaCha20-Poly1305.
constexpr std::size_t fixed_iv_size(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::chacha20_poly1305 ? 12 : 4;
}
/// nonce_explicit on the wire.
constexpr std::size_t explicit_nonce_size(AeadAlgorithm algorithm) {
  return algorithm == AeadAlgorithm::chacha20_poly1305 ? 0 : 8;
}
/// The most a protected record adds to its payload: header, explicit nonce, tag.
inline constexpr std::size_t kMaxRecordOverhead = RecordHeader::kSize + 8 + kAeadTagSize;

/// Our write state of one epoch.
class SealProtection {
 public:
  SealProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv, std::uint16_t epoch);

  /// Bytes of a record before its payload.
  [[nodiscard]] std::size_t headroom() const { return RecordHeader::kSize + explicit_size_; }
  [[nodiscard]] std::size_t overhead() const { return headroom() + kAeadTagSize; }
  [[nodiscard]] bool exhausted() const { return nonces_.exhausted(); }
  /// `record` holds `size` bytes of payload at headroom(), and room for overhead() around it. Returns the whole record;
  /// empty if the sequence numbers are used up or `record` is too small.
  MutableBytes seal(ContentType type, MutableBytes record, std::size_t size);

 private:
  std::unique_ptr<Aead> aead_;
  NonceSequence nonces_;
  std::size_t explicit_size_;
};

/// The peer's write state of one epoch.
class OpenProtection {
 public:
  OpenProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv);

  /// Decrypts in place; the plaintext inside `fragment`, or nullopt.
  [[nodiscard]] std::optional<MutableBytes> open(const RecordHeader& header, MutableBytes fragment);

 private:
  std::unique_ptr<Aead> aead_;
  NonceBase base_;
  std::size_t explicit_size_;
};

}  // namespace redan::dtls
