#include "rtc/sctp/tx/bbr.hpp"

#include <cmath>

namespace redan::sctp {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// Draft section 5.3.3.6: two to three seconds, so that two flows do not probe in step for ever.
Duration probe_wait(std::uint64_t salt) {
  const std::uint64_t mixed = salt * 0x9E3779B97F4A7C15U >> 40U;
  return std::chrono::milliseconds(2000 + mixed % 1000);
}

}  // namespace

Bbr::Bbr(std::size_t mtu) : mtu_(static_cast<double>(mtu)), cwnd_(Congestion::kInitialPackets * mtu_) {}

double Bbr::bdp() const { return max_bw_.value() == 0 ? cwnd_ : bandwidth() * seconds(min_rtt_); }

double Bbr::inflight(double gain) const {
  // What pacing sends in one burst, and room for delayed SACKs (draft section 5.6.4.2).
  const double quantum = std::max(2 * mtu_, bandwidth() * 1e-3);
  return std::max(gain * bdp() + 2 * quantum, 4 * mtu_);
}

double Bbr::inflight_with_headroom() const {
  if (inflight_hi_ == kUnbounded) return kUnbounded;
  return std::max(inflight_hi_ - std::max(mtu_, kHeadroom * inflight_hi_), 4 * mtu_);
}

double Bbr::pacing_gain() const {
  switch (state_) {
    case State::startup:
      return kStartupPacingGain;
    case State::drain:
      return kDrainPacingGain;
    case State::probe_down:
      return kDownPacingGain;
    case State::probe_up:
      return kUpPacingGain;
    default:
      return 1;
  }
}

double Bbr::pacing_rate() const {
  if (max_bw_.value() == 0 || min_rtt_ < kShortestPaced) return 0;
  return std::max(pacing_gain() * bandwidth() * (1 - kMargin), mtu_);
}

bool Bbr::sees_queue() const { return rtt_ > min_rtt_ + min_rtt_ / 4 + std::chrono::milliseconds(2); }

bool Bbr::is_congested(const RateSample& rate) const {
  const double threshold = sees_queue() ? kLossThresh : kNoisyLossThresh;
  return static_cast<double>(rate.lost) > threshold * rate.in_flight + 2 * mtu_;
}

void Bbr::on_ack(const AckEvent& ack) {
  if (!ack.rate.valid()) return;
  rtt_ = ack.rate.rtt;
  update_round(ack);
  update_bandwidth(ack);
  update_aggregation(ack);
  update_lower_bounds(ack);
  check_full_pipe(ack);
  update_state(ack);
  update_min_rtt(ack);
  update_probe_rtt(ack);
  if (round_start_) bw_latest_ = inflight_latest_ = 0;
  update_cwnd(ack);
}

void Bbr::update_round(const AckEvent& ack) {
  round_start_ = ack.rate.prior_delivered >= next_round_;
  if (!round_start_) return;
  next_round_ = ack.rate.delivered_total;
  ++rounds_;
  if (rounds_ % 10 == 0) extra_acked_.advance();
}

void Bbr::update_bandwidth(const AckEvent& ack) {
  // A shorter interval is that of a chunk whose earlier transmission arrived.
  if (ack.rate.interval < min_rtt_ && max_bw_.value() != 0) return;
  const double rate = ack.rate.rate();
  bw_latest_ = std::max(bw_latest_, rate);
  inflight_latest_ = std::max(inflight_latest_, static_cast<double>(ack.rate.delivered));
  if (!ack.rate.app_limited || rate >= max_bw_.value()) max_bw_.add(rate);
}

// Draft section 5.5.9: more than the rate explains came at once, so the window has to hold that much more.
void Bbr::update_aggregation(const AckEvent& ack) {
  const double expected = bandwidth() * seconds(ack.now - epoch_);
  if (epoch_acked_ <= expected) {
    epoch_ = ack.now;
    epoch_acked_ = 0;
  }
  epoch_acked_ += static_cast<double>(ack.acked);
  const double extra = epoch_acked_ - (epoch_ == ack.now ? 0 : expected);
  extra_acked_.add(std::min(std::max(extra, 0.0), cwnd_));
}

