#include "rtc/sctp/tx/tail_probe.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kNow{std::chrono::seconds(1)};

TEST(TailProbe, IsDueAfterTwoRoundTrips) {
  TailProbe probe;
  EXPECT_EQ(probe.deadline(), kNever);
  probe.arm(kNow, milliseconds(50), true);
  EXPECT_EQ(probe.deadline(), kNow + milliseconds(100));
  EXPECT_FALSE(probe.due(kNow + milliseconds(99)));
  EXPECT_TRUE(probe.due(kNow + milliseconds(100)));
}

TEST(TailProbe, WaitsForASackThatThePeerMayDelay) {
  TailProbe probe;
  probe.arm(kNow, milliseconds(50), false);
  EXPECT_EQ(probe.deadline(), kNow + milliseconds(100) + TailProbe::kMaxSackDelay);
}

TEST(TailProbe, IsNeverDueAtOnce) {
  TailProbe probe;
  probe.arm(kNow, Duration{}, true);
  EXPECT_EQ(probe.deadline(), kNow + TailProbe::kMin);
}

TEST(TailProbe, IsNotRepeatedBeforeItIsAcknowledged) {
  TailProbe probe;
  probe.on_sent(Tsn(10), true);
  probe.arm(kNow, milliseconds(50), true);
  EXPECT_EQ(probe.deadline(), kNever);
  probe.on_ack(Tsn(9), false);
  probe.arm(kNow, milliseconds(50), true);
  EXPECT_EQ(probe.deadline(), kNever);
  probe.on_ack(Tsn(10), false);
  probe.arm(kNow, milliseconds(50), true);
  EXPECT_NE(probe.deadline(), kNever);
}

TEST(TailProbe, ReportsALossOnlyIfItRepeatedAChunkThatThePeerDidNotHave) {
  const auto repaired = [](bool again, bool duplicate) {
    TailProbe probe;
    probe.on_sent(Tsn(10), again);
    return probe.on_ack(Tsn(10), duplicate);
  };
  EXPECT_TRUE(repaired(true, false));
  EXPECT_FALSE(repaired(true, true));
  EXPECT_FALSE(repaired(false, false));
}

}  // namespace
}  // namespace redan::sctp
