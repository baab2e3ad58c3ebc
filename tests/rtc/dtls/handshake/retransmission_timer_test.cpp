#include "rtc/dtls/handshake/retransmission_timer.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{};

RetransmissionTimer started(std::optional<Duration> rtt = {}) {
  RetransmissionTimer timer;
  if (rtt) timer.set_round_trip_time(*rtt);
  timer.flight_sent(kStart);
  timer.restart(kStart);
  return timer;
}

TEST(RetransmissionTimer, DoesNotRunBeforeItIsStarted) {
  RetransmissionTimer timer;
  timer.set_round_trip_time(60ms);
  EXPECT_EQ(timer.deadline(), kNever);
  EXPECT_FALSE(timer.expired(kStart + 1h));
}

TEST(RetransmissionTimer, DoublesFrom400MillisecondsToOneSecondWithoutARoundTripTime) {
  RetransmissionTimer timer = started();
  for (const Duration timeout : {400ms, 800ms, 1000ms, 1000ms}) {
    EXPECT_EQ(timer.timeout(), timeout);
    const TimePoint deadline = timer.deadline();
    EXPECT_FALSE(timer.expired(deadline - 1us));
    EXPECT_TRUE(timer.expired(deadline));
  }
}

TEST(RetransmissionTimer, StartsAtTwiceTheRoundTripTimeAndAtLeast50Milliseconds) {
  EXPECT_EQ(started(60ms).deadline(), kStart + 120ms);
  EXPECT_EQ(started(5ms).deadline(), kStart + 50ms);
}

TEST(RetransmissionTimer, StaysAtTwiceTheRoundTripTimeIfThatIsMoreThanASecond) {
  RetransmissionTimer timer = started(1500ms);
  EXPECT_TRUE(timer.expired(timer.deadline()));
  EXPECT_EQ(timer.timeout(), 3s);
}

TEST(RetransmissionTimer, FollowsARoundTripTimeThatComesAfterABackOff) {
  RetransmissionTimer timer = started();
  EXPECT_TRUE(timer.expired(kStart + 400ms));
  timer.set_round_trip_time(60ms);
  EXPECT_EQ(timer.deadline(), kStart + 400ms + 240ms);
  timer.set_round_trip_time(60ms);
  EXPECT_EQ(timer.deadline(), kStart + 400ms + 240ms) << "the same value again delays nothing";
}

TEST(RetransmissionTimer, StartsAnewForANewFlight) {
  RetransmissionTimer timer = started();
  EXPECT_TRUE(timer.expired(kStart + 400ms));
  timer.restart(kStart + 1s);
  EXPECT_EQ(timer.deadline(), kStart + 1400ms);
}

TEST(RetransmissionTimer, AllowsAnAnswerToARepeatedFlightEvery20Milliseconds) {
  RetransmissionTimer timer = started();
  EXPECT_FALSE(timer.may_answer(kStart + 19ms));
  EXPECT_TRUE(timer.may_answer(kStart + 20ms));
  timer.flight_sent(kStart + 20ms);
  EXPECT_FALSE(timer.may_answer(kStart + 39ms));
}

}  // namespace
}  // namespace redan::dtls
