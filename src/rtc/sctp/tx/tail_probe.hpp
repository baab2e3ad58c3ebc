// The tail-loss probe (RFC 8985 section 7): a loss at the end of what was sent is found by one more packet, whose
// acknowledgement tells what is missing, and not by T3-rtx.
#pragma once

#include <variant>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

class TailProbe {
 public:
  /// What a peer may delay its SACK by (RFC 9260 section 6.2).
  static constexpr Duration kMaxSackDelay = std::chrono::milliseconds(200);
  static constexpr Duration kMin = std::chrono::milliseconds(10);

  /// Data left now, or the cumulative TSN moved. `at_once`: the peer was asked not to delay its SACK. Does nothing
  /// while a probe is under way.
  void arm(TimePoint now, Duration srtt, bool at_once) {
    if (std::holds_alternative<Sent>(state_)) return;
    state_ = Armed{now + std::max(2 * srtt, kMin) + (at_once ? Duration{} : kMaxSackDelay)};
  }
  /// Nothing is in flight, or losses are known.
  void stop() { state_ = Idle{}; }
  [[nodiscard]] TimePoint deadline() const {
    const auto* armed = std::get_if<Armed>(&state_);
    return armed == nullptr ? kNever : armed->at;
  }
  [[nodiscard]] bool due(TimePoint now) const { return now >= deadline(); }

  /// A probe leaves; `end` is the next TSN. `again`: it repeats a chunk.
  void on_sent(Tsn end, bool again) { state_ = Sent{end, again}; }
  /// Everything before `next` is acknowledged. True if the probe repaired a loss, so that congestion control has to
  /// learn of it: it repeated a chunk, and the peer had not got that before (section 7.4.2).
  bool on_ack(Tsn next, bool duplicate) {
    const auto* sent = std::get_if<Sent>(&state_);
    if (sent == nullptr || next < sent->end) return false;
    const bool repaired = sent->again && !duplicate;
    state_ = Idle{};
    return repaired;
  }

 private:
  struct Idle {};
  struct Armed {
    TimePoint at;
  };
  struct Sent {
    Tsn end;
    bool again = false;
  };
  std::variant<Idle, Armed, Sent> state_;
};

}  // namespace redan::sctp
