// Resetting streams, in both directions (RFC 6525 section 5).
//
// One request of ours is under way at a time. One request of the peer is remembered: a repeated one is answered again
// from memory, and one that has to wait for data is performed once that data is here.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "rtc/sctp/control/repeat_timer.hpp"
#include "rtc/sctp/packet/re_config.hpp"
#include "rtc/sctp/rx/receiver.hpp"
#include "rtc/sctp/tx/sender.hpp"

namespace redan::sctp {

/// Our reset of an outgoing stream was answered. Performed: its id is free in this direction. Otherwise the peer
/// refused it, or cannot reset streams at all, and the id must not be used again.
struct OutgoingReset {
  OutgoingStream stream;
  bool performed = false;
};
/// The peer will number this stream from 0 again. All messages before it have come out.
struct IncomingReset {
  std::optional<StreamId> stream;  ///< absent: all of its streams (RFC 6525 section 4.1)
};

class StreamReset {
 public:
  using Event = std::variant<OutgoingReset, IncomingReset>;
  static constexpr std::size_t kMaxStreamsPerRequest = 128;
  /// So many events that wait to be taken out hold up the peer's requests.
  static constexpr std::size_t kMaxEvents = 1024;

  StreamReset(Sender& sender, Receiver& receiver, Counters<Drop>& drops, ErrorCounter& errors)
      : sender_(sender), receiver_(receiver), drops_(drops), errors_(errors) {}

  /// A new association with the first TSNs of both sides. `supported`: the peer can reset streams. What was under way
  /// or to be reported is forgotten.
  void begin(Tsn local, Tsn peer, bool supported);
  void on_re_config(TimePoint now, const Chunk& chunk);
  /// Performs the peer's request that had to wait, if it need not wait any more.
  void resume();
  void run_timers(TimePoint now);
  /// Writes requests and answers that are due. `may_begin`: also a new request, for streams that are drained.
  void write(TimePoint now, bool may_begin, Writer& chunks) {
    if (!idle()) write_chunks(now, may_begin, chunks);
  }
  std::optional<Event> next_event();
  [[nodiscard]] TimePoint deadline() const { return request_ ? request_->timer.deadline() : kNever; }
  /// Gives idle memory back.
  void trim() { events_.release(); }

 private:
  struct Request {
    std::vector<OutgoingStream> streams;
    Tsn last_tsn;
    RepeatTimer timer;
  };
  struct Deferred {
    ResetSequence sequence;
    Tsn last_tsn;
    std::vector<std::uint8_t> streams;
  };

  [[nodiscard]] bool idle() const {
    return !request_ && !answer_due_ && !bad_sequence_ && !sender_.streams().has_drained();
  }
  void write_chunks(TimePoint now, bool may_begin, Writer& chunks);
  void begin_request();
  void on_response(TimePoint now, Bytes value);
  void on_outgoing_request(Bytes value);
  void on_other_request(Bytes value);
  [[nodiscard]] bool may_perform(Tsn last_tsn) const;
  bool needs_no_work(ResetSequence sequence);
  void answer(ResetSequence sequence, ResetResult result);
  void perform(Bytes streams);
  void write_request(Writer& parameters) const;

  Sender& sender_;
  Receiver& receiver_;
  Counters<Drop>& drops_;
  ErrorCounter& errors_;
  bool supported_ = false;
  ResetSequence sequence_;  // of our next request, or of the one under way
  std::optional<Request> request_;
  ResetSequence peer_sequence_;        // the last one answered, or the one before the first
  std::optional<ResetResult> result_;  // of it
  bool answer_due_ = false;
  std::optional<ResetSequence> bad_sequence_;  // of a request to be refused
  std::optional<Deferred> deferred_;
  Ring<Event> events_;
};

}  // namespace redan::sctp
