#include "rtc/stun/transaction.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace redan::stun {
namespace {

using namespace std::chrono_literals;

class StunTransaction : public testing::Test {
 protected:
  /// Milliseconds at which each transmission is due, then that of the timeout.
  static std::vector<std::int64_t> schedule(Transaction transaction, TimePoint now = {}) {
    std::vector<std::int64_t> times;
    while (true) {
      const auto due = transaction.poll(now);
      if (due != Transaction::Due::nothing) times.push_back(now.time_since_epoch() / 1ms);
      if (due == Transaction::Due::timeout) return times;
      if (due == Transaction::Due::nothing) now = transaction.deadline();
    }
  }
  test::SeededRandom random{1};
};

TEST_F(StunTransaction, IsSentSevenTimesOverUdp) {
  EXPECT_EQ(schedule(Transaction({}, Transport::datagram, random)),
            (std::vector<std::int64_t>{0, 500, 1500, 3500, 7500, 15'500, 31'500, 39'500}));
}

TEST_F(StunTransaction, IsSentOnceOverAStream) {
  EXPECT_EQ(schedule(Transaction({}, Transport::stream, random)), (std::vector<std::int64_t>{0, 39'500}));
}

TEST_F(StunTransaction, FollowsTheTimingOfItsOwner) {
  const Timing timing{.rto = 100ms, .rc = 3, .rm = 4, .ti = 2s};
  EXPECT_EQ(schedule(Transaction({}, Transport::datagram, random, timing)),
            (std::vector<std::int64_t>{0, 100, 300, 700}));
  EXPECT_EQ(schedule(Transaction({}, Transport::stream, random, timing)), (std::vector<std::int64_t>{0, 2000}));
}

TEST_F(StunTransaction, PolledLateDoesNotCatchUp) {
  Transaction transaction({}, Transport::datagram, random);
  const TimePoint late = TimePoint{} + 10s;
  EXPECT_EQ(transaction.poll(late), Transaction::Due::transmit);
  EXPECT_EQ(transaction.poll(late), Transaction::Due::nothing);
  EXPECT_EQ(transaction.deadline(), late + 500ms);
}

TEST_F(StunTransaction, IdsDiffer) {
  EXPECT_NE(Transaction({}, Transport::datagram, random).id(), Transaction({}, Transport::datagram, random).id());
}

TEST_F(StunTransaction, MeasuresTheRoundTripOnlyOfASingleTransmission) {
  Transaction transaction({}, Transport::datagram, random);
  EXPECT_FALSE(transaction.rtt({}));
  EXPECT_EQ(transaction.poll({}), Transaction::Due::transmit);
  EXPECT_EQ(transaction.rtt(TimePoint{} + 30ms), 30ms);
  EXPECT_EQ(transaction.poll(TimePoint{} + 500ms), Transaction::Due::transmit);
  EXPECT_FALSE(transaction.rtt(TimePoint{} + 530ms));
}

}  // namespace
}  // namespace redan::stun
