#include "rtc/rtp/rate_control.hpp"

#include <gtest/gtest.h>

namespace redan::rtp {
namespace {

using namespace std::chrono_literals;

constexpr RateLimits kLimits{100'000, 1'000'000, 2'000'000};
constexpr std::uint8_t percent(int value) { return static_cast<std::uint8_t>(value * 256 / 100); }

TEST(RateControl, TheRateRisesByEightPercentASecondWithoutLossUpToTheLimit) {
  RateControl rate(kLimits);
  TimePoint now{};
  EXPECT_EQ(rate.target(now), 1'000'000U);
  rate.on_loss(now, 0);
  rate.on_loss(now += 1s, 0);
  EXPECT_EQ(rate.target(now), 1'080'000U);
  for (int i = 0; i < 20; ++i) rate.on_loss(now += 1s, percent(1));
  EXPECT_EQ(rate.target(now), 2'000'000U);
}

TEST(RateControl, HeavyLossReducesTheRateByHalfTheLossAndLightLossKeepsIt) {
  RateControl rate(kLimits);
  TimePoint now{};
  rate.on_loss(now += 1s, 128);
  EXPECT_EQ(rate.target(now), 750'000U);
  rate.on_loss(now += 100ms, 128);  // the same loss
  EXPECT_EQ(rate.target(now), 750'000U);
  rate.on_loss(now += 1s, percent(5));
  EXPECT_EQ(rate.target(now), 750'000U);
  for (int i = 0; i < 50; ++i) rate.on_loss(now += 1s, 255);
  EXPECT_EQ(rate.target(now), 100'000U);
}

TEST(RateControl, ALongSilenceCountsForOneSecondOfGrowth) {
  RateControl rate(kLimits);
  TimePoint now{};
  rate.on_loss(now, 0);
  rate.on_loss(now += 1h, 0);
  EXPECT_EQ(rate.target(now), 1'080'000U);
}

TEST(RateControl, TheReceiversEstimateIsAnUpperLimitWhileItIsRecent) {
  RateControl rate(kLimits);
  TimePoint now{};
  rate.on_estimate(now, 400'000);
  EXPECT_EQ(rate.target(now + 5s), 400'000U);
  EXPECT_EQ(rate.target(now + 6s), 1'000'000U);
  rate.on_estimate(now, 1);
  EXPECT_EQ(rate.target(now), 100'000U);
  rate.on_estimate(now, ~std::uint64_t{0});
  EXPECT_EQ(rate.target(now), 1'000'000U);
}

TEST(RateControl, ChangingTheLimitsKeepsKnowledgeAboutThePath) {
  RateControl rate(kLimits);
  rate.set_limits({100'000, 500'000, 900'000});
  EXPECT_EQ(rate.target({}), 500'000U);  // nothing known yet
  rate.on_loss(TimePoint{} + 1s, 128);
  rate.set_limits({100'000, 2'000'000, 4'000'000});
  EXPECT_EQ(rate.target({}), 375'000U);
  rate.set_limits({100'000, 200'000, 300'000});
  EXPECT_EQ(rate.target({}), 300'000U);
}

}  // namespace
}  // namespace redan::rtp
