#include "rtc/sctp/rx/sack_schedule.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
constexpr TimePoint kStart{std::chrono::seconds(10)};
constexpr Duration kRto = milliseconds(500);

TEST(SackSchedule, DelaysTheSackForOnePacketWithData) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 100, true, kRto);
  EXPECT_TRUE(schedule.owed());
  EXPECT_FALSE(schedule.due());
  EXPECT_EQ(schedule.deadline(), kStart + milliseconds(100));
  schedule.run_timers(kStart + milliseconds(99));
  EXPECT_FALSE(schedule.due());
  schedule.run_timers(kStart + milliseconds(100));
  EXPECT_TRUE(schedule.due());
  EXPECT_EQ(schedule.deadline(), kNever);
}

TEST(SackSchedule, DelaysForNoMoreThanHalfTheTimeout) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 100, true, milliseconds(60));
  EXPECT_EQ(schedule.deadline(), kStart + milliseconds(30));
}

TEST(SackSchedule, KeepsTheDeadlineOfTheFirstPacket) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 100, true, kRto);
  schedule.on_packet(kStart + milliseconds(50), 100, false, kRto);
  EXPECT_EQ(schedule.deadline(), kStart + milliseconds(100));
}

TEST(SackSchedule, SendsAtOnceForTheSecondPacketWithData) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 100, true, kRto);
  schedule.on_packet(kStart, 100, false, kRto);
  EXPECT_FALSE(schedule.due());
  schedule.on_packet(kStart, 100, true, kRto);
  EXPECT_TRUE(schedule.due());
}

TEST(SackSchedule, OwesNothingAfterASackOrWithoutData) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 100, false, kRto);
  EXPECT_FALSE(schedule.owed());
  schedule.send_now();
  EXPECT_TRUE(schedule.due());
  schedule.take();
  EXPECT_FALSE(schedule.owed());
  schedule.on_packet(kStart, 100, true, kRto);
  EXPECT_FALSE(schedule.due());  // the first packet since the last SACK
  schedule.take();
  EXPECT_EQ(schedule.deadline(), kNever);
}

TEST(SackSchedule, GivesASackThriceTheBytesReceivedSinceTheLastOne) {
  SackSchedule schedule;
  schedule.on_packet(kStart, 40, true, kRto);
  schedule.on_packet(kStart, 60, false, kRto);
  EXPECT_EQ(schedule.take(), 3 * 100 - kCommonHeaderSize);
  EXPECT_EQ(schedule.take(), 0U);
}

}  // namespace
}  // namespace redan::sctp
