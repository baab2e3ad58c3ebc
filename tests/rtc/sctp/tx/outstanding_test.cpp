#include "rtc/sctp/tx/outstanding.hpp"

#include <gtest/gtest.h>

#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

class OutstandingTest : public ::testing::Test {
 protected:
  static constexpr Duration kRto = milliseconds(300);
  static constexpr Duration kSrtt = milliseconds(100);
  static constexpr std::uint32_t kFirst = 100;

  OutstandingTest() {
    outstanding.begin(Tsn(kFirst));
    queue.assign(stream, StreamId(1));
  }
  /// Whole messages of 100 bytes.
  void send(std::size_t count, const Delivery& delivery = {}) {
    for (std::size_t i = 0; i < count; ++i) push(100, delivery);
    fragments();
  }
  void push(std::size_t size, const Delivery& delivery = {}) {
    queue.push(stream, delivery, std::vector<std::uint8_t>(size));
    queue.stamp(now);
  }
  void fragments(std::size_t count = 1000) {
    Fragment fragment;
    while (count-- > 0 && queue.peek(now, 100, 100, fragment)) {
      queue.take(fragment);
      outstanding.push(fragment, now);
    }
  }
  SackOutcome sack(std::uint32_t cumulative, const std::vector<GapBlock>& gaps = {}) {
    std::vector<std::uint8_t> blocks(4 * gaps.size());
    Writer w(blocks);
    for (const GapBlock gap : gaps) {
      w.u16(gap.start);
      w.u16(gap.end);
    }
    return sack(Sack{Tsn(cumulative), 100000, blocks, {}});
  }
  /// The search for losses follows; see `losses`.
  SackOutcome sack(const Sack& received) {
    const SackOutcome outcome = outstanding.on_sack(received, now, kRto);
    losses = outstanding.find_losses(now, kSrtt, true);
    return outcome;
  }
  SackOutcome duplicates(std::uint32_t cumulative, const std::vector<std::uint32_t>& tsns) {
    std::vector<std::uint8_t> bytes(4 * tsns.size());
    Writer w(bytes);
    for (const std::uint32_t tsn : tsns) w.u32(tsn);
    return sack(Sack{Tsn(cumulative), 100000, {}, bytes});
  }
  /// Measures a round trip of kSrtt.
  void measure() {
    send(1);
    now += kSrtt;
    sack(outstanding.next_tsn().prev().value);
  }
  /// All that may go again now.
  std::vector<std::uint32_t> resend() {
    std::vector<std::uint32_t> result;
    while (const auto lost = outstanding.first_lost()) {
      if (lost->resend_at > now) break;
      outstanding.take_lost(lost->tsn, now);
      result.push_back(lost->tsn.value);
    }
    return result;
  }

  SendQueue queue{4};
  OutgoingStream stream = queue.open();
  Outstanding outstanding{queue};
  TimePoint now{std::chrono::seconds(1)};
  LossOutcome losses;
};

TEST_F(OutstandingTest, ASackThatContradictsItselfIsRefusedAsAWhole) {
  send(10);
  for (const std::vector<GapBlock>& gaps :
       {std::vector<GapBlock>{{1, 3}}, {{0, 2}}, {{3, 2}}, {{2, 4}, {4, 6}}, {{5, 6}, {2, 3}}, {{2, 10}}}) {
    EXPECT_FALSE(sack(kFirst, gaps).valid);
  }
  EXPECT_FALSE(sack(kFirst + 10).valid);
  EXPECT_EQ(outstanding.next_tsn(), Tsn(kFirst + 10));
  EXPECT_EQ(outstanding.flight(), 1000U);
  EXPECT_TRUE(sack(kFirst, {{2, 9}}).valid);
}

TEST_F(OutstandingTest, AnOldSackIsReportedAsOld) {
  send(3);
  EXPECT_TRUE(sack(kFirst).valid);
  const SackOutcome outcome = sack(kFirst - 1);
  EXPECT_TRUE(outcome.old);
  EXPECT_FALSE(outcome.valid);
}

TEST_F(OutstandingTest, AChunkIsLostWhenThreeChunksBeyondItHaveArrived) {
  measure();
  send(5);
  now += kSrtt;
  sack(kFirst, {{2, 2}});
  EXPECT_FALSE(losses.lost);
  sack(kFirst, {{2, 3}});
  EXPECT_FALSE(losses.lost);
  sack(kFirst, {{2, 4}});
  EXPECT_TRUE(losses.lost);
  EXPECT_EQ(losses.bytes, 100U);
  EXPECT_EQ(resend(), std::vector{kFirst + 1});
}

