// Datagrams into records and back, for both epochs: plaintext 0 and protected 1. Bad records are dropped silently and
// counted (RFC 6347 section 4.1.2.7).
#pragma once

#include <vector>

#include "base/counters.hpp"
#include "rtc/dtls/protection.hpp"
#include "rtc/dtls/replay_window.hpp"

namespace redan::dtls {

enum class Drop : std::uint8_t {
  malformed_record,    ///< header or length does not parse, or an unknown type or version
  wrong_epoch,         ///< an epoch we have no keys for
  replayed,            ///< outside the window, or seen
  bad_tag,             ///< did not authenticate
  early_data,          ///< application data before the handshake was done
  malformed_message,   ///< a handshake message, alert or extension that does not parse
  unexpected_message,  ///< a handshake message that the flight table does not allow now
  refused_message,     ///< a well-formed message in the clear that failed a check
  disagreeing_fragment,
  plaintext_alert,  ///< an alert in epoch 0: a hint, no more
  inbox_full,       ///< nobody drained the application data
  count_
};

struct Record {
  ContentType type{};
  std::uint16_t epoch = 0;
  MutableBytes fragment;  ///< plaintext, inside the datagram
};

class RecordLayer {
 public:
  /// Takes records off the front of `datagram` until one opens; nullopt when nothing is left.
  std::optional<Record> next(MutableBytes& datagram);

  void install(SealProtection write) { write_ = std::move(write); }
  void install(OpenProtection read) { read_ = std::move(read); }
  [[nodiscard]] bool can_read_epoch_1() const { return read_.has_value(); }
  [[nodiscard]] bool can_write_epoch_1() const { return write_.has_value(); }

  /// A record of epoch 1 that came before its keys (reordering); give it to next() once they are installed.
  std::vector<std::uint8_t> take_early() { return std::move(early_); }

  [[nodiscard]] std::size_t headroom(std::uint16_t epoch) const {
    return epoch == 0 ? RecordHeader::kSize : write_->headroom();
  }
  [[nodiscard]] std::size_t overhead(std::uint16_t epoch) const {
    return epoch == 0 ? RecordHeader::kSize : write_->overhead();
  }
  /// `record` holds `size` bytes of payload at headroom(epoch). The whole record; empty if it does not fit or the
  /// sequence numbers are used up.
  MutableBytes write(ContentType type, std::uint16_t epoch, MutableBytes record, std::size_t size);
  [[nodiscard]] bool exhausted() const { return write_ && write_->exhausted(); }

  void drop(Drop reason) { drops_.add(reason); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }

 private:
  std::optional<Record> open(const RecordHeader& header, MutableBytes fragment);
  void keep_early(const RecordHeader& header, Bytes whole);

  std::optional<SealProtection> write_;
  std::optional<OpenProtection> read_;
  ReplayWindow window_;
  std::uint64_t next_plaintext_sequence_ = 0;
  std::vector<std::uint8_t> early_;
  Counters<Drop> drops_;
};

}  // namespace redan::dtls
