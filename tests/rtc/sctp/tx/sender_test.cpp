#include "rtc/sctp/tx/sender.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kFirst = 100;
constexpr std::size_t kMaxPacket = 1200;
constexpr std::size_t kFull = kMaxPacket - kCommonHeaderSize - kDataHeaderSize;  // of payload

using Tsns = std::vector<std::uint32_t>;

class SenderTest : public ::testing::Test {
 protected:
  SenderTest() { sender.begin(Tsn(kFirst), {kWindow, false}); }

  OutgoingStream open(std::uint16_t id = 1) {
    const OutgoingStream stream = sender.streams().open();
    sender.streams().assign(stream, StreamId(id));
    return stream;
  }
  /// Messages that each fill a packet.
  void queue(std::size_t packets, const Delivery& delivery = {}) {
    const OutgoingStream stream = open();
    for (std::size_t i = 0; i < packets; ++i) sender.streams().push(stream, delivery, std::vector<std::uint8_t>(kFull));
  }
  /// The next packet; `used` bytes of it are taken by other chunks.
  Tsns write(std::size_t used = 0, bool new_data = true) {
    std::array<std::uint8_t, kMaxPacket> buffer{};
    PacketWriter packet(buffer, {});
    packet.chunks().zeros(used);
    sender.write_data(now, new_data, packet);
    const MutableBytes written = packet.finish(false);
    Tsns result;
    last_flags = 0;
    const Chunks chunks(written.subspan(kCommonHeaderSize + used));
    for (const Chunk& chunk : chunks.all()) {
      const Data data = Data::parse(chunk).value();
      result.push_back(data.tsn.value);
      last_flags = data.flags;
    }
    return result;
  }
  /// All packets that may go now.
  Tsns write_all() {
    Tsns result;
    for (Tsns next = write(); !next.empty(); next = write()) result.insert(result.end(), next.begin(), next.end());
    return result;
  }
  void sack(std::uint32_t cumulative, const std::vector<GapBlock>& gaps = {}, std::uint32_t a_rwnd = kWindow) {
    std::vector<std::uint8_t> blocks(4 * gaps.size());
    Writer w(blocks);
    for (const GapBlock gap : gaps) {
      w.u16(gap.start);
      w.u16(gap.end);
    }
    sender.on_sack(now, Sack{Tsn(cumulative), a_rwnd, blocks, {}});
  }
  std::optional<std::uint32_t> forward_tsn() {
    const Chunks chunks([&](Writer& w) { sender.write_forward_tsn(now, w); });
    if (chunks.empty()) return std::nullopt;
    return ForwardTsn::parse(chunks.front())->new_cumulative_tsn.value;
  }
  void wait(Duration time) {
    now += time;
    sender.run_timers(now);
  }
  void time_out() { wait(std::max(sender.deadline() - now, sender.rto().value())); }
  /// A round trip of 100 ms.
  void measure() {
    queue(1);
    write();
    now += milliseconds(100);
    sack(sender.next_tsn().prev().value);
  }

