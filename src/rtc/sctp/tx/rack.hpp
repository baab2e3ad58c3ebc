// Loss detection by time (RFC 8985, RACK, adapted to TSNs): a chunk is lost once something sent after it has arrived
// and a round trip and a reordering window have passed since it left.
#pragma once

#include <algorithm>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

class Rack {
 public:
  /// RFC 9260 section 7.2.4; RFC 8985 section 6.2, step 4: before reordering was seen, this many chunks reported beyond
  /// a hole make it a loss at once.
  static constexpr std::size_t kDupThresh = 3;
  /// What was sent again goes once more no sooner, so that SACKs cannot draw one retransmission after the other.
  static constexpr Duration kMinInterval = std::chrono::milliseconds(10);
  /// RFC 8985 section 6.2, step 4: the window's largest multiple, and for how many recoveries it is kept.
  static constexpr unsigned kMaxMultiple = 16;
  static constexpr unsigned kKeptRecoveries = 16;

  /// One transmission of a chunk. `order` counts all transmissions.
  struct Sent {
    TimePoint at;
    std::uint64_t order = 0;
    Tsn tsn;
    bool again = false;  ///< not for the first time
  };

  /// The chunk arrived; this was its last transmission. False: the acknowledgement came sooner than a round trip after
  /// it, so an earlier transmission arrived and this one was not needed.
  bool on_delivered(const Sent& sent, TimePoint now) {
    const Duration rtt = now - sent.at;
    if (sent.again && rtt < min_rtt_) return false;
    if (!sent.again) on_first_delivery(sent.tsn, rtt, now);
    if (sent.order > newest_) {
      newest_ = sent.order;
      rtt_ = rtt;
    }
    return true;
  }
  /// A retransmission was not needed: the window was too small. Counts once a round trip.
  void on_spurious(TimePoint now) {
    if (now < widened_ + rtt_) return;
    reordering_seen_ = true;
    widened_ = now;
    multiple_ = std::min(multiple_ + 1, kMaxMultiple);
    recoveries_left_ = kKeptRecoveries;
  }
  void on_recovery_end() {
    if (recoveries_left_ != 0 && --recoveries_left_ == 0) multiple_ = 1;
  }

  /// Something sent later has arrived.
  [[nodiscard]] bool passed(std::uint64_t order) const { return order < newest_; }
  /// When a chunk that was passed counts as lost. `at_once`: in recovery, or with kDupThresh chunks beyond the hole.
  [[nodiscard]] TimePoint lost_at(const Sent& sent, bool at_once, Duration srtt) const {
    const Duration delay = rtt_ + window(at_once, srtt);
    return sent.at + (sent.again ? std::max(delay, kMinInterval) : delay);
  }
  [[nodiscard]] Duration window(bool at_once, Duration srtt) const {
    if (!reordering_seen_) return at_once ? Duration{} : min_rtt_ / 4;
    return std::min(multiple_ * min_rtt_ / 4, srtt);
  }
  [[nodiscard]] bool reordering_seen() const { return reordering_seen_; }

 private:
  // RFC 8985 section 6.2, step 1: the minimum of some minutes.
  static constexpr Duration kMinRttWindow = std::chrono::minutes(2);

  void on_first_delivery(Tsn tsn, Duration rtt, TimePoint now) {
    if (rtt <= min_rtt_ || min_rtt_ == Duration{} || now >= min_rtt_since_ + kMinRttWindow) {
      min_rtt_ = rtt;
      min_rtt_since_ = now;
    }
    if (any_ && tsn < highest_) {
      reordering_seen_ = true;
    } else {
      highest_ = tsn;
      any_ = true;
    }
  }

  std::uint64_t newest_ = 0;  // order of the last transmission that arrived
  Duration rtt_{};            // of it
  Duration min_rtt_{};
  TimePoint min_rtt_since_{};
  Tsn highest_;  // that arrived when sent once
  bool any_ = false;
  bool reordering_seen_ = false;
  unsigned multiple_ = 1;
  unsigned recoveries_left_ = 0;
  TimePoint widened_ = TimePoint::min();
};

}  // namespace redan::sctp
