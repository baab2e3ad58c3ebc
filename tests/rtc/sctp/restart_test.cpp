// A peer that begins anew: RFC 9260 sections 5.2.2 and 5.2.4.
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

constexpr VerificationTag kNewTag(99);

class Restart : public ByHand {
 protected:
  /// The whole of it; nothing is polled after the COOKIE ECHO.
  void restart() {
    offer(kNewTag);
    echo(cookie);
  }
};

TEST_F(Restart, AnInitWhileEstablishedIsAnsweredAndChangesNothing) {
  establish();
  const VerificationTag ours = tag;
  const OutgoingStream stream = send(1, 100);
  offer(kNewTag);
  EXPECT_NE(tag, ours);  // RFC 9260 section 5.2.2: a new tag in the INIT ACK
  EXPECT_EQ(us.restarts(), 0U);
  EXPECT_TRUE(us.send(stream, {}, Packet(10)));
  tag = ours;
  data(1000, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 1U);
}

TEST_F(Restart, AValidCookieEchoMakesAllNamesOfStreamsStaleAtOnce) {
  establish();
  const OutgoingStream one = send(1, 5000), two = send(2, 5000);
  drain();
  restart();
  EXPECT_EQ(us.restarts(), 1U);
  EXPECT_EQ(us.send(one, {}, Packet(10)).error(), Errc::invalid_argument);
  us.send_always(two, {}, Packet(10));
  us.assign_stream(one, StreamId(7));
  us.set_low_threshold(two, 100);
  us.reset_stream(one);
  us.forget_stream(two);
  EXPECT_EQ(us.buffered(one), 0U);
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(types(packets[0]), std::vector{ChunkType::cookie_ack});
}

TEST_F(Restart, AStaleNameDoesNotReachTheStreamThatHasItsSlotNow) {
  establish();
  const OutgoingStream old = send(1, 5000);
  restart();
  drain();
  const OutgoingStream fresh = us.open_stream();
  EXPECT_EQ(fresh.slot, old.slot);
  EXPECT_FALSE(us.send(old, {}, Packet(10)));
  us.assign_stream(old, StreamId(1));
  ASSERT_TRUE(us.send(fresh, {}, Packet(10)));
  EXPECT_EQ(us.buffered(fresh), 10U);
  us.forget_stream(old);
  EXPECT_EQ(us.buffered(fresh), 10U);
  EXPECT_TRUE(drain().empty());  // the new stream still has no id
}

TEST_F(Restart, DataWorksBothWaysAfterwards) {
  establish();
  send(1, 5000);
  drain();
  for (int i = 0; i < 3; ++i) {
    offer(VerificationTag(100U + static_cast<unsigned>(i)));
    echo(cookie);
    data(1000, kWhole);
    send(3, 100);
    const auto packets = drain();
    EXPECT_EQ(messages.size(), static_cast<std::size_t>(i) + 1);
    const auto sent = std::count_if(packets.begin(), packets.end(), [](const Packet& p) { return !tsns(p).empty(); });
    EXPECT_EQ(sent, 1);
  }
  EXPECT_TRUE(us.established());
}

TEST_F(Restart, DataOnEitherSideOfTheCookieEchoIsSafe) {
  establish();
  offer(kNewTag);
  data(1000, kWhole);  // with the tag of the offer, which is not yet ours
  EXPECT_EQ(us.drops()[Drop::verification_tag], 1U);
  feed(tag, [&](Writer& w) {
    write_chunk(w, ChunkType::cookie_echo, 0, [&](Writer& v) { v.bytes(cookie); });
    Data{kWhole, Tsn(1000), StreamId(4), Ssn(0), Ppid(53), Packet(9)}.write(w);
  });
  drain();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].size(), 9U);
}

TEST_F(Restart, MessagesNotTakenOutAreForgotten) {
  establish();
  offer(kNewTag);
  const VerificationTag fresh = std::exchange(tag, first_tag);
  data(1000, kWhole);
  data(1002, kWhole, Ssn(1));
  tag = fresh;
  echo(cookie);
  EXPECT_EQ(us.receive_memory(), 0U);
  drain();
  EXPECT_TRUE(messages.empty());
}

TEST_F(Restart, ACookieWithOnlyOneNewTagIsNoRestart) {
  establish();
  const OutgoingStream stream = send(1, 10);
  now += std::chrono::seconds(61);  // the first offer is too old to be repeated
  offer();                          // the peer's old tag, a new one of ours
  echo(cookie);
  EXPECT_EQ(us.restarts(), 0U);
  EXPECT_EQ(us.drops()[Drop::bad_cookie], 1U);
  EXPECT_TRUE(us.send(stream, {}, Packet(10)));
}

TEST_F(Restart, AnOfferMadeBeforeConnectIsVoid) {
  offer();
  us.connect();
  drain();
  const OutgoingStream stream = us.open_stream();
  echo(cookie);
  EXPECT_FALSE(us.established());
  EXPECT_TRUE(us.send(stream, {}, Packet(10)));
}

TEST_F(Restart, AnEndedResetIsNotReportedForAStreamOfTheOldAssociation) {
  establish();
  const OutgoingStream stream = us.open_stream();
  us.assign_stream(stream, StreamId(1));
  us.reset_stream(stream);
  drain();
  restart();
  feed(tag, [&](Writer& w) {
    write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
      // As it would be answered if it had been asked for in the new association.
      ResetResponse{ResetSequence(first_tsn), ResetResult::performed}.write(v);
    });
  });
  drain();
  EXPECT_EQ(outgoing_resets, 0);
  EXPECT_EQ(us.drops()[Drop::bad_reset], 1U);
}

}  // namespace
}  // namespace redan::sctp
