// CUBIC (RFC 9438): after a loss the window grows with the cube of the time since, towards the size at which the loss
// was and then beyond it; never slower than RFC 9260 would.
#pragma once

#include <cmath>

#include "rtc/sctp/tx/congestion.hpp"

namespace redan::sctp {

class Cubic {
 public:
  /// RFC 9438 sections 4.1 and 4.6.
  static constexpr double kC = 0.4;
  static constexpr double kBeta = 0.7;

  explicit Cubic(std::size_t mtu) : mtu_(static_cast<double>(mtu)), cwnd_(Congestion::kInitialPackets * mtu_) {}

  [[nodiscard]] std::size_t cwnd() const { return static_cast<std::size_t>(cwnd_); }
  [[nodiscard]] double pacing_rate() const { return 0; }

  void on_ack(const AckEvent& ack) {
    if (ack.rate.valid()) rtt_ = ack.rate.rtt;
    if (recovering_ && ack.cumulative >= recovery_exit_) recovering_ = false;
    const bool full = static_cast<double>(ack.in_flight) + mtu_ > cwnd_;
    if (!full) epoch_ = kNever;  // time without a full window does not count (section 4.2)
    if (!ack.advanced || recovering_ || !full) return;
    const auto acked = static_cast<double>(ack.acked);
    if (cwnd_ < ssthresh_) {
      cwnd_ += std::min(acked, cwnd_);
    } else {
      avoid_congestion(ack.now, acked);
    }
  }
  bool on_loss(const LossEvent& loss) {
    if (recovering_) return false;
    recovering_ = true;
    recovery_exit_ = loss.highest;
    reduce();
    cwnd_ = ssthresh_;
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
    w_max_ = before_.w_max;
    epoch_ = kNever;
  }

 private:
  struct Window {
    double cwnd = 0, ssthresh = 0, w_max = 0;
  };

  void reduce() {
    before_ = {cwnd_, ssthresh_, w_max_};
    // Fast convergence (section 4.7): a flow whose window shrinks leaves room for others.
    w_max_ = cwnd_ < w_max_ ? cwnd_ * (1 + kBeta) / 2 : cwnd_;
    ssthresh_ = std::max(cwnd_ * kBeta, 4 * mtu_);
    epoch_ = kNever;
  }
  void begin_epoch(TimePoint now) {
    epoch_ = now;
    w_est_ = cwnd_;
    k_ = cwnd_ < w_max_ ? std::cbrt((w_max_ - cwnd_) / mtu_ / kC) : 0;
    if (cwnd_ > w_max_) w_max_ = cwnd_;
  }
  // Sections 4.2 to 4.5.
  void avoid_congestion(TimePoint now, double acked) {
    if (epoch_ == kNever) begin_epoch(now);
    const double t = std::chrono::duration<double>(now - epoch_ + rtt_).count() - k_;
    const double target = std::clamp(w_max_ + kC * t * t * t * mtu_, cwnd_, 1.5 * cwnd_);
    const double alpha = w_est_ >= w_max_ ? 1 : 3 * (1 - kBeta) / (1 + kBeta);
    w_est_ += alpha * mtu_ * acked / cwnd_;
    cwnd_ += (target - cwnd_) * acked / cwnd_;
    cwnd_ = std::max(cwnd_, w_est_);
  }

  double mtu_;
  double cwnd_;
  double ssthresh_ = 1e18;
  double w_max_ = 0;  // the window before the last reduction
  double w_est_ = 0;  // the window that additive increase would have
  double k_ = 0;      // seconds from the epoch until the window is w_max_ again
  TimePoint epoch_ = kNever;
  Duration rtt_{};
  Window before_;
  bool recovering_ = false;
  Tsn recovery_exit_;
};
static_assert(CongestionController<Cubic>);

}  // namespace redan::sctp
