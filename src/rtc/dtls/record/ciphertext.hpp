// Record protection of DTLS 1.3: DTLSCiphertext of RFC 9147 section 4, with encrypted record numbers (section 4.2.3),
// and how long one key may be used (section 4.5.3).
#pragma once

#include <redan/crypto.hpp>

#include "rtc/dtls/record/protection.hpp"
#include "rtc/dtls/record/unified_header.hpp"

namespace redan::dtls {

/// What one traffic secret gives (RFC 8446 section 7.3, RFC 9147 section 4.2.3).
struct TrafficKeys {
  AeadAlgorithm algorithm{};
  Secret<32> key;
  Secret<kAeadNonceSize> iv;
  Secret<32> record_number_key;
};

/// Seals the records that we send in one epoch.
class CiphertextSeal {
 public:
  /// Record numbers below `first` are never used.
  CiphertextSeal(Provider& provider, const TrafficKeys& keys, std::uint64_t epoch, std::uint64_t first = 0);

  /// Bytes of a record before its payload.
  static constexpr std::size_t kHeadroom = UnifiedHeader::kSize;
  /// Header, content type and tag.
  static constexpr std::size_t kOverhead = kHeadroom + 1 + kAeadTagSize;

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  void limit_blocks(std::uint64_t blocks) { blocks_ = blocks_left_ = blocks; }
  /// The key or its sequence numbers are used up: nothing more can be sealed but alerts.
  [[nodiscard]] bool exhausted() const { return nonces_.exhausted() || blocks_left_ == 0; }
  /// Half of the key is used up: it is time for a KeyUpdate.
  [[nodiscard]] bool worn() const { return blocks_left_ <= blocks_ / 2 || nonces_.remaining() <= nonces_.peek(); }
  /// The number of the next record.
  [[nodiscard]] RecordNumber next() const { return {epoch_, nonces_.peek()}; }
  /// `record` holds `size` bytes of payload at kHeadroom, and room for kOverhead around it. Returns the whole record;
  /// empty if the sequence numbers are used up, or for application data the key, or if `record` is too small.
  MutableBytes seal(ContentType type, MutableBytes record, std::size_t size);

 private:
  std::unique_ptr<Aead> aead_;
  std::unique_ptr<RecordNumberCipher> mask_;
  NonceSequence nonces_;
  std::uint64_t epoch_;
  std::uint64_t blocks_;
  std::uint64_t blocks_left_;
};

struct OpenedCiphertext {
  std::size_t key = 0;  ///< the index of the key that it was sealed with
  RecordNumber number;
  /// Not one of ContentType's values if the sender broke the rules; 0 if the record has no content type at all.
  ContentType type{};
  MutableBytes text;
};

/// Opens the records of the peer in one epoch.
class CiphertextOpen {
 public:
  enum class Verdict : std::uint8_t { opened, replayed, failed };

  CiphertextOpen(Provider& provider, const TrafficKeys& keys, std::uint64_t epoch);

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  /// Whether a record with these bits may be of this epoch.
  [[nodiscard]] bool fits(const UnifiedHeader& header) const { return header.epoch_bits == (epoch_ & 3U); }
  /// Decrypts `record`, header included, in place.
  Verdict open(const UnifiedHeader& header, MutableBytes record, OpenedCiphertext& opened);
  void limit_forgeries(std::uint64_t forgeries) { forgeries_left_ = forgeries; }
  /// Too many records did not authenticate.
  [[nodiscard]] bool exhausted() const { return forgeries_left_ == 0; }
  /// Some record was opened.
  [[nodiscard]] bool used() const { return window_.end() != 0; }

 private:
  std::unique_ptr<Aead> aead_;
  std::unique_ptr<RecordNumberCipher> mask_;
  NonceBase base_;
  std::uint64_t epoch_;
  ReplayWindow window_;
  std::uint64_t forgeries_left_;
};

}  // namespace redan::dtls
