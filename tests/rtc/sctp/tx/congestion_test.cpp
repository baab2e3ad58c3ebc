#include "rtc/sctp/tx/congestion.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

constexpr std::size_t kMtu = 1000;

AckEvent ack(std::uint32_t cumulative, bool advanced, std::size_t acked, std::size_t in_flight) {
  return {TimePoint{}, Tsn(cumulative), advanced, acked, in_flight, 0, {}};
}

TEST(Congestion, StartsWithTenPackets) { EXPECT_EQ(Congestion(kMtu).cwnd(), 10 * kMtu); }

TEST(Congestion, GrowsByWhatIsAcknowledgedInSlowStart) {
  Congestion congestion(kMtu);
  congestion.on_ack(ack(1, true, 3 * kMtu, 10 * kMtu));
  EXPECT_EQ(congestion.cwnd(), 13 * kMtu);
}

TEST(Congestion, DoesNotGrowWhileTheWindowIsNotFull) {
  Congestion congestion(kMtu);
  congestion.on_ack(ack(1, true, 3 * kMtu, 9 * kMtu));
  congestion.on_ack(ack(1, false, 3 * kMtu, 10 * kMtu));
  EXPECT_EQ(congestion.cwnd(), 10 * kMtu);
}

TEST(Congestion, HalvesOncePerRoundOfLoss) {
  Congestion congestion(kMtu);
  congestion.on_ack(ack(1, true, 10 * kMtu, 10 * kMtu));
  EXPECT_TRUE(congestion.on_loss({.now = {}, .highest = Tsn(50)}));
  EXPECT_EQ(congestion.cwnd(), 10 * kMtu);
  EXPECT_FALSE(congestion.on_loss({.now = {}, .highest = Tsn(60)}));
  EXPECT_EQ(congestion.cwnd(), 10 * kMtu);
  congestion.on_ack(ack(49, true, kMtu, 10 * kMtu));
  EXPECT_FALSE(congestion.on_loss({.now = {}, .highest = Tsn(60)}));
  congestion.on_ack(ack(50, true, kMtu, 0));
  EXPECT_TRUE(congestion.on_loss({.now = {}, .highest = Tsn(70)}));
  EXPECT_EQ(congestion.cwnd(), 5 * kMtu);
}

TEST(Congestion, GrowsByOnePacketPerWindowAfterALoss) {
  Congestion congestion(kMtu);
  congestion.on_loss({.now = {}, .highest = Tsn(1)});
  congestion.on_ack(ack(1, true, kMtu, 0));
  ASSERT_EQ(congestion.cwnd(), 5 * kMtu);
  congestion.on_ack(ack(2, true, 5 * kMtu, 5 * kMtu));  // leaves slow start
  const std::size_t before = congestion.cwnd();
  for (std::size_t acked = 0; acked < before; acked += kMtu) congestion.on_ack(ack(3, true, kMtu, before));
  EXPECT_EQ(congestion.cwnd(), before + kMtu);
}

TEST(Congestion, FallsToFourPacketsWithATimeout) {
  Congestion congestion(kMtu);
  congestion.on_ack(ack(1, true, 10 * kMtu, 10 * kMtu));
  congestion.on_timeout();
  EXPECT_EQ(congestion.cwnd(), 4 * kMtu);
}

TEST(Congestion, GivesTheWindowBackWhenTheLossWasAMistake) {
  Congestion congestion(kMtu);
  congestion.on_loss({.now = {}, .highest = Tsn(50)});
  congestion.on_undo();
  EXPECT_EQ(congestion.cwnd(), 10 * kMtu);
  congestion.on_ack(ack(1, true, kMtu, 10 * kMtu));
  EXPECT_EQ(congestion.cwnd(), 11 * kMtu);  // in slow start as before
}

}  // namespace
}  // namespace redan::sctp
