#include "rtc/sctp/control/repeat_timer.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
constexpr TimePoint kStart{std::chrono::seconds(10)};

TEST(RepeatTimer, IsDueAtOnceAndAfterEachTimeout) {
  RepeatTimer timer(milliseconds(300));
  EXPECT_TRUE(timer.due());
  timer.wait(kStart);
  EXPECT_FALSE(timer.due());
  EXPECT_FALSE(timer.expired(kStart + milliseconds(299)));
  EXPECT_TRUE(timer.expired(kStart + milliseconds(300)));
  EXPECT_TRUE(timer.due());
  EXPECT_FALSE(timer.expired(kStart + milliseconds(300)));  // once
  EXPECT_EQ(timer.timeouts(), 1U);
}

TEST(RepeatTimer, DoublesItsTimeoutUpToTheMaximum) {
  RepeatTimer timer(milliseconds(500));
  TimePoint now = kStart;
  for (const int expected : {500, 1000, 2000, 3000, 3000}) {
    timer.wait(now);
    EXPECT_EQ(timer.deadline(), now + milliseconds(expected));
    now = timer.deadline();
    EXPECT_TRUE(timer.expired(now));
  }
}

TEST(RepeatTimer, KeepsItsTimeoutWhenThePeerAsksForMoreTime) {
  RepeatTimer timer(milliseconds(500));
  for (int i = 0; i < 10; ++i) timer.wait(kStart);
  EXPECT_EQ(timer.deadline(), kStart + milliseconds(500));
  EXPECT_EQ(timer.timeouts(), 0U);
}

}  // namespace
}  // namespace redan::sctp
