// When a flight is sent again, RFC 6347 section 4.2.4: doubled with each retransmission, from a start value that
// follows the round-trip time.
#pragma once

#include <algorithm>
#include <optional>
#include <redan/types.hpp>

namespace redan::dtls {

class RetransmissionTimer {
 public:
  /// Without a round-trip time: what browsers' stacks start with. RFC 6347 section 4.2.4.1 suggests 1 s and a cap of
  /// 60 s; but ICE keeps testing this path, a flight is at most a few datagrams, and a user is waiting.
  static constexpr Duration kDefaultTimeout = std::chrono::milliseconds(400);
  static constexpr Duration kMinTimeout = std::chrono::milliseconds(50);
  static constexpr Duration kMaxTimeout = std::chrono::seconds(1);
  /// A repeated flight of the peer is answered at once, but not more often than this.
  static constexpr Duration kMinInterval = std::chrono::milliseconds(20);

  /// Counts at once, for the flight that is under way.
  void set_round_trip_time(Duration rtt) {
    rtt_ = rtt;
    if (deadline_ != kNever) deadline_ = last_sent_ + timeout();
  }
  /// There is a new flight.
  void restart(TimePoint now) {
    backoffs_ = 0;
    deadline_ = now + timeout();
  }
  void flight_sent(TimePoint now) { last_sent_ = now; }
  /// Whether the flight must be retransmitted now; if so, the timer restarts.
  bool expired(TimePoint now) {
    if (deadline_ > now) return false;
    ++backoffs_;
    last_sent_ = now;
    deadline_ = now + timeout();
    return true;
  }
  /// Whether a repeated flight of the peer may be answered now.
  [[nodiscard]] bool may_answer(TimePoint now) const { return now - last_sent_ >= kMinInterval; }

  /// Twice the round-trip time, doubled with each retransmission up to kMaxTimeout, or to twice the round-trip time if
  /// that is longer.
  [[nodiscard]] Duration timeout() const {
    const Duration initial = rtt_ ? std::max(2 * *rtt_, kMinTimeout) : kDefaultTimeout;
    const Duration limit = std::max(initial, kMaxTimeout);
    Duration value = initial;
    for (int i = 0; i < backoffs_ && value < limit; ++i) value *= 2;
    return std::min(value, limit);
  }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  std::optional<Duration> rtt_;
  int backoffs_ = 0;
  TimePoint last_sent_{};
  TimePoint deadline_ = kNever;
};

}  // namespace redan::dtls