  static constexpr std::uint32_t kWindow = 200'000;
  TimePoint now{seconds(1)};
  Counters<Drop> drops;
  ErrorCounter errors{3};
  Sender sender{{kMaxPacket, 100'000}, drops, errors};
  std::uint8_t last_flags = 0;
};

TEST_F(SenderTest, SendsAsMuchAsTheCongestionWindowAllows) {
  queue(50);
  EXPECT_EQ(write_all().size(), 11U);  // the last one may begin below the window and end above it
  EXPECT_FALSE(sender.has_data(now, true));
}

TEST_F(SenderTest, SendsAsMuchAsThePeersWindowAllows) {
  sender.begin(Tsn(kFirst), {3000, false});
  queue(50);
  EXPECT_EQ(write_all().size(), 2U);
  sack(kFirst + 1, {}, 5000);
  EXPECT_EQ(write_all().size(), 4U);
}

TEST_F(SenderTest, ProbesAClosedWindowWithOneChunkWhileNothingIsInFlight) {
  sender.begin(Tsn(kFirst), {0, false});
  queue(5);
  EXPECT_EQ(write_all(), Tsns{kFirst});
  sack(kFirst, {}, 0);
  EXPECT_EQ(write_all(), Tsns{kFirst + 1});
}

TEST_F(SenderTest, HasNoMoreInFlightThanTheSendBuffer) {
  Sender small({kMaxPacket, 2 * kFull}, drops, errors);
  small.begin(Tsn(kFirst), {kWindow, false});
  const OutgoingStream stream = small.streams().open();
  small.streams().assign(stream, StreamId(1));
  for (int i = 0; i < 5; ++i) small.streams().push(stream, {}, std::vector<std::uint8_t>(kFull));
  std::size_t packets = 0;
  for (; packets < 10; ++packets) {
    std::array<std::uint8_t, kMaxPacket> buffer{};
    PacketWriter packet(buffer, {});
    small.write_data(now, true, packet);
    if (packet.empty()) break;
  }
  EXPECT_EQ(packets, 2U);
}

TEST_F(SenderTest, RefusesAMessageThatTheSendBufferHasNoRoomFor) {
  const OutgoingStream stream = open();
  EXPECT_TRUE(sender.send(stream, {}, std::vector<std::uint8_t>(200'000)));  // it is empty
  EXPECT_EQ(sender.send(stream, {}, std::vector<std::uint8_t>(10)).error(), Errc::would_block);
}

TEST_F(SenderTest, RefusesAMessageOfNoSizeOrOfAnUnknownStream) {
  const std::vector<std::uint8_t> payload(10);
  EXPECT_EQ(sender.send(open(), {}, {}).error(), Errc::invalid_argument);
  EXPECT_EQ(sender.send({}, {}, payload).error(), Errc::invalid_argument);
  // Never read: its size alone refuses it.
  EXPECT_EQ(sender.send(open(), {}, Bytes(payload.data(), std::size_t{1} << 32U)).error(), Errc::invalid_argument);
}

TEST_F(SenderTest, SendsNothingNewWhenOnlyRetransmissionsAreAllowed) {
  queue(3);
  EXPECT_EQ(write(), Tsns{kFirst});
  EXPECT_TRUE(write(0, false).empty());
  EXPECT_FALSE(sender.has_data(now, false));
  time_out();
  EXPECT_TRUE(sender.has_data(now, false));
  EXPECT_EQ(write(0, false), Tsns{kFirst});
}

TEST_F(SenderTest, FastRetransmitsAfterThreeReportsWhateverTheWindow) {
  queue(50);
  const std::size_t sent = write_all().size();
  ASSERT_GE(sent, 11U);
  now += milliseconds(100);
  for (std::uint16_t end = 2; end <= 4; ++end) {
    EXPECT_EQ(sender.retransmissions(), 0U);
    sack(kFirst - 1, {{2, end}});
    if (end < 4) write_all();
  }
  EXPECT_TRUE(sender.has_data(now, true));
  const Tsns again = write();
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again[0], kFirst);
  EXPECT_EQ(sender.retransmissions(), 1U);
}

TEST_F(SenderTest, RetransmitsOnePacketAtOnceAndTheRestAsTheWindowAllows) {
  queue(20);
  const std::size_t sent = write_all().size();
  time_out();
  Tsns again;
  for (Tsns next = write(); !next.empty(); next = write()) again.insert(again.end(), next.begin(), next.end());
  EXPECT_EQ(again.size(), 5U);  // four packets and the one that may go above the window
  EXPECT_LT(again.size(), sent);
}

TEST_F(SenderTest, KeepsALostChunkForTheNextPacketWhenItDoesNotFitIntoThisOne) {
  queue(50);
  write_all();
  for (std::uint16_t end = 2; end <= 4; ++end) sack(kFirst - 1, {{2, end}});
  EXPECT_TRUE(write(kMaxPacket - kCommonHeaderSize - 100).empty());
  EXPECT_EQ(write(), Tsns{kFirst});
}

TEST_F(SenderTest, BacksOffItsTimeoutAndCountsIt) {
  queue(1);
  write();
  Duration timeout = Rto::kInitial;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(errors.exceeded());
    EXPECT_EQ(sender.deadline() - now, std::min(timeout, Rto::kMax));
    time_out();
    EXPECT_EQ(write(), Tsns{kFirst});
    timeout *= 2;
  }
  EXPECT_TRUE(errors.exceeded());
}

TEST_F(SenderTest, CountsAnAcknowledgementAsAnAnswer) {
  queue(10);
  for (std::uint32_t i = 0; i < 8; ++i) {
    write();
    time_out();
    sack(kFirst + i);
    write();
  }
  EXPECT_FALSE(errors.exceeded());
}

TEST_F(SenderTest, CountsTheReportOfAClosedWindowAsAnAnswer) {
  queue(2);
  write();
  for (int i = 0; i < 20; ++i) {
    time_out();
    write();
    sack(kFirst - 1, {}, 0);
  }
  EXPECT_FALSE(errors.exceeded());
  for (int i = 0; i < 20; ++i) {
    time_out();
    write();
    sack(kFirst - 1, {}, kWindow);  // acknowledges nothing, with an open window
  }
  EXPECT_TRUE(errors.exceeded());
}

TEST_F(SenderTest, MeasuresTheRoundTripTimeOfChunksSentOnce) {
  queue(2);
  write();
  now += milliseconds(100);
  sack(kFirst);
  EXPECT_EQ(sender.rto().base(), milliseconds(100) + Rto::kMinVariance);
  write();
  time_out();
  write();
  now += milliseconds(900);
  const Duration before = sender.rto().base();
  sack(kFirst + 1);
  EXPECT_EQ(sender.rto().base(), before);
}

TEST_F(SenderTest, ShrinksItsWindowWithATimeoutAndGrowsItWithAcknowledgements) {
  queue(40);
  const std::size_t sent = write_all().size();
  const std::size_t before = sender.cwnd();
  sack(kFirst + static_cast<std::uint32_t>(sent) - 1);
  EXPECT_GT(sender.cwnd(), before);
  write_all();
  time_out();
  EXPECT_EQ(sender.cwnd(), 4 * kMaxPacket);
}

TEST_F(SenderTest, TreatsRenegingAsATimeout) {
  queue(20);
  const std::size_t sent = write_all().size();
  sack(kFirst - 1, {{2, static_cast<std::uint16_t>(sent)}});
  write_all();
  sack(kFirst);  // and nothing of what the gap block acknowledged
  EXPECT_EQ(drops[Drop::reneged], 1U);
  EXPECT_EQ(sender.cwnd(), 4 * kMaxPacket);
  EXPECT_EQ(sender.retransmissions(), 1U);   // of the first chunk, before
  EXPECT_FALSE(sender.has_data(now, true));  // nothing again within an RTO
  time_out();
  write();
  EXPECT_GT(sender.retransmissions(), 1U);
}

TEST_F(SenderTest, StopsItsTimerWhenEverythingIsAcknowledged) {
  queue(2);
  EXPECT_EQ(sender.deadline(), kNever);
  write_all();
  EXPECT_NE(sender.deadline(), kNever);
  sack(kFirst + 1);
  EXPECT_EQ(sender.deadline(), kNever);
  EXPECT_TRUE(sender.idle());
}

TEST_F(SenderTest, StartsItsTimerAnewWithTheCumulativeTsn) {
  queue(3);
  write_all();
  const TimePoint first = sender.deadline();
  now += milliseconds(100);
  sack(kFirst + 1);
  EXPECT_EQ(sender.deadline(), now + sender.rto().value());
  EXPECT_NE(sender.deadline(), first);
}

TEST_F(SenderTest, IgnoresAnOldSackAndOneThatContradictsItself) {
  queue(3);
  write_all();
  sack(kFirst + 1);
  sack(kFirst);
  sack(kFirst + 7);
  EXPECT_EQ(drops[Drop::old_sack], 1U);
  EXPECT_EQ(drops[Drop::bad_sack], 1U);
}

TEST_F(SenderTest, TakesAShutdownForAnAcknowledgement) {
  sender.begin(Tsn(kFirst), {3000, false});
  queue(5);
  write_all();
  sender.on_shutdown(now, Tsn(kFirst + 1));
  EXPECT_EQ(write_all().size(), 2U);  // the peer's window is the same as before
}

TEST_F(SenderTest, SkipsAMessageThatItGaveUp) {
  sender.begin(Tsn(kFirst), {kWindow, true});
  queue(2, {.ppid = {}, .max_retransmits = 0});
  write_all();
  EXPECT_EQ(forward_tsn(), std::nullopt);
  time_out();
  EXPECT_EQ(forward_tsn(), kFirst + 1);
  EXPECT_TRUE(write_all().empty());
  EXPECT_NE(sender.deadline(), kNever);  // it may be lost, too
  EXPECT_EQ(forward_tsn(), std::nullopt);
  time_out();
  EXPECT_EQ(forward_tsn(), kFirst + 1);
}

TEST_F(SenderTest, GivesNothingUpIfThePeerDoesNotKnowForwardTsn) {
  queue(1, {.ppid = {}, .max_retransmits = 0});
  write_all();
  time_out();
  EXPECT_EQ(forward_tsn(), std::nullopt);
  EXPECT_EQ(write(), Tsns{kFirst});
}

TEST_F(SenderTest, GivesUpTheRestOfAMessageThatExpiresWhileItIsSent) {
  sender.begin(Tsn(kFirst), {kWindow, true});
  const OutgoingStream stream = open();
  sender.streams().push(stream, {.ppid = {}, .lifetime_ms = 50}, std::vector<std::uint8_t>(3 * kFull));
  sender.run_timers(now);
  EXPECT_EQ(write(), Tsns{kFirst});
  wait(milliseconds(50));
  EXPECT_TRUE(write().empty());
  EXPECT_EQ(forward_tsn(), kFirst + 1);
}

TEST_F(SenderTest, AsksForASackAtOnceWhileItsWindowIsSmall) {
  queue(30);
  write();
  EXPECT_EQ(last_flags & Data::kImmediate, 0);
  write_all();
  time_out();
  write();
  EXPECT_NE(last_flags & Data::kImmediate, 0);
}

TEST_F(SenderTest, AsksForASackAtOnceWithTheLastOfMuchData) {
  queue(8);
  for (int i = 0; i < 7; ++i) write();
  EXPECT_EQ(last_flags & Data::kImmediate, 0);
  write();
  EXPECT_NE(last_flags & Data::kImmediate, 0);
}

TEST_F(SenderTest, ForgetsWhatIsInFlightInANewAssociation) {
  queue(5);
  write_all();
  sender.streams().clear();
  sender.begin(Tsn(7000), {kWindow, false});
  EXPECT_EQ(sender.deadline(), kNever);
  EXPECT_TRUE(sender.idle());
  queue(2);
  EXPECT_EQ(write_all(), (Tsns{7000, 7001}));
}

TEST_F(SenderTest, KeepsWhatWasQueuedBeforeTheAssociationIsUp) {
  queue(2);
  sender.begin(Tsn(7000), {kWindow, false});
  EXPECT_EQ(write_all(), (Tsns{7000, 7001}));
}

TEST_F(SenderTest, FindsALossWhenTheReorderingWindowIsOver) {
  measure();
  queue(2);
  write_all();
  now += milliseconds(100);
  sack(kFirst, {{2, 2}});
  EXPECT_FALSE(sender.has_data(now, true));
  wait(milliseconds(25));
  EXPECT_EQ(write(), Tsns{kFirst + 1});
}

TEST_F(SenderTest, ProbesTheTailWithItsLastChunkBeforeTheTimeout) {
  measure();
  queue(8);
  const Tsns sent = write_all();
  const TimePoint probe = sender.deadline();
  EXPECT_EQ(probe, now + milliseconds(200));
  wait(probe - now);
  EXPECT_TRUE(sender.has_data(now, true));
  const std::size_t before = sender.cwnd();
  EXPECT_EQ(write(), Tsns{sent.back()});
  EXPECT_NE(last_flags & Data::kImmediate, 0);
  EXPECT_TRUE(write_all().empty());  // one only
  EXPECT_EQ(sender.cwnd(), before);
  now += milliseconds(100);
  sack(kFirst, {{8, 8}});  // the probe arrived, and what is missing is known
  wait(milliseconds(25));
  EXPECT_EQ(write_all().front(), kFirst + 1);
}

TEST_F(SenderTest, ProbesTheTailWithNewDataIfThereIsAny) {
  measure();
  queue(8);
  write_all();
  wait(sender.deadline() - now);
  queue(1);
  EXPECT_EQ(write().back(), kFirst + 9);
  EXPECT_EQ(sender.retransmissions(), 0U);
}

TEST_F(SenderTest, TakesALossThatTheProbeRepairedForCongestion) {
  measure();
  queue(8);
  write_all();
  wait(sender.deadline() - now);
  write();
  now += milliseconds(100);
  const std::size_t before = sender.cwnd();
  sack(kFirst + 8);
  EXPECT_LT(sender.cwnd(), before);
}

TEST_F(SenderTest, GivesTheWindowBackAfterRetransmissionsThatWereNotNeeded) {
  measure();
  queue(8);
  write_all();
  now += milliseconds(100);
  const std::size_t before = sender.cwnd();
  sack(kFirst, {{2, 5}});
  ASSERT_EQ(write(), Tsns{kFirst + 1});
  ASSERT_LT(sender.cwnd(), before);
  now += milliseconds(20);
  sack(kFirst + 8);
  EXPECT_GE(sender.cwnd(), before);
}

TEST_F(SenderTest, PacesWhatItsControllerHasARateFor) {
  Sender paced({kMaxPacket, 100'000, ControllerKind::bbr}, drops, errors);
  paced.begin(Tsn(kFirst), {kWindow, false});
  const OutgoingStream stream = paced.streams().open();
  paced.streams().assign(stream, StreamId(1));
  for (int i = 0; i < 60; ++i) paced.streams().push(stream, {}, std::vector<std::uint8_t>(kFull));
  const auto packets = [&] {
    std::size_t count = 0;
    while (true) {
      std::array<std::uint8_t, kMaxPacket> buffer{};
      PacketWriter packet(buffer, {});
      paced.write_data(now, true, packet);
      if (packet.empty()) return count;
      ++count;
    }
  };
  const auto first = static_cast<std::uint32_t>(packets());  // no rate is known yet
  EXPECT_EQ(first, 11U);
  now += milliseconds(100);
  paced.on_sack(now, Sack{Tsn(kFirst + first - 1), kWindow, {}, {}});
  const std::size_t burst = packets();
  EXPECT_GT(burst, 0U);
  EXPECT_LT(burst, first);
  EXPECT_FALSE(paced.has_data(now, true));
  const TimePoint next = paced.deadline();
  EXPECT_GT(next, now);
  EXPECT_LT(next, now + milliseconds(50));
  now = next;
  EXPECT_TRUE(paced.has_data(now, true));
  EXPECT_GT(packets(), 0U);
}

}  // namespace
}  // namespace redan::sctp
