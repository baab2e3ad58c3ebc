#include "rtc/sctp/tx/scheduler.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

TEST(RoundRobin, GivesEachStreamItsTurnInTheOrderOfTheLine) {
  const OutgoingStream one{0, 1}, two{1, 2};
  RoundRobin scheduler;
  EXPECT_TRUE(scheduler.empty());
  scheduler.add(one);
  scheduler.add(two);
  EXPECT_EQ(scheduler.current(), one);
  EXPECT_EQ(scheduler.current(), one);  // until its turn ends
  scheduler.end_turn();
  scheduler.add(one);
  EXPECT_EQ(scheduler.current(), two);
  scheduler.end_turn();
  EXPECT_EQ(scheduler.current(), one);
  scheduler.end_turn();
  EXPECT_TRUE(scheduler.empty());
}

TEST(RoundRobin, HasNoStreamsAfterClear) {
  RoundRobin scheduler;
  scheduler.add({0, 1});
  scheduler.clear();
  EXPECT_TRUE(scheduler.empty());
}

}  // namespace
}  // namespace redan::sctp
