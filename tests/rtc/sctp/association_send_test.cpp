// Data to a peer, and what the peer acknowledges.
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

using AssociationSend = ByHand;

TEST_F(AssociationSend, AMessageOf4GiBIsRefused) {
  establish();
  const OutgoingStream stream = us.open_stream();
  const Packet payload(1);
  // Never read: its size alone refuses it.
  const Bytes huge(payload.data(), std::size_t{1} << 32U);
  EXPECT_EQ(us.send(stream, {}, huge).error(), Errc::invalid_argument);
  EXPECT_EQ(us.buffered(stream), 0U);
}

TEST_F(AssociationSend, DataInFlightStaysWithinTheCongestionWindow) {
  establish();
  send(1, 60000);
  std::size_t bytes = 0;
  for (const auto& packet : drain()) bytes += packet.size();
  EXPECT_GE(bytes, us.cwnd());
  EXPECT_LE(bytes, us.cwnd() + 2 * config.max_packet);
}

TEST_F(AssociationSend, DataInFlightStaysWithinThePeersWindow) {
  establish();
  send(1, 1000);
  drain();
  sack(first_tsn, {}, 3000);
  send(2, 9000);
  std::size_t bytes = 0;
  for (const auto& packet : drain()) bytes += packet.size();
  EXPECT_GE(bytes, 2000U);
  EXPECT_LE(bytes, 3100U);
}

TEST_F(AssociationSend, RenegingShrinksTheWindowAndSendsNothingAgainWithinAnRto) {
  establish();
  send(1, 60000);
  std::size_t sent = 0;
  for (const auto& packet : drain()) sent += tsns(packet).size();
  ASSERT_GE(sent, 10U);
  std::uint32_t acked = first_tsn - 1;
  const std::size_t window = us.cwnd();
  std::size_t again = 0;
  for (int round = 0; round < 5; ++round) {
    sack(acked, {{2, static_cast<std::uint16_t>(sent - static_cast<std::size_t>(round))}});
    drain();
    sack(++acked);
    for (const auto& packet : drain()) {
      for (const std::uint32_t tsn : tsns(packet)) again += tsn < first_tsn + sent ? 1 : 0;
    }
  }
  EXPECT_EQ(us.drops()[Drop::reneged], 5U);
  EXPECT_EQ(again, 0U);
  EXPECT_EQ(us.retransmissions(), 1U);  // of the first chunk, before anything was taken back
  EXPECT_EQ(us.cwnd(), 4 * config.max_packet);
  EXPECT_LT(us.cwnd(), window);
  now += Rto::kInitial;
  drain();
  EXPECT_GT(us.retransmissions(), 1U);
  EXPECT_LE(us.retransmissions(), 6U);
  const std::uint64_t before = us.retransmissions();
  sack(acked, {{2, 4}});
  sack(++acked);
  now += milliseconds(1);
  drain();
  EXPECT_LE(us.retransmissions(), before + 1);
}

TEST_F(AssociationSend, ASackWithAGapBlockAtOneIsRefusedAsAWhole) {
  establish();
  send(1, 5000);
  drain();
  sack(first_tsn, {{1, 3}});
  EXPECT_EQ(us.drops()[Drop::bad_sack], 1U);
  EXPECT_TRUE(drain().empty());
  sack(first_tsn);
  EXPECT_EQ(us.drops()[Drop::old_sack], 0U);
}

TEST_F(AssociationSend, OnlyTheFirstSackOfAPacketIsRead) {
  establish();
  send(1, 5000);
  drain();
  feed(tag, [&](Writer& w) {
    write_sack(w, first_tsn, {}, 100000);
    for (int i = 0; i < 1000; ++i) write_sack(w, first_tsn + 1, {}, 100000);
  });
  EXPECT_EQ(us.drops()[Drop::unexpected_chunk], 1000U);
  sack(first_tsn);
  EXPECT_EQ(us.drops()[Drop::old_sack], 0U);
}

