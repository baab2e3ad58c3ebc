// Which stream sends next.
#pragma once

#include <concepts>

#include "rtc/sctp/ring.hpp"
#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// What the send queue asks of a scheduler of streams (RFC 8260 section 3). It knows the streams that have something to
/// send; the current one keeps its turn until end_turn().
template <class S>
concept StreamScheduler = requires(S scheduler, const S& asked, OutgoingStream stream) {
  scheduler.add(stream);
  scheduler.end_turn();
  scheduler.clear();
  scheduler.release();
  { asked.empty() } -> std::same_as<bool>;
  { asked.current() } -> std::same_as<OutgoingStream>;
};

/// Each stream in turn, one message at a time.
class RoundRobin {
 public:
  /// A stream that is not in the line goes to its end.
  void add(OutgoingStream stream) { line_.push_back(stream); }
  /// The current stream leaves the line; it may be added again.
  void end_turn() { line_.pop_front(); }
  [[nodiscard]] bool empty() const { return line_.empty(); }
  [[nodiscard]] OutgoingStream current() const { return line_.front(); }

  void clear() { line_.clear(); }
  /// Gives idle memory back.
  void release() { line_.release(); }

 private:
  Ring<OutgoingStream> line_;
};
static_assert(StreamScheduler<RoundRobin>);

}  // namespace redan::sctp
