// A controller that models the path in the manner of BBRv3 (draft-ietf-ccwg-bbr): it measures the rate at which the
// path delivers and its shortest round-trip time, sends at that rate, and keeps what is in flight near their product.
//
// Loss alone does not slow it down. Loss together with a queue, or more loss than a noisy path has, is a sign of
// congestion: it bounds what is in flight (inflight_hi, inflight_lo) and the rate (bw_lo), as the draft does for any
// loss above 2 %.
#pragma once

#include "rtc/sctp/tx/congestion.hpp"

namespace redan::sctp {

/// The largest value of the last two or three periods.
class RecentMax {
 public:
  void add(double value) { current_ = std::max(current_, value); }
  /// A period ends.
  void advance() {
    previous_ = current_;
    current_ = 0;
  }
  [[nodiscard]] double value() const { return std::max(previous_, current_); }

 private:
  double previous_ = 0;
  double current_ = 0;
};

class Bbr {
 public:
  enum class State : std::uint8_t { startup, drain, probe_down, probe_cruise, probe_refill, probe_up, probe_rtt };

  /// Draft sections 2.4 to 2.8.
  static constexpr double kStartupPacingGain = 2.77;
  static constexpr double kDrainPacingGain = 0.5;
  static constexpr double kDownPacingGain = 0.9;
  static constexpr double kUpPacingGain = 1.25;
  static constexpr double kCwndGain = 2.0;
  static constexpr double kUpCwndGain = 2.25;
  static constexpr double kProbeRttCwndGain = 0.5;
  static constexpr double kBeta = 0.7;
  static constexpr double kHeadroom = 0.15;
  static constexpr double kMargin = 0.01;
  static constexpr double kLossThresh = 0.02;
  /// So much is lost on radio links without any congestion.
  static constexpr double kNoisyLossThresh = 0.2;
  /// Rounds that a probe for more bandwidth lasts at least: two flows come to equal shares the faster, the longer it
  /// is.
  static constexpr std::uint64_t kUpRounds = 2;
  static constexpr Duration kMinRttWindow = std::chrono::seconds(10);
  static constexpr Duration kProbeRttInterval = std::chrono::seconds(5);
  static constexpr Duration kProbeRttTime = std::chrono::milliseconds(200);
  /// On a shorter path the burst of a millisecond that pacing permits is more than the window.
  static constexpr Duration kShortestPaced = std::chrono::milliseconds(1);

  explicit Bbr(std::size_t mtu);

  void on_ack(const AckEvent& ack);
  bool on_loss(const LossEvent& loss);
  void on_timeout();
  void on_undo();
  [[nodiscard]] std::size_t cwnd() const { return static_cast<std::size_t>(cwnd_); }
  [[nodiscard]] double pacing_rate() const;

  [[nodiscard]] State state() const { return state_; }
  /// Bytes per second.
  [[nodiscard]] double bandwidth() const { return std::min(max_bw_.value(), bw_lo_); }
  [[nodiscard]] Duration min_rtt() const { return min_rtt_; }

 private:
  [[nodiscard]] double bdp() const;
  [[nodiscard]] double inflight(double gain) const;
  [[nodiscard]] double inflight_with_headroom() const;
  [[nodiscard]] double pacing_gain() const;
  [[nodiscard]] bool probes_bandwidth() const { return state_ == State::probe_refill || state_ == State::probe_up; }
  [[nodiscard]] bool is_in_cycle() const { return state_ >= State::probe_down && state_ <= State::probe_up; }
  [[nodiscard]] bool is_congested(const RateSample& rate) const;
  [[nodiscard]] bool sees_queue() const;

  void update_round(const AckEvent& ack);
  void update_bandwidth(const AckEvent& ack);
  void update_aggregation(const AckEvent& ack);
  void update_lower_bounds(const AckEvent& ack);
  void update_min_rtt(const AckEvent& ack);
  void update_probe_rtt(const AckEvent& ack);
  void leave_probe_rtt(TimePoint now);
  void check_full_pipe(const AckEvent& ack);
  void update_state(const AckEvent& ack);
  void update_cycle(const AckEvent& ack);
  [[nodiscard]] bool is_time_to_probe(const AckEvent& ack) const;
  [[nodiscard]] bool is_time_to_cruise(const AckEvent& ack) const;
  [[nodiscard]] bool is_held_by_inflight_hi(const AckEvent& ack) const;
  void raise_inflight_hi(const AckEvent& ack);
  void on_too_much_inflight(double in_flight, TimePoint now);
  void start_down(TimePoint now);
  void start_refill();
  void start_up(TimePoint now);
  void update_cwnd(const AckEvent& ack);

  double mtu_;
  State state_ = State::startup;

  // The model
  RecentMax max_bw_;
  Duration min_rtt_ = kNever - TimePoint{};
  TimePoint min_rtt_at_{};
  RecentMax extra_acked_;
  static constexpr double kUnbounded = 1e18;
  double bw_lo_ = kUnbounded;
  double inflight_hi_ = kUnbounded;
  double inflight_lo_ = kUnbounded;

  // The round: it ends when what was in flight at its start is acknowledged
  std::uint64_t next_round_ = 0;  // delivered_total at which it ends
  std::uint64_t rounds_ = 0;
  bool round_start_ = false;
  bool congested_ = false;  // in this round
  double bw_latest_ = 0;
  double inflight_latest_ = 0;
  Duration rtt_{};  // the last

  // Startup
  double full_bw_ = 0;
  unsigned full_bw_rounds_ = 0;
  unsigned congested_rounds_ = 0;
  bool full_pipe_ = false;

  // The cycle of bandwidth probes
  TimePoint cycle_start_{};
  Duration cycle_wait_{};
  std::uint64_t cycle_round_ = 0;
  double up_growth_ = 0;  // by which inflight_hi grows with each round

  // Probing of the round-trip time
  Duration recent_rtt_ = kNever - TimePoint{};  // the shortest of the last kProbeRttInterval
  TimePoint recent_rtt_at_{};
  bool probe_rtt_due_ = false;
  TimePoint probe_rtt_end_ = kNever;
  std::uint64_t probe_rtt_round_ = 0;

  // Aggregation of acknowledgements
  TimePoint epoch_{};
  double epoch_acked_ = 0;

  double cwnd_;
  double saved_cwnd_ = 0;  // before a timeout or probe_rtt
  struct Bounds {
    double bw_lo = kUnbounded, inflight_hi = kUnbounded, inflight_lo = kUnbounded;
  };
  Bounds before_;  // the last congestion
};
static_assert(CongestionController<Bbr>);

}  // namespace redan::sctp
