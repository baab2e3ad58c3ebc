// Spreads packets over time at the rate that congestion control asks for.
#pragma once

#include <algorithm>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// Lets bursts through, so that a whole batch of packets costs one system call and one timer: two packets, or what the
/// rate sends in kBurst if that is more. Between bursts it waits until the rate has caught up. A sender that comes late
/// or was idle gets at most one burst more for it.
class Pacer {
 public:
  static constexpr Duration kBurst = std::chrono::milliseconds(1);

  /// `rate`: bytes per second; 0: no pacing.
  [[nodiscard]] bool may_send(TimePoint now, double rate) const {
    return rate == 0 || now >= next_ || next_ < burst_end_;
  }
  void on_sent(TimePoint now, std::size_t bytes, double rate, std::size_t max_packet) {
    if (rate == 0) return;
    if (now >= next_) {
      const Duration burst = std::max(kBurst, time(2 * max_packet, rate));
      next_ = std::max(next_, now - burst);
      burst_end_ = now + burst;
    }
    next_ += time(bytes, rate);
  }
  /// When may_send() is true again.
  [[nodiscard]] TimePoint next() const { return next_; }

 private:
  [[nodiscard]] static Duration time(std::size_t bytes, double rate) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(bytes) / rate));
  }

  TimePoint next_{};  // when all that was sent has left at the rate
  TimePoint burst_end_{};
};

}  // namespace redan::sctp
