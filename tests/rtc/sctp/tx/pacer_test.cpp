#include "rtc/sctp/tx/pacer.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kPacket = 1000;

class PacerTest : public ::testing::Test {
 protected:
  /// Packets that go at once.
  std::size_t burst(double rate) {
    std::size_t packets = 0;
    for (; packets < 100000 && pacer.may_send(now, rate); ++packets) pacer.on_sent(now, kPacket, rate, kPacket);
    return packets;
  }
  Pacer pacer;
  TimePoint now{std::chrono::seconds(1)};
};

TEST_F(PacerTest, LetsAllThroughWithoutARate) { EXPECT_EQ(burst(0), 100000U); }

TEST_F(PacerTest, SendsAsMuchAsTheRateAllowsOverTime) {
  const double rate = 1e6;
  burst(rate);
  std::size_t packets = 0;
  for (const TimePoint end = now + std::chrono::seconds(1); now < end;) {
    now = pacer.next();
    packets += burst(rate);
  }
  EXPECT_NEAR(static_cast<double>(packets), 1000, 5);
}

TEST_F(PacerTest, SendsTwoPacketsOrAMillisecondsWorthInABurst) {
  burst(1e6);
  now = pacer.next();
  EXPECT_EQ(burst(1e6), 2U);
  pacer = {};
  burst(1e8);
  now = pacer.next();
  EXPECT_EQ(burst(1e8), 100U);
}

TEST_F(PacerTest, OwesAnIdleSenderOneBurstMoreAtMost) {
  burst(1e8);
  now += std::chrono::seconds(10);
  EXPECT_LE(burst(1e8), 200U);
}

TEST_F(PacerTest, SaysWhenTheNextBurstMayGo) {
  const std::size_t packets = burst(1e8);
  EXPECT_FALSE(pacer.may_send(now, 1e8));
  EXPECT_FALSE(pacer.may_send(pacer.next() - Duration(1), 1e8));
  EXPECT_TRUE(pacer.may_send(pacer.next(), 1e8));
  EXPECT_LE(pacer.next() - now, milliseconds(1) + std::chrono::microseconds(10 * packets / 100));
}

}  // namespace
}  // namespace redan::sctp
