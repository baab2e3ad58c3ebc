#include "base/timers.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

enum class Timer { a, b, count_ };

TEST(TimerTable, ReturnsTheEarliestDeadlineAndExpiresOnce) {
  TimerTable<Timer> timers;
  const TimePoint t0{};
  EXPECT_EQ(timers.next(), kNever);
  timers.set(Timer::a, t0 + std::chrono::milliseconds(20));
  timers.set(Timer::b, t0 + std::chrono::milliseconds(10));
  EXPECT_EQ(timers.next(), t0 + std::chrono::milliseconds(10));
  EXPECT_FALSE(timers.expired(Timer::b, t0 + std::chrono::milliseconds(9)));
  EXPECT_TRUE(timers.expired(Timer::b, t0 + std::chrono::milliseconds(10)));
  EXPECT_FALSE(timers.expired(Timer::b, t0 + std::chrono::milliseconds(11)));
  EXPECT_EQ(timers.next(), t0 + std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace redan
