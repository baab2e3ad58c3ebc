// Cuts datagrams into records, opens protected records and writes plaintext ones. Bad records are dropped silently and
// counted (RFC 6347 section 4.1.2.7).
#pragma once

#include "base/counters.hpp"
#include "rtc/dtls/record/ciphertext.hpp"
#include "rtc/dtls/record/drop.hpp"
#include "rtc/dtls/record/protection.hpp"

namespace redan::dtls {

/// A received record, protected or not.
struct Record {
  RecordHeader header;
  MutableBytes whole;
  /// Of a protected record of DTLS 1.3; `header` means nothing then.
  std::optional<UnifiedHeader> unified{};
  [[nodiscard]] MutableBytes fragment() const { return whole.subspan(RecordHeader::kSize); }
};

struct OpenedRecord {
  std::size_t key = 0;  ///< the index of the key that it was sealed with
  MutableBytes text;
};

class RecordLayer {
 public:
  /// Removes the next acceptable record from the front of `datagram`; nullopt when nothing is left.
  std::optional<Record> next(MutableBytes& datagram);

  /// Decrypts the record in place under the first of `keys` that authenticates it, and drops it if there is none. Null
  /// keys are left out.
  std::optional<OpenedRecord> open(const Record& record, std::span<OpenProtection* const> keys);

  /// The same for a record of DTLS 1.3. Keys of another epoch are left out, too.
  std::optional<OpenedCiphertext> open(const Record& record, std::span<CiphertextOpen* const> keys);

  /// The number of the next plaintext record.
  [[nodiscard]] RecordNumber next_plaintext() const { return {0, next_plaintext_sequence_}; }
  /// `record` holds `size` bytes of payload behind the header. Returns the whole plaintext record; empty if it does not
  /// fit or the sequence numbers are used up.
  MutableBytes write_plain(ContentType type, MutableBytes record, std::size_t size);

  void drop(Drop reason) { drops_.add(reason); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }

 private:
  std::optional<Record> next_unified(MutableBytes& datagram);

  std::uint64_t next_plaintext_sequence_ = 0;
  Counters<Drop> drops_;
};

}  // namespace redan::dtls