// Draft section 5.5.10.3: once a round, outside the states that probe for more.
void Bbr::update_lower_bounds(const AckEvent& ack) {
  congested_ = congested_ || is_congested(ack.rate);
  if (!round_start_ || !std::exchange(congested_, false)) return;
  if (state_ == State::startup) ++congested_rounds_;
  if (state_ == State::startup || probes_bandwidth()) return;
  before_ = {bw_lo_, inflight_hi_, inflight_lo_};
  bw_lo_ = std::max(bw_latest_, kBeta * std::min(bw_lo_, max_bw_.value()));
  inflight_lo_ = std::max(inflight_latest_, kBeta * std::min(inflight_lo_, cwnd_));
}

// Draft section 5.3.4.3: the minimum of ten seconds, which is measured again every five.
void Bbr::update_min_rtt(const AckEvent& ack) {
  if (recent_rtt_at_ == TimePoint{}) recent_rtt_at_ = ack.now;
  probe_rtt_due_ = ack.now >= recent_rtt_at_ + kProbeRttInterval;
  if (ack.rate.rtt <= recent_rtt_ || probe_rtt_due_) {
    recent_rtt_ = ack.rate.rtt;
    recent_rtt_at_ = ack.now;
  }
  if (recent_rtt_ <= min_rtt_ || ack.now >= min_rtt_at_ + kMinRttWindow) {
    min_rtt_ = recent_rtt_;
    min_rtt_at_ = recent_rtt_at_;
  }
}

// From time to time the queue is left to drain, to see the path without it. An idle sender has seen that already.
void Bbr::update_probe_rtt(const AckEvent& ack) {
  if (state_ != State::probe_rtt) {
    if (!probe_rtt_due_ || ack.rate.app_limited) return;
    state_ = State::probe_rtt;
    saved_cwnd_ = cwnd_;
    probe_rtt_end_ = kNever;
    return;
  }
  const bool drained = static_cast<double>(ack.flight) <= inflight(kProbeRttCwndGain);
  if (probe_rtt_end_ == kNever && drained) {
    probe_rtt_end_ = ack.now + kProbeRttTime;
    probe_rtt_round_ = rounds_;
  }
  if (ack.now >= probe_rtt_end_ && rounds_ > probe_rtt_round_) leave_probe_rtt(ack.now);
}

void Bbr::leave_probe_rtt(TimePoint now) {
  recent_rtt_at_ = now;
  cwnd_ = std::max(cwnd_, saved_cwnd_);
  bw_lo_ = inflight_lo_ = kUnbounded;
  full_pipe_ ? start_down(now) : static_cast<void>(state_ = State::startup);
}

// Draft section 5.3.1.2: three rounds without a quarter more, or three with too much loss.
void Bbr::check_full_pipe(const AckEvent& ack) {
  if (full_pipe_ || !round_start_ || ack.rate.app_limited) return;
  if (max_bw_.value() >= 1.25 * full_bw_) {
    full_bw_ = max_bw_.value();
    full_bw_rounds_ = 0;
  } else {
    ++full_bw_rounds_;
  }
  full_pipe_ = full_bw_rounds_ >= 3 || congested_rounds_ >= 2;
  if (full_pipe_ && congested_rounds_ >= 2) inflight_hi_ = std::max(inflight(1), inflight_latest_);
}

void Bbr::update_state(const AckEvent& ack) {
  if (state_ == State::startup && full_pipe_) state_ = State::drain;
  if (state_ == State::drain && static_cast<double>(ack.flight) <= inflight(1)) start_down(ack.now);
  if (is_in_cycle()) update_cycle(ack);
}

// Draft section 5.3.3.
void Bbr::update_cycle(const AckEvent& ack) {
  switch (state_) {
    case State::probe_down:
      if (is_time_to_probe(ack)) return start_refill();
      if (is_time_to_cruise(ack)) state_ = State::probe_cruise;
      return;
    case State::probe_cruise:
      if (is_time_to_probe(ack)) start_refill();
      return;
    case State::probe_refill:
      if (round_start_ && rounds_ > cycle_round_ + 1) start_up(ack.now);
      return;
    default:
      // Where inflight_hi is what holds it back, it goes on until the path shows a limit of its own.
      if (is_held_by_inflight_hi(ack)) return raise_inflight_hi(ack);
      if (static_cast<double>(ack.flight) < inflight(kUpPacingGain)) return;
      if (rounds_ >= cycle_round_ + kUpRounds && ack.now >= cycle_start_ + min_rtt_) start_down(ack.now);
  }
}

