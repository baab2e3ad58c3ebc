// From DATA chunks to messages.
//
// Without interleaving the fragments of a message have consecutive TSNs, and TSN order implies SSN order within a
// stream. So a chunk at the cumulative TSN always continues the one message under assembly or begins the next, whatever
// its stream; it is copied once, to where the message will be read. Chunks ahead of a hole are kept by TSN; a message
// that is complete there is delivered as soon as it is unordered or its stream waits for its SSN.
#pragma once

#include <map>
#include <optional>

#include "rtc/sctp/packet/forward_tsn.hpp"
#include "rtc/sctp/ring.hpp"
#include "rtc/sctp/rx/expected_ssns.hpp"
#include "rtc/sctp/rx/message_buffer.hpp"
#include "rtc/sctp/rx/segments.hpp"

namespace redan::sctp {

struct ReceivedMessage {
  StreamId stream;
  Ppid ppid;
  Bytes payload;
};

class Reassembly {
 public:
  enum class Verdict : std::uint8_t { kept, bad_fragment, too_large };
  static constexpr std::size_t kNoLimit = SIZE_MAX;

  /// The window is never smaller than the largest message.
  Reassembly(std::size_t window, std::size_t max_message);

  /// `data.tsn` is the one after the cumulative TSN, which is `cumulative` now. Takes what was kept up to there, too.
  Verdict on_next(const Data& data, Tsn cumulative);
  /// `data.tsn` lies ahead of a hole.
  void on_ahead(const Data& data);
  /// Whether a chunk ahead of a hole finds room.
  [[nodiscard]] bool has_room_ahead(std::size_t size) const;
  /// Whether one at the cumulative TSN does. It is refused for the limit only if it leaves its message unfinished.
  [[nodiscard]] bool has_room_next(const Data& data) const;
  /// What may be held, bytes, that does not come out with the next calls of next(): as much in all, and as much again
  /// in the message under assembly. It takes nothing back. kNoLimit: the window alone counts.
  void set_limit(std::size_t bytes);
  [[nodiscard]] bool is_limited() const { return limit_ != kNoLimit; }
  [[nodiscard]] bool is_over_limit() const { return held() > limit_; }
  /// FORWARD TSN; `cumulative` is what the cumulative TSN became. Messages that are complete were not abandoned and
  /// come out; the rest of what was skipped is forgotten.
  Verdict forward(const ForwardTsn& forward, Tsn cumulative);
  /// The peer numbers this stream from 0 again.
  void reset_stream(StreamId stream) { expected_.reset(stream); }
  void reset_all_streams() { expected_.clear(); }

  /// The next complete message. Its payload lives until the next call on the object.
  std::optional<ReceivedMessage> next();
  [[nodiscard]] bool has_message() const { return messages_.size() > (front_lent_ ? 1U : 0U); }
  /// The window left, bytes.
  [[nodiscard]] std::uint32_t a_rwnd() const;
  /// Memory held for the peer, bytes: all of it, in use or not.
  [[nodiscard]] std::size_t held() const;
  /// Gives back the memory that nothing is in.
  void trim();
  /// Forgets all that came, and gives all memory back. The limit stays.
  void clear();

 private:
  struct Complete {
    StreamId stream;
    Ppid ppid;
    std::uint32_t size = 0;
    bool from_ahead = false;
  };
  using Position = Segments::Position;

  [[nodiscard]] std::size_t in_use() const;
  void pop_lent();
  bool accepts(const FragmentHead& head, std::size_t size);
  void finish_message(const FragmentHead& head);
  void feed(const Data& data);
  void feed(Position position);
  void take_up_to(Tsn cumulative);
  void drop(Position position);
  void deliver_ahead(Position position);
  void deliver_waiting(StreamId stream);
  void expect(StreamId stream, Ssn ssn);
  [[nodiscard]] Verdict verdict();
  [[nodiscard]] static std::uint32_t turn(StreamId stream, Ssn ssn) {
    return std::uint32_t{stream.value} << 16U | ssn.value;
  }

  std::size_t window_;
  std::size_t max_message_;
  std::size_t limit_ = kNoLimit;
  MessageBuffer in_order_;
  MessageBuffer ahead_;
  Ring<Complete> messages_;
  bool front_lent_ = false;  // next() gave the front message out; it goes with the next call
  bool too_large_ = false;
  bool bad_fragment_ = false;
  std::optional<FragmentHead> assembling_;  // the message in in_order_ that is not finished
  Segments segments_;
  std::map<std::uint32_t, Tsn> waiting_;  // whole ordered segments whose turn has not come, by stream and SSN
  ExpectedSsns expected_;
};

}  // namespace redan::sctp
