#include "rtc/sctp/tx/cubic.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMtu = 1000;

class CubicTest : public ::testing::Test {
 protected:
  /// A round trip of 50 ms in which the whole window is acknowledged.
  void round() {
    now += milliseconds(50);
    RateSample rate;
    rate.interval = rate.rtt = milliseconds(50);
    const std::size_t window = cubic.cwnd();
    cubic.on_ack({now, Tsn(++cumulative), true, window, window, 0, rate});
  }
  Cubic cubic{kMtu};
  TimePoint now{std::chrono::seconds(1)};
  std::uint32_t cumulative = 0;
};

TEST_F(CubicTest, DoublesWithEachRoundInSlowStart) {
  round();
  EXPECT_EQ(cubic.cwnd(), 20 * kMtu);
}

TEST_F(CubicTest, KeepsSevenTenthsAfterALossOncePerRound) {
  for (int i = 0; i < 4; ++i) round();
  const std::size_t before = cubic.cwnd();
  EXPECT_TRUE(cubic.on_loss({.now = now, .highest = Tsn(cumulative + 1)}));
  EXPECT_FALSE(cubic.on_loss({.now = now, .highest = Tsn(cumulative + 2)}));
  EXPECT_NEAR(static_cast<double>(cubic.cwnd()), 0.7 * static_cast<double>(before), 1);
}

TEST_F(CubicTest, ReturnsToItsWindowInTheTimeOfTheCubeRootAndThenProbesBeyond) {
  for (int i = 0; i < 4; ++i) round();
  const auto before = static_cast<double>(cubic.cwnd());
  cubic.on_loss({.now = now, .highest = Tsn(cumulative)});
  const TimePoint start = now;
  const double k = std::cbrt(0.3 * before / kMtu / Cubic::kC);
  while (std::chrono::duration<double>(now - start).count() < k) round();
  EXPECT_NEAR(static_cast<double>(cubic.cwnd()), before, 0.06 * before);
  for (int i = 0; i < 60; ++i) round();
  EXPECT_GT(static_cast<double>(cubic.cwnd()), 1.1 * before);
}

TEST_F(CubicTest, DoesNotGrowWhileTheWindowIsNotFull) {
  cubic.on_ack({now, Tsn(1), true, kMtu, 5 * kMtu, 0, {}});
  EXPECT_EQ(cubic.cwnd(), 10 * kMtu);
}

TEST_F(CubicTest, LeavesRoomForOthersAfterTwoLosses) {
  for (int i = 0; i < 7; ++i) round();
  const auto first = static_cast<double>(cubic.cwnd());
  cubic.on_loss({.now = now, .highest = Tsn(cumulative)});
  round();
  cubic.on_loss({.now = now, .highest = Tsn(cumulative)});
  for (int i = 0; i < 100; ++i) round();  // to the plateau
  EXPECT_GT(static_cast<double>(cubic.cwnd()), 0.55 * first);
  EXPECT_LT(static_cast<double>(cubic.cwnd()), 0.63 * first);  // and not the window of the second loss, 0.7
}

TEST_F(CubicTest, ATimeoutLeavesFourPacketsAndUndoGivesTheWindowBack) {
  for (int i = 0; i < 4; ++i) round();
  const std::size_t before = cubic.cwnd();
  cubic.on_timeout();
  EXPECT_EQ(cubic.cwnd(), 4 * kMtu);
  cubic.on_undo();
  EXPECT_EQ(cubic.cwnd(), before);
}

}  // namespace
}  // namespace redan::sctp
