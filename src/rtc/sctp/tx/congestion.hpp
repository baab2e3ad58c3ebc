// Congestion control: what the sender asks of a controller, and RFC 9260 section 7.2: slow start, congestion avoidance,
// one reduction per round of loss.
#pragma once

#include <algorithm>
#include <concepts>
#include <limits>

#include "rtc/sctp/tx/delivery_rate.hpp"

namespace redan::sctp {

/// What a SACK means to congestion control. All sizes are bytes of user data.
struct AckEvent {
  TimePoint now;
  Tsn cumulative;
  bool advanced = false;      ///< the cumulative TSN moved
  std::size_t acked = 0;      ///< newly acknowledged
  std::size_t in_flight = 0;  ///< before that
  std::size_t flight = 0;     ///< after that
  RateSample rate;
};

/// Chunks were found to be lost.
struct LossEvent {
  TimePoint now;
  Tsn highest;                   ///< the last TSN sent
  std::size_t bytes = 0;         ///< lost now
  std::uint32_t in_flight = 0;   ///< when the newest of them left, with it
  std::uint64_t lost_since = 0;  ///< since then, with it
};

/// What the sender asks of a congestion controller: how much may be in flight, and how fast it may leave. A new one is
/// made for each association.
template <class C>
concept CongestionController = requires(C controller, const C& asked, const AckEvent& ack, const LossEvent& loss) {
  controller.on_ack(ack);
  /// True if a new recovery begins.
  { controller.on_loss(loss) } -> std::same_as<bool>;
  controller.on_timeout();
  /// What the last loss or timeout did was a mistake.
  controller.on_undo();
  { asked.cwnd() } -> std::same_as<std::size_t>;
  /// Bytes per second; 0: as fast as the window allows.
  { asked.pacing_rate() } -> std::same_as<double>;
};

class Congestion {
 public:
  static constexpr std::size_t kInitialPackets = 10;

  explicit Congestion(std::size_t mtu) : mtu_(mtu), cwnd_(kInitialPackets * mtu) {}

  [[nodiscard]] std::size_t cwnd() const { return cwnd_; }
  [[nodiscard]] double pacing_rate() const { return 0; }

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
  /// The recovery lasts until all that was sent by now is acknowledged.
  bool on_loss(const LossEvent& loss) {
    if (recovering_) return false;
    recovering_ = true;
    recovery_exit_ = loss.highest;
    reduce();
    return true;
  }
  void on_timeout() {
    recovering_ = false;
    reduce();
    cwnd_ = 4 * mtu_;
  }
  void on_undo() {
    recovering_ = false;
    cwnd_ = std::max(cwnd_, before_.cwnd);
    ssthresh_ = std::max(ssthresh_, before_.ssthresh);
  }

 private:
  struct Window {
    std::size_t cwnd = 0;
    std::size_t ssthresh = 0;
  };

  void reduce() {
    before_ = {cwnd_, ssthresh_};
    ssthresh_ = std::max(cwnd_ / 2, 4 * mtu_);
    cwnd_ = ssthresh_;
    partial_ = 0;
  }

  std::size_t mtu_;
  std::size_t cwnd_;
  std::size_t ssthresh_ = std::numeric_limits<std::size_t>::max();
  Window before_;            // the last reduction
  std::size_t partial_ = 0;  // acknowledged since the window last grew by a packet
  bool recovering_ = false;
  Tsn recovery_exit_;
};
static_assert(CongestionController<Congestion>);

}  // namespace redan::sctp