bool Bbr::is_held_by_inflight_hi(const AckEvent& ack) const {
  return cwnd_ >= inflight_hi_ && static_cast<double>(ack.in_flight) + mtu_ >= inflight_hi_;
}

// As often as a flow of RFC 9260 with this window would grow by a packet per round and lose (draft section 5.3.3.6).
bool Bbr::is_time_to_probe(const AckEvent& ack) const {
  const double reno_rounds = std::min(bdp() / mtu_, 63.0);
  return ack.now >= cycle_start_ + cycle_wait_ || static_cast<double>(rounds_ - cycle_round_) >= reno_rounds;
}

bool Bbr::is_time_to_cruise(const AckEvent& ack) const {
  const auto flight = static_cast<double>(ack.flight);
  return flight <= inflight_with_headroom() && flight <= inflight(1);
}

// Slowly at first, then twice as fast with each round that the path takes more.
void Bbr::raise_inflight_hi(const AckEvent& ack) {
  if (round_start_) up_growth_ = std::min(2 * up_growth_, inflight_hi_);
  inflight_hi_ += up_growth_ * static_cast<double>(ack.acked) / std::max(inflight_hi_, mtu_);
}

void Bbr::on_too_much_inflight(double in_flight, TimePoint now) {
  before_ = {bw_lo_, inflight_hi_, inflight_lo_};
  inflight_hi_ = std::max(in_flight, kBeta * std::min(bdp(), cwnd_));
  if (state_ == State::probe_up) start_down(now);
}

void Bbr::start_down(TimePoint now) {
  state_ = State::probe_down;
  max_bw_.advance();
  cycle_start_ = now;
  cycle_round_ = rounds_;
  cycle_wait_ = probe_wait(next_round_);
}

void Bbr::start_refill() {
  state_ = State::probe_refill;
  bw_lo_ = inflight_lo_ = kUnbounded;
  cycle_round_ = rounds_;
}

void Bbr::start_up(TimePoint now) {
  state_ = State::probe_up;
  cycle_start_ = now;
  cycle_round_ = rounds_;
  up_growth_ = mtu_;
}

// Draft section 5.6.4.6.
void Bbr::update_cwnd(const AckEvent& ack) {
  const auto acked = static_cast<double>(ack.acked);
  const double target = inflight(state_ == State::probe_up ? kUpCwndGain : kCwndGain) + extra_acked_.value();
  cwnd_ = full_pipe_ ? std::min(cwnd_ + acked, target) : (cwnd_ < target ? cwnd_ + acked : cwnd_);
  double bound = kUnbounded;
  if (is_in_cycle()) bound = state_ == State::probe_cruise ? inflight_with_headroom() : inflight_hi_;
  if (state_ == State::probe_rtt) bound = inflight(kProbeRttCwndGain);
  cwnd_ = std::max(std::min({cwnd_, bound, inflight_lo_}), 4 * mtu_);
}

// Where more was in flight than the path holds, the bound is what was in flight when that began.
bool Bbr::on_loss(const LossEvent& loss) {
  RateSample rate;
  rate.lost = loss.lost_since;
  rate.in_flight = loss.in_flight;
  if (!is_congested(rate)) return false;
  const bool first = !std::exchange(congested_, true);
  if (state_ == State::probe_up) on_too_much_inflight(loss.in_flight, loss.now);
  return first;
}

void Bbr::on_timeout() {
  saved_cwnd_ = std::max(saved_cwnd_, cwnd_);
  before_ = {bw_lo_, inflight_hi_, inflight_lo_};
  cwnd_ = 4 * mtu_;
}

void Bbr::on_undo() {
  cwnd_ = std::max(cwnd_, saved_cwnd_);
  bw_lo_ = std::max(bw_lo_, before_.bw_lo);
  inflight_hi_ = std::max(inflight_hi_, before_.inflight_hi);
  inflight_lo_ = std::max(inflight_lo_, before_.inflight_lo);
  congested_ = false;
}

}  // namespace redan::sctp