TEST_F(OutstandingTest, AChunkIsLostAQuarterOfARoundTripAfterALaterOneArrived) {
  measure();
  send(2);
  now += kSrtt;
  sack(kFirst, {{2, 2}});
  EXPECT_FALSE(losses.lost);
  EXPECT_EQ(outstanding.loss_deadline(), now + kSrtt / 4);
  now += kSrtt / 4;
  EXPECT_TRUE(outstanding.find_losses(now, kSrtt, true).lost);
  EXPECT_EQ(resend(), std::vector{kFirst + 1});
  EXPECT_EQ(outstanding.loss_deadline(), kNever);
}

TEST_F(OutstandingTest, WhatWasSentAfterAllThatArrivedIsNotLost) {
  measure();
  send(5);
  now += kSrtt;
  send(4);
  sack(kFirst, {{3, 5}});
  EXPECT_EQ(resend(), (std::vector<std::uint32_t>{kFirst + 1, kFirst + 2}));
  now += 10 * kSrtt;
  EXPECT_FALSE(outstanding.find_losses(now, kSrtt, true).lost);
}

TEST_F(OutstandingTest, ARetransmissionThatIsLostIsFoundByWhatWasSentAfterIt) {
  measure();
  send(5);
  now += kSrtt;
  sack(kFirst, {{2, 5}});
  ASSERT_EQ(resend(), std::vector{kFirst + 1});
  send(4);
  now += kSrtt;
  sack(kFirst, {{2, 6}});
  EXPECT_TRUE(losses.lost);
  EXPECT_EQ(resend(), std::vector{kFirst + 1});
}

TEST_F(OutstandingTest, ARetransmissionGoesAgainNoSoonerThanTheMinimumInterval) {
  send(5);
  sack(kFirst - 1, {{2, 5}});  // at once: no time has passed
  ASSERT_EQ(resend(), std::vector{kFirst});
  send(4);
  sack(kFirst - 1, {{2, 9}});
  EXPECT_FALSE(losses.lost);
  EXPECT_EQ(outstanding.loss_deadline(), now + Rack::kMinInterval);
}

TEST_F(OutstandingTest, ARecoveryWhoseRetransmissionsAllArrivedTwiceIsUndone) {
  measure();
  send(6);
  now += kSrtt;
  sack(kFirst, {{3, 5}});
  ASSERT_EQ(resend().size(), 2U);
  now += kSrtt;
  EXPECT_FALSE(duplicates(kFirst + 6, {kFirst + 1}).undo);
  EXPECT_TRUE(duplicates(kFirst + 6, {kFirst + 2}).undo);
  EXPECT_FALSE(duplicates(kFirst + 6, {kFirst + 2}).undo);
}

TEST_F(OutstandingTest, ARecoveryIsUndoneWhenTheFirstTransmissionsTurnOutToHaveBeenLate) {
  measure();
  send(5);
  now += kSrtt;
  sack(kFirst, {{2, 5}});
  ASSERT_EQ(resend(), std::vector{kFirst + 1});
  now += kSrtt / 4;  // sooner than the retransmission can be answered
  EXPECT_TRUE(sack(kFirst + 5).undo);
}

TEST_F(OutstandingTest, ARecoveryIsNotUndoneForADuplicateThatWasNotSentAgain) {
  measure();
  send(5);
  now += kSrtt;
  sack(kFirst, {{2, 5}});
  resend();
  now += kSrtt;
  EXPECT_FALSE(duplicates(kFirst + 5, {kFirst + 3}).undo);
}

TEST_F(OutstandingTest, UndoOfATimeoutPutsBackWhatHasNotGoneAgain) {
  measure();
  send(4);
  now += kRto;
  outstanding.on_timeout(now, kRto, true);
  outstanding.take_lost(Tsn(kFirst + 1), now);
  EXPECT_EQ(outstanding.flight(), 100U);
  now += kSrtt / 10;
  EXPECT_TRUE(sack(kFirst + 1).undo);
  EXPECT_EQ(outstanding.flight(), 300U);
  EXPECT_FALSE(outstanding.first_lost());
}

