// Congestion control (RFC 9260 section 7.2): slow start, congestion avoidance, one reduction per round of loss.
#pragma once

#include <algorithm>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// All in bytes of user data.
class Congestion {
 public:
  explicit Congestion(std::size_t mtu) : mtu_(mtu), cwnd_(10 * mtu) {}

  [[nodiscard]] std::size_t cwnd() const { return cwnd_; }
  [[nodiscard]] bool small() const { return cwnd_ < 10 * mtu_; }
  [[nodiscard]] bool in_recovery() const { return recovering_; }

  /// `acked` bytes were newly acknowledged; `flight` is what was outstanding before. The window grows only when it was
  /// full, and only with the cumulative TSN.
  void on_ack(Tsn cumulative, bool advanced, std::size_t acked, std::size_t flight) {
    if (recovering_ && cumulative >= recovery_exit_) recovering_ = false;
    if (!advanced || recovering_ || flight + mtu_ <= cwnd_) return;
    if (cwnd_ <= ssthresh_) {
      // All that was acknowledged, as byte counting has it: one SACK may stand for a whole batch of packets.
      cwnd_ += std::min(acked, cwnd_);
      return;
    }
    partial_ += acked;
    if (partial_ < cwnd_) return;
    partial_ -= cwnd_;
    cwnd_ += mtu_;
  }
  /// Reported missing three times. True if a new recovery began; it lasts until `highest` is acknowledged.
  bool on_loss(Tsn highest) {
    if (recovering_) return false;
    recovering_ = true;
    recovery_exit_ = highest;
    reduce();
    return true;
  }
  void on_timeout() {
    recovering_ = false;
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = 4 * mtu_;
    partial_ = 0;
  }

 private:
  void reduce() {
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = ssthresh_;
    partial_ = 0;
  }

  std::size_t mtu_;
  std::size_t cwnd_;
  std::size_t ssthresh_ = std::numeric_limits<std::size_t>::max();
  std::size_t partial_ = 0;
  bool recovering_ = false;
  Tsn recovery_exit_;
};

}  // namespace redan::sctp
