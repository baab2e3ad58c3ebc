#include "rtc/sctp/idle_timer.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

constexpr TimePoint kStart{std::chrono::seconds(10)};

TEST(IdleTimer, NeverExpiresWithoutData) {
  IdleTimer timer;
  timer.update(kStart, false);
  EXPECT_EQ(timer.deadline(), kNever);
  EXPECT_FALSE(timer.expired(kStart + 10 * IdleTimer::kDelay));
}

TEST(IdleTimer, ExpiresOnceADelayAfterTheLastData) {
  IdleTimer timer;
  timer.note_data();
  timer.update(kStart, true);
  EXPECT_EQ(timer.deadline(), kNever);
  timer.update(kStart + IdleTimer::kDelay, false);
  EXPECT_EQ(timer.deadline(), kStart + 2 * IdleTimer::kDelay);
  EXPECT_FALSE(timer.expired(kStart + IdleTimer::kDelay));
  EXPECT_TRUE(timer.expired(kStart + 2 * IdleTimer::kDelay));
  timer.update(kStart + 2 * IdleTimer::kDelay, false);
  EXPECT_FALSE(timer.expired(kStart + 9 * IdleTimer::kDelay));
}

TEST(IdleTimer, BeginsAgainAfterItWasBusy) {
  IdleTimer timer;
  timer.note_data();
  timer.update(kStart, false);
  timer.update(kStart + IdleTimer::kDelay / 2, true);
  EXPECT_FALSE(timer.expired(kStart + IdleTimer::kDelay));
  timer.update(kStart + IdleTimer::kDelay, false);
  EXPECT_EQ(timer.deadline(), kStart + 2 * IdleTimer::kDelay);
}

}  // namespace
}  // namespace redan::sctp