TEST_F(AssociationSend, AnImpossibleSackChangesNothing) {
  establish();
  const OutgoingStream stream = us.open_stream();
  us.assign_stream(stream, StreamId(1));
  Packet payload(5000);
  ASSERT_TRUE(us.send(stream, {}, payload));
  const auto sent = drain();
  ASSERT_GE(sent.size(), 5U);
  const std::uint32_t first = Reader(Bytes(sent[0]).subspan(16)).u32();
  const auto sack = [&](std::uint32_t cumulative, std::vector<GapBlock> gaps) {
    Packet blocks(4 * gaps.size());
    Writer w(blocks);
    for (const GapBlock gap : gaps) {
      w.u16(gap.start);
      w.u16(gap.end);
    }
    feed(tag, [&](Writer& chunk) { Sack{Tsn(cumulative), 100000, blocks, {}}.write(chunk); });
  };
  sack(first + 5, {});
  sack(first - 1, {{3, 2}});
  sack(first - 1, {{2, 65535}});
  sack(first - 1, {{0, 1}});
  sack(first - 1, {{3, 4}, {2, 2}});
  sack(first + 0x70000000U, {});
  EXPECT_EQ(us.drops()[Drop::bad_sack], 6U);
  sack(first - 2, {});
  EXPECT_EQ(us.drops()[Drop::old_sack], 1U);
  EXPECT_EQ(us.retransmissions(), 0U);
}

TEST_F(AssociationSend, ASilentPeerIsLostAfterTheMaximumOfTimeouts) {
  establish();
  send(1, 100);
  drain();
  const TimePoint start = now;
  while (!ended && now < start + std::chrono::minutes(5)) {
    now += milliseconds(100);
    drain();
  }
  EXPECT_EQ(ended, Errc::sctp_timeout);
  EXPECT_EQ(us.retransmissions(), config.max_retransmits);
  EXPECT_GE(now - start, std::chrono::seconds(33));
  EXPECT_LE(now - start, std::chrono::seconds(45));
}

TEST_F(AssociationSend, TheAssociationSurvivesAPathThatIsGoneForThirtySeconds) {
  establish();
  send(1, 100);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) {
      now += milliseconds(100);
      drain();
    }
    sack(first_tsn + static_cast<std::uint32_t>(round));
    send(static_cast<std::uint16_t>(2 + round), 100);
  }
  drain();
  EXPECT_FALSE(ended);
}

TEST_F(AssociationSend, AClosedWindowIsProbedForAsLongAsThePeerReportsIt) {
  establish();
  send(1, 5000);
  drain();
  for (int i = 0; i < 100; ++i) {
    sack(first_tsn - 1, {}, 0);
    now += Rto::kMax;
    drain();
  }
  EXPECT_FALSE(ended);
}

TEST_F(AssociationSend, ASackThatCouldWaitGoesAlongWithData) {
  establish();
  data(1000, kWhole);
  EXPECT_TRUE(drain().empty());
  send(1, 100);
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(types(packets[0]), (std::vector{ChunkType::sack, ChunkType::data}));
}

TEST_F(AssociationSend, ASackThatCouldWaitDoesNotGoWhileTheWindowHoldsTheDataBack) {
  establish();
  send(1, 60000);
  drain();
  data(1000, kWhole);
  EXPECT_TRUE(drain().empty());
}

TEST_F(AssociationSend, TheTimeoutOfAResetDoesNotSlowDataDown) {
  establish();
  const OutgoingStream stream = us.open_stream();
  us.assign_stream(stream, StreamId(9));
  us.reset_stream(stream);
  drain();
  for (int i = 0; i < 3; ++i) {
    now += Rto::kMax;
    drain();
  }
  send(1, 100);
  drain();
  now += Rto::kInitial;
  EXPECT_EQ(us.retransmissions(), 0U);
  drain();
  EXPECT_EQ(us.retransmissions(), 1U);
}

}  // namespace
}  // namespace redan::sctp
