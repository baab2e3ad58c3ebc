// The ends of an association (RFC 9260 section 9).
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

class AssociationShutdown : public ByHand {
 protected:
  void SetUp() override { establish(); }
  /// The chunks of all packets that go now.
  std::vector<ChunkType> chunks() {
    std::vector<ChunkType> result;
    for (const Packet& packet : drain()) {
      for (const ChunkType type : types(packet)) result.push_back(type);
    }
    return result;
  }
  void control(ChunkType type, std::uint8_t flags = 0) {
    feed(tag, [&](Writer& w) { write_chunk(w, type, flags); });
  }
  void shutdown_from_peer(std::uint32_t cumulative_ack) {
    feed(tag, [&](Writer& w) { Shutdown{Tsn(cumulative_ack)}.write(w); });
  }
  using Types = std::vector<ChunkType>;
};

TEST_F(AssociationShutdown, WaitsUntilEverythingQueuedIsAcknowledged) {
  const OutgoingStream stream = send(1, 100);
  us.shutdown();
  EXPECT_FALSE(us.established());
  EXPECT_EQ(us.send(stream, {}, Packet(10)).error(), Errc::not_connected);
  EXPECT_EQ(chunks(), Types{ChunkType::data});
  sack(first_tsn);
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown});
  control(ChunkType::shutdown_ack);
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown_complete});
  EXPECT_EQ(ended, Errc::sctp_shut_down);
  EXPECT_TRUE(us.ended());
}

TEST_F(AssociationShutdown, RepeatsShutdownUntilThePeerIsLost) {
  us.shutdown();
  unsigned count = 0;
  while (!ended && now < TimePoint(std::chrono::minutes(5))) {
    for (const ChunkType type : chunks()) count += type == ChunkType::shutdown ? 1 : 0;
    now += milliseconds(100);
  }
  EXPECT_EQ(ended, Errc::sctp_timeout);
  EXPECT_EQ(count, config.max_retransmits + 1);
}

TEST_F(AssociationShutdown, AnswersThePeersShutdownAndEndsWithShutdownComplete) {
  send(1, 100);
  drain();
  shutdown_from_peer(first_tsn - 1);
  EXPECT_EQ(chunks(), Types{});
  sack(first_tsn);
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown_ack});
  control(ChunkType::shutdown_complete);
  drain();
  EXPECT_EQ(ended, Errc::sctp_shut_down);
}

TEST_F(AssociationShutdown, TakesThePeersShutdownForAnAcknowledgement) {
  send(1, 100);
  drain();
  shutdown_from_peer(first_tsn);
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown_ack});
}

TEST_F(AssociationShutdown, AcknowledgesDataAtOnceAfterItsShutdown) {
  us.shutdown();
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown});
  data(1000, kWhole);
  EXPECT_EQ(chunks(), Types{ChunkType::sack});
  EXPECT_EQ(messages.size(), 1U);
}

TEST_F(AssociationShutdown, DropsDataOnceBothSidesHaveShutDown) {
  shutdown_from_peer(first_tsn - 1);
  drain();
  data(1000, kWhole);
  drain();
  EXPECT_TRUE(messages.empty());
  EXPECT_EQ(us.drops()[Drop::unexpected_chunk], 1U);
}

TEST_F(AssociationShutdown, DropsAnswersThatItDoesNotWaitFor) {
  control(ChunkType::shutdown_ack);
  control(ChunkType::shutdown_complete);
  EXPECT_EQ(us.drops()[Drop::unexpected_chunk], 2U);
  EXPECT_TRUE(us.established());
}

TEST_F(AssociationShutdown, AnswersAnInitWithShutdownAckWhenThePeerBeginsAnew) {
  shutdown_from_peer(first_tsn - 1);
  drain();
  feed(VerificationTag(0), [&](Writer& w) { their_init(VerificationTag(99)).write(w, ChunkType::init); });
  EXPECT_EQ(chunks(), Types{ChunkType::shutdown_ack});
}

