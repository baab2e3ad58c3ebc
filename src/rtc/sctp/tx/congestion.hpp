// Congestion control (RFC 9260 section 7.2): slow start, congestion avoidance, one reduction per round of loss.
#pragma once

#include <algorithm>
#include <concepts>
#include <limits>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// What a SACK means to congestion control. All sizes are bytes of user data.
struct AckEvent {
  TimePoint now;
  Tsn cumulative;
  bool advanced = false;      ///< the cumulative TSN moved
  std::size_t acked = 0;      ///< newly acknowledged
  std::size_t in_flight = 0;  ///< before that
};

/// What the sender asks of a congestion controller: how much may be in flight. A pacer, which spreads that over time,
/// is asked after it, in Sender::may_transmit().
template <class C>
concept CongestionController = requires(C controller, const C& asked, const AckEvent& ack, Tsn tsn) {
  controller.on_ack(ack);
  { controller.on_loss(tsn) } -> std::same_as<bool>;
  controller.on_timeout();
  { asked.cwnd() } -> std::same_as<std::size_t>;
};

class Congestion {
 public:
  static constexpr std::size_t kInitialPackets = 10;

  explicit Congestion(std::size_t mtu) : mtu_(mtu), cwnd_(kInitialPackets * mtu) {}

  [[nodiscard]] std::size_t cwnd() const { return cwnd_; }

  /// The window grows only when it was full, and only with the cumulative TSN.
  void on_ack(const AckEvent& ack) {
    if (recovering_ && ack.cumulative >= recovery_exit_) recovering_ = false;
    if (!ack.advanced || recovering_ || ack.in_flight + mtu_ <= cwnd_) return;
    if (cwnd_ <= ssthresh_) {
      // All that was acknowledged, not one packet for each SACK: one SACK may stand for a whole batch of packets.
      cwnd_ += std::min(ack.acked, cwnd_);
      return;
    }
    partial_ += ack.acked;
    if (partial_ < cwnd_) return;
    partial_ -= cwnd_;
    cwnd_ += mtu_;
  }
  /// A chunk was reported missing often enough. True if a new recovery begins; it lasts until `highest` is
  /// acknowledged.
  bool on_loss(Tsn highest) {
    if (recovering_) return false;
    recovering_ = true;
    recovery_exit_ = highest;
    reduce();
    return true;
  }
  void on_timeout() {
    recovering_ = false;
    reduce();
    cwnd_ = 4 * mtu_;
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
  std::size_t partial_ = 0;  // acknowledged since the window last grew by a packet
  bool recovering_ = false;
  Tsn recovery_exit_;
};
static_assert(CongestionController<Congestion>);

}  // namespace redan::sctp