TEST_F(OutstandingTest, TheReorderingWindowGrowsWithRetransmissionsThatWereNotNeeded) {
  measure();
  send(6);
  now += kSrtt;
  sack(kFirst, {{2, 5}});
  ASSERT_EQ(resend(), std::vector{kFirst + 1});
  now += kSrtt;
  duplicates(kFirst + 6, {kFirst + 1});
  send(6);
  now += kSrtt;
  sack(kFirst + 6, {{2, 6}});
  EXPECT_FALSE(losses.lost);
  EXPECT_EQ(outstanding.loss_deadline(), now + kSrtt / 2);
}

TEST_F(OutstandingTest, TheProbeIsTheLastChunkInFlight) {
  send(3);
  EXPECT_EQ(outstanding.last_in_flight(now, true)->tsn, Tsn(kFirst + 2));
  outstanding.take_again(Tsn(kFirst + 2), now);
  EXPECT_EQ(outstanding.flight(), 300U);
  sack(kFirst + 2);
  EXPECT_FALSE(outstanding.last_in_flight(now, true));
}

TEST_F(OutstandingTest, AMessageThatMayNotGoAgainIsNoProbe) {
  send(1, {.ppid = {}, .max_retransmits = 0});
  EXPECT_FALSE(outstanding.last_in_flight(now, true));
  EXPECT_TRUE(outstanding.last_in_flight(now, false));
}

TEST_F(OutstandingTest, ASampleTellsTheRateAtWhichThePathDelivers) {
  measure();
  RateSample sample;
  for (std::uint32_t i = 1; i <= 40; ++i) {  // ten are in flight
    send(1);
    if (i > 10) sample = sack(kFirst + i - 10).rate;
    now += milliseconds(10);
  }
  EXPECT_TRUE(sample.valid());
  EXPECT_NEAR(sample.rate(), 100 / 0.010, 1);
  EXPECT_EQ(sample.in_flight, 1100U);
  EXPECT_EQ(sample.rtt, milliseconds(100));
}

TEST_F(OutstandingTest, ASampleIsMarkedWhileTheApplicationHasNothingToSend) {
  send(2);
  outstanding.on_app_limited();
  send(1);
  now += kSrtt;
  EXPECT_FALSE(sack(kFirst + 1).rate.app_limited);
  EXPECT_TRUE(sack(kFirst + 2).rate.app_limited);
  send(1);
  now += kSrtt;
  EXPECT_FALSE(sack(kFirst + 3).rate.app_limited);
}

TEST_F(OutstandingTest, ATimeoutLosesAllChunksButSendsNoneAgainWithinAnRto) {
  send(2);
  now += kRto / 2;
  send(1);
  now += kRto / 2;
  outstanding.on_timeout(now, kRto, true);
  EXPECT_EQ(outstanding.flight(), 0U);
  EXPECT_EQ(resend(), (std::vector{kFirst, kFirst + 1}));
  outstanding.on_timeout(now, kRto, true);
  EXPECT_TRUE(resend().empty());
  now += kRto;
  EXPECT_EQ(resend().size(), 3U);
}

TEST_F(OutstandingTest, ChunksThatASackTakesBackAreLostAndWaitForAnRto) {
  send(10);
  EXPECT_FALSE(sack(kFirst - 1, {{2, 10}}).reneged);
  EXPECT_EQ(outstanding.flight(), 0U);
  now += kRto / 2;
  EXPECT_TRUE(sack(kFirst, {{3, 5}}).reneged);
  EXPECT_TRUE(outstanding.first_lost());
  EXPECT_TRUE(resend().empty());
  now += kRto / 2;
  EXPECT_EQ(resend(), (std::vector<std::uint32_t>{101, 102, 106, 107, 108, 109}));
}

TEST_F(OutstandingTest, GapBlocksAreIgnoredAfterRepeatedReneging) {
  send(100);
  unsigned reneged = 0;
  for (std::uint32_t cumulative = kFirst; cumulative < kFirst + 50; ++cumulative) {
    sack(cumulative - 1, {{2, 40}});
    reneged += sack(cumulative).reneged ? 1 : 0;
  }
  EXPECT_EQ(reneged, 8U);
}

TEST_F(OutstandingTest, RepeatedSacksCostNextToNothing) {
  send(16000);
  const auto time = [&](auto&& start_of) {
    const auto start = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < 10000; ++i) sack(kFirst - 1, {{static_cast<std::uint16_t>(start_of(i)), 16000}});
    return std::chrono::steady_clock::now() - start;
  };
  sack(kFirst - 1, {{2, 16000}});
  const auto of_one_chunk = time([](unsigned) { return 16000; });
  const auto of_thousands = time([](unsigned i) { return 2 + i % 8000; });
  EXPECT_LT(of_thousands, 25 * of_one_chunk);
}

