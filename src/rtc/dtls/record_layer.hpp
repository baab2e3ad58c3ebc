// Datagrams into records, for both epochs: plaintext 0 and protected 1. Bad records are dropped silently and counted
// (RFC 6347 section 4.1.2.7).
#pragma once

#include <vector>

#include "base/counters.hpp"
#include "rtc/dtls/protection.hpp"

namespace redan::dtls {

enum class Drop : std::uint8_t {
  malformed_record,    ///< header or length does not parse, or an unknown type or version
  wrong_epoch,         ///< an epoch we have no keys for
  replayed,            ///< outside the window, or seen
  bad_tag,             ///< did not authenticate
  early_data,          ///< application data in the clear, or more than is kept before the handshake is done
  malformed_message,   ///< a handshake message, alert or extension that does not parse
  unexpected_message,  ///< a handshake message that the flight table does not allow now
  refused_message,     ///< a well-formed message in the clear that failed a check
  disagreeing_fragment,
  plaintext_alert,  ///< an alert in epoch 0: a hint, no more
  over_budget,      ///< an unproven peer asks for more answers, work or room than there is
  inbox_full,       ///< nobody drained the application data
  count_
};

/// A record as it came, protected or not.
struct Record {
  RecordHeader header;
  MutableBytes whole;
  [[nodiscard]] MutableBytes fragment() const { return whole.subspan(RecordHeader::kSize); }
};

/// The records of epoch 1 that came before they could be read: the last few.
class EarlyRecords {
 public:
  static constexpr std::size_t kMaxRecords = 4;
  static constexpr std::size_t kMaxBytes = 4096;

  /// Returns how many older ones had to give way.
  std::size_t keep(Bytes record);
  std::vector<std::vector<std::uint8_t>> take() { return std::exchange(records_, {}); }
  [[nodiscard]] bool empty() const { return records_.empty(); }

 private:
  [[nodiscard]] std::size_t bytes() const;

  std::vector<std::vector<std::uint8_t>> records_;
};

class RecordLayer {
 public:
  /// Takes the next acceptable record off the front of `datagram`; nullopt when nothing is left.
  std::optional<Record> next(MutableBytes& datagram);

  /// `record` holds `size` bytes of payload behind the header. The whole record of epoch 0; empty if it does not fit or
  /// the sequence numbers are used up.
  MutableBytes write_plain(ContentType type, MutableBytes record, std::size_t size);

  void drop(Drop reason) { drops_.add(reason); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }

 private:
  std::uint64_t next_plaintext_sequence_ = 0;
  Counters<Drop> drops_;
};

}  // namespace redan::dtls
