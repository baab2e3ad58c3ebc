#include "rtc/rtp/rate_control.hpp"

namespace redan::rtp {
namespace {

using namespace std::chrono_literals;

constexpr double kMuch = 0.10, kLittle = 0.02;
constexpr double kGrowthPerSecond = 0.08;
// Reports within this time are about the same loss.
constexpr Duration kBetweenCuts = 300ms;
// After a silence of any length the next report counts for one second of growth.
constexpr Duration kLongestStep = 1s;
constexpr Duration kEstimateLife = 5s;

}  // namespace

void RateControl::set_limits(RateLimits limits) {
  limits_ = limits;
  if (!last_loss_) by_loss_ = limits.start;
  by_loss_ = std::clamp<double>(by_loss_, limits.least, limits.most);
}

void RateControl::on_loss(TimePoint now, std::uint8_t fraction) {
  const double lost = fraction / 256.0;
  const Duration since = last_loss_ ? std::min(now - *last_loss_, kLongestStep) : Duration{0};
  last_loss_ = now;
  if (lost > kMuch) {
    if (last_cut_ && now - *last_cut_ < kBetweenCuts) return;
    last_cut_ = now;
    by_loss_ *= 1 - lost / 2;
  } else if (lost < kLittle) {
    by_loss_ *= 1 + kGrowthPerSecond * std::chrono::duration<double>(since).count();
  }
  by_loss_ = std::clamp<double>(by_loss_, limits_.least, limits_.most);
}

void RateControl::on_estimate(TimePoint now, std::uint64_t bits_per_second) {
  estimate_ = bits_per_second;
  estimated_ = now;
}

std::uint32_t RateControl::target(TimePoint now) const {
  const auto by_loss = static_cast<std::uint32_t>(by_loss_);
  if (!estimated_ || now - *estimated_ > kEstimateLife) return by_loss;
  const auto ceiling = static_cast<std::uint32_t>(std::min<std::uint64_t>(estimate_, limits_.most));
  return std::max(limits_.least, std::min(by_loss, ceiling));
}

}  // namespace redan::rtp
