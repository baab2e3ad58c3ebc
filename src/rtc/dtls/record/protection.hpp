// AEAD record protection: GenericAEADCipher of RFC 5246 section 6.2.3.3 with the nonces of RFC 5288 (AES-GCM) and RFC
// 7905 (ChaCha20-Poly1305), and how long one key may be used.
#pragma once

#include "crypto/nonce.hpp"
#include "rtc/dtls/record/record_header.hpp"
#include "rtc/dtls/record/replay_window.hpp"

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

/// How long one key may be used; DTLS 1.2 cannot change it.
struct AeadLimits {
  /// Blocks of 16 bytes sealed. RFC 9147 section 4.5.3 allows AES-GCM 2^24.5 records of 2^14 bytes, that is 2^34.5
  /// blocks. Our records are smaller, so blocks are counted. ChaCha20-Poly1305 has no such limit.
  std::uint64_t blocks = 0;
  /// Records that did not authenticate.
  std::uint64_t forgeries = 0;
};
constexpr AeadLimits limits_of(AeadAlgorithm algorithm) {
  constexpr std::uint64_t kForgeries = 1ULL << 36U;
  constexpr std::uint64_t kGcmBlocks = 24'296'004'000;
  return algorithm == AeadAlgorithm::chacha20_poly1305 ? AeadLimits{~0ULL, kForgeries}
                                                       : AeadLimits{kGcmBlocks, kForgeries};
}

/// Seals the records that we send in one epoch.
class SealProtection {
 public:
  SealProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv, Epoch epoch);

  /// Bytes of a record before its payload.
  [[nodiscard]] std::size_t headroom() const { return RecordHeader::kSize + explicit_size_; }
  [[nodiscard]] std::size_t overhead() const { return headroom() + kAeadTagSize; }
  void limit_blocks(std::uint64_t blocks) { blocks_left_ = blocks; }
  /// The key or its sequence numbers are used up: nothing more can be sealed but alerts.
  [[nodiscard]] bool exhausted() const { return nonces_.exhausted() || blocks_left_ == 0; }
  /// `record` holds `size` bytes of payload at headroom(), and room for overhead() around it. Returns the whole record;
  /// empty if the sequence numbers are used up, or for application data the key, or if `record` is too small.
  MutableBytes seal(ContentType type, MutableBytes record, std::size_t size);

 private:
  std::unique_ptr<Aead> aead_;
  NonceSequence nonces_;
  std::size_t explicit_size_;
  std::uint64_t blocks_left_;
};

/// Opens the records of the peer in one epoch.
class OpenProtection {
 public:
  OpenProtection(Provider& provider, AeadAlgorithm algorithm, Bytes key, Bytes fixed_iv);

  /// Decrypts in place; the plaintext inside `fragment`, or nullopt.
  [[nodiscard]] std::optional<MutableBytes> open(const RecordHeader& header, MutableBytes fragment);
  [[nodiscard]] bool replayed(const RecordHeader& header) const { return window_.replayed(header.sequence); }
  void limit_forgeries(std::uint64_t forgeries) { forgeries_left_ = forgeries; }
  /// Too many records did not authenticate.
  [[nodiscard]] bool exhausted() const { return forgeries_left_ == 0; }

 private:
  std::optional<MutableBytes> decrypt(const RecordHeader& header, MutableBytes fragment);

  std::unique_ptr<Aead> aead_;
  NonceBase base_;
  std::size_t explicit_size_;
  ReplayWindow window_;
  std::uint64_t forgeries_left_;
};

}  // namespace redan::dtls