TEST_F(OutstandingTest, LostChunksComeInTheOrderOfTheirTsns) {
  send(9);
  now += kRto;
  outstanding.on_timeout(now, kRto, true);
  EXPECT_EQ(outstanding.first_lost()->tsn, Tsn(kFirst));
  outstanding.take_lost(Tsn(kFirst), now);
  sack(kFirst + 1, {{3, 4}});
  EXPECT_EQ(resend(), (std::vector<std::uint32_t>{102, 103, 106, 107, 108}));
}

TEST_F(OutstandingTest, ForwardTsnIsOwedOncePerPoint) {
  const auto forward_to = [&] {
    std::array<std::uint8_t, 64> skipped;
    ForwardTsn forward;
    return outstanding.forward_tsn(skipped, forward) ? forward.new_cumulative_tsn.value : 0;
  };
  send(1, {.ppid = {}, .max_retransmits = 0});
  send(1);
  send(2, {.ppid = {}, .max_retransmits = 0});
  EXPECT_FALSE(outstanding.owes_forward_tsn());
  now += kRto;
  outstanding.on_timeout(now, kRto, true);
  EXPECT_TRUE(outstanding.owes_forward_tsn());
  EXPECT_EQ(forward_to(), kFirst);
  EXPECT_FALSE(outstanding.owes_forward_tsn());
  EXPECT_EQ(forward_to(), kFirst);  // again, should it have been lost
  sack(kFirst + 1);
  EXPECT_TRUE(outstanding.owes_forward_tsn());
  EXPECT_EQ(forward_to(), kFirst + 3);
}

TEST_F(OutstandingTest, ALateSackWithFewerGapsIsNoReneging) {
  send(10);
  sack(kFirst - 1, {{2, 10}});
  ASSERT_EQ(resend(), std::vector{kFirst});
  EXPECT_FALSE(sack(kFirst - 1, {{2, 4}}).reneged);
  EXPECT_FALSE(sack(kFirst - 1).reneged);
  EXPECT_FALSE(outstanding.first_lost());
  EXPECT_FALSE(sack(kFirst + 9).reneged);
  EXPECT_TRUE(outstanding.empty());
}

TEST_F(OutstandingTest, OnlyChunksSentOnceMeasureTheRoundTripTime) {
  send(2);
  outstanding.on_timeout(now + kRto, kRto, true);
  now += kRto;
  resend();
  EXPECT_EQ(sack(kFirst).sent, std::nullopt);
  send(1);
  EXPECT_EQ(sack(kFirst + 2).sent, now);
}

TEST_F(OutstandingTest, AMessageIsGivenUpAfterItsRetransmissions) {
  send(1, {.ppid = {}, .max_retransmits = 1});
  for (int transmission = 1; transmission <= 2; ++transmission) {
    std::array<std::uint8_t, 16> skipped;
    ForwardTsn forward;
    EXPECT_FALSE(outstanding.forward_tsn(skipped, forward));
    now += kRto;
    outstanding.on_timeout(now, kRto, true);
    EXPECT_EQ(resend().size(), transmission == 1 ? 1U : 0U);
  }
  std::array<std::uint8_t, 16> skipped;
  ForwardTsn forward;
  EXPECT_TRUE(outstanding.forward_tsn(skipped, forward));
  EXPECT_EQ(forward.new_cumulative_tsn, Tsn(kFirst));
}

TEST_F(OutstandingTest, AllFragmentsOfAMessageShareItsFate) {
  push(600, {.ppid = {}, .lifetime_ms = 100});
  fragments();
  ASSERT_EQ(outstanding.next_tsn(), Tsn(kFirst + 6));
  send(4);
  // The first fragment is lost in time and in flight again, after all that was sent before.
  sack(kFirst - 1, {{2, 4}});
  ASSERT_EQ(resend(), std::vector{kFirst});
  // A later one is lost when the message's time is over: now the first one's is, too.
  now += milliseconds(200);
  for (std::uint16_t end = 7; end <= 9; ++end) sack(kFirst - 1, {{2, 4}, {7, end}});
  std::array<std::uint8_t, 16> skipped;
  ForwardTsn forward;
  ASSERT_TRUE(outstanding.forward_tsn(skipped, forward));
  EXPECT_EQ(forward.new_cumulative_tsn, Tsn(kFirst + 5));
  EXPECT_TRUE(resend().empty());
}

}  // namespace
}  // namespace redan::sctp
