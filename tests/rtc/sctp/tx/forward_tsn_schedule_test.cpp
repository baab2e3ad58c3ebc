#include "rtc/sctp/tx/forward_tsn_schedule.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

constexpr TimePoint kStart{std::chrono::seconds(10)};

TEST(ForwardTsnSchedule, IsDueAtOnceTheFirstTime) {
  ForwardTsnSchedule schedule;
  EXPECT_FALSE(schedule.due(kStart));
  EXPECT_EQ(schedule.deadline(), kNever);
  schedule.owe();
  EXPECT_TRUE(schedule.due(kStart));
}

TEST(ForwardTsnSchedule, LeavesAnIntervalBetweenTwo) {
  ForwardTsnSchedule schedule;
  schedule.owe();
  schedule.on_sent(kStart);
  EXPECT_EQ(schedule.deadline(), kNever);
  schedule.owe();
  EXPECT_FALSE(schedule.due(kStart));
  EXPECT_EQ(schedule.deadline(), kStart + ForwardTsnSchedule::kInterval);
  EXPECT_TRUE(schedule.due(schedule.deadline()));
}

TEST(ForwardTsnSchedule, IsNotDueAfterItWasCancelled) {
  ForwardTsnSchedule schedule;
  schedule.owe();
  schedule.cancel();
  EXPECT_FALSE(schedule.due(kStart));
}

}  // namespace
}  // namespace redan::sctp