TEST_F(AssociationShutdown, DropsAnInitWithImpossibleValuesWhileItWaitsForShutdownComplete) {
  shutdown_from_peer(first_tsn - 1);
  drain();
  Init impossible = their_init(VerificationTag(99));
  impossible.a_rwnd = 1499;
  feed(VerificationTag(0), [&](Writer& w) { impossible.write(w, ChunkType::init); });
  EXPECT_TRUE(drain().empty());
  EXPECT_EQ(us.drops()[Drop::bad_init], 1U);
}

TEST_F(AssociationShutdown, RefusesARestartWhileItShutsDown) {
  us.shutdown();
  drain();
  const VerificationTag ours = tag;
  offer(VerificationTag(99));
  echo(cookie);
  EXPECT_EQ(us.restarts(), 0U);
  tag = ours;
  control(ChunkType::shutdown_ack);
  drain();
  EXPECT_EQ(ended, Errc::sctp_shut_down);
}

TEST_F(AssociationShutdown, SendsNoHeartbeatWhileItShutsDown) {
  send(1, 100);
  us.shutdown();
  drain();
  for (int i = 0; i < 3; ++i) {
    now += config.heartbeat_interval;
    for (const ChunkType type : chunks()) EXPECT_NE(type, ChunkType::heartbeat);
    sack(first_tsn - 1, {}, 0);
  }
}

TEST_F(AssociationShutdown, EndsAtOnceWhenThePeerAborts) {
  data(1000, kWhole);
  control(ChunkType::abort);
  EXPECT_TRUE(us.ended());
  EXPECT_EQ(chunks(), Types{});
  EXPECT_EQ(messages.size(), 1U);  // it had come before
  EXPECT_EQ(ended, Errc::sctp_aborted);
  EXPECT_EQ(us.receive_memory(), 0U);
  data(1001, kWhole, Ssn(1));
  drain();
  EXPECT_EQ(messages.size(), 1U);
}

TEST_F(AssociationShutdown, SendsAbortOnceWhenTheApplicationAborts) {
  us.abort();
  EXPECT_TRUE(us.ended());
  us.abort();
  us.fail(Errc::sctp_protocol_violation);
  EXPECT_EQ(chunks(), Types{ChunkType::abort});
  EXPECT_EQ(ended, Errc::closed_locally);
  EXPECT_EQ(chunks(), Types{});
}

TEST_F(AssociationShutdown, AbortsForDataWithoutPayload) {
  feed(tag, [](Writer& w) { write_chunk(w, ChunkType::data, kWhole, [](Writer& v) { v.zeros(12); }); });
  EXPECT_EQ(chunks(), Types{ChunkType::abort});
  EXPECT_EQ(ended, Errc::sctp_protocol_violation);
}

TEST(AssociationBeforeSetup, EndsWithoutAPacketWhenItIsShutDown) {
  test::SeededRandom random{1};
  Association us{{}, random};
  us.shutdown();
  std::array<std::uint8_t, 1200> buffer{};
  const auto output = us.poll_output(TimePoint{}, buffer);
  ASSERT_TRUE(std::holds_alternative<Terminated>(output));
  EXPECT_EQ(std::get<Terminated>(output).reason, Errc::closed_locally);
}

TEST(AssociationBeforeSetup, EndsWhenNoAnswerComesToItsInit) {
  test::SeededRandom random{1};
  AssociationConfig config;
  config.max_init_retransmits = 3;
  Association us{config, random};
  us.connect();
  TimePoint now{};
  unsigned inits = 0;
  std::optional<Errc> ended;
  while (!ended && inits < 100 && now < TimePoint(std::chrono::minutes(5))) {
    std::array<std::uint8_t, 1200> buffer{};
    const auto output = us.poll_output(now, buffer);
    if (std::holds_alternative<Transmit>(output)) ++inits;
    if (const auto* wait = std::get_if<Wait>(&output)) now = wait->until;
    if (const auto* end = std::get_if<Terminated>(&output)) ended = end->reason;
  }
  EXPECT_EQ(inits, 4U);
  EXPECT_EQ(ended, Errc::sctp_timeout);
}

}  // namespace
}  // namespace redan::sctp
