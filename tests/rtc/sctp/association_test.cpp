// What a peer, hostile or broken, may send: set-up, tags, framing, checksums, ports and heartbeats.
#include "rtc/sctp/association.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using AssociationTest = ByHand;

TEST_F(AssociationTest, AForgedCookieIsRefused) {
  offer();
  for (std::size_t i = 0; i < 8 * cookie.size(); ++i) {
    Packet forged = cookie;
    forged[i / 8] = static_cast<std::uint8_t>(forged[i / 8] ^ (1U << (i % 8)));
    echo(forged);
  }
  echo({});
  echo(Packet(cookie.begin(), cookie.end() - 1));
  EXPECT_TRUE(drain().empty());
  EXPECT_FALSE(us.established());
  EXPECT_EQ(us.drops()[Drop::bad_cookie], 8 * cookie.size() + 2);
  echo(cookie);
  drain();
  EXPECT_TRUE(us.established());
}

TEST_F(AssociationTest, AStaleCookieIsRefused) {
  offer();
  now += std::chrono::seconds(61);
  echo(cookie);
  drain();
  EXPECT_FALSE(us.established());
}

TEST_F(AssociationTest, ALostCookieAckIsSentAgain) {
  establish();
  echo(cookie);
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(types(packets[0]), std::vector{ChunkType::cookie_ack});
}

TEST_F(AssociationTest, APacketWithAWrongTagChangesNothing) {
  establish();
  const auto wrong = VerificationTag(tag.value ^ 1U);
  feed(wrong, [](Writer& w) { write_chunk(w, ChunkType::abort); });
  feed(VerificationTag(0), [](Writer& w) { write_chunk(w, ChunkType::abort); });
  feed(tag, [](Writer& w) { write_chunk(w, ChunkType::abort, ErrorCauses::kReflectedTag); });
  feed(tag, [&](Writer& w) { their_init().write(w, ChunkType::init); });
  EXPECT_TRUE(drain().empty());
  EXPECT_TRUE(us.established());
  EXPECT_EQ(us.drops()[Drop::verification_tag], 4U);
}

TEST_F(AssociationTest, AnInitThatIsNotAloneOrHasImpossibleValuesIsDropped) {
  feed(VerificationTag(0), [&](Writer& w) {
    their_init().write(w, ChunkType::init);
    their_init().write(w, ChunkType::init);
  });
  for (int i = 0; i < 4; ++i) {
    Init init = their_init();
    if (i == 0) init.initiate_tag = VerificationTag(0);
    if (i == 1) init.a_rwnd = 1499;
    if (i == 2) init.inbound_streams = 0;
    if (i == 3) init.outbound_streams = 0;
    feed(VerificationTag(0), [&](Writer& w) { init.write(w, ChunkType::init); });
  }
  EXPECT_TRUE(drain().empty());
  EXPECT_GE(us.drops()[Drop::bad_init], 5U);
}

TEST_F(AssociationTest, APacketWithAChunkLengthThatDoesNotFitIsDropped) {
  establish();
  for (const unsigned type : {0U, 1U, 2U, 3U, 4U, 6U, 7U, 9U, 10U, 130U, 192U, 255U}) {
    for (const unsigned length : {0U, 1U, 2U, 3U, 9U, 65535U}) {
      feed(tag, [&](Writer& w) {
        w.u8(static_cast<std::uint8_t>(type));
        w.u8(0);
        w.u16(static_cast<std::uint16_t>(length));
        w.zeros(4);
      });
    }
  }
  EXPECT_EQ(us.drops()[Drop::malformed], 12U * 6U);
  EXPECT_TRUE(us.established());
}

TEST_F(AssociationTest, APacketWithAnyBitChangedIsDropped) {
  Association strict{config, random};
  std::vector<std::uint8_t> buffer(200);
  PacketWriter writer(buffer, {5000, 5000, VerificationTag(0)});
  their_init().write(writer.chunks(), ChunkType::init);
  const MutableBytes packet = writer.finish();
  for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
    Packet damaged(packet.begin(), packet.end());
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    strict.handle_input(now, damaged);
  }
  std::array<std::uint8_t, 1200> out;
  EXPECT_TRUE(std::holds_alternative<Wait>(strict.poll_output(now, out)));
  EXPECT_EQ(strict.drops().total(), 8 * packet.size());
}

TEST_F(AssociationTest, UnansweredHeartbeatsCountTowardsTheLossOfThePeer) {
  establish();
  int heartbeats = 0;
  for (int i = 0; i < 60 && !ended; ++i) {
    now += config.heartbeat_interval;
    for (const auto& packet : drain()) heartbeats += types(packet).front() == ChunkType::heartbeat ? 1 : 0;
  }
  EXPECT_EQ(ended, Errc::sctp_timeout);
  EXPECT_EQ(heartbeats, static_cast<int>(config.max_retransmits) + 1);
}

TEST_F(AssociationTest, AnsweredHeartbeatsKeepAnIdleAssociation) {
  establish();
  for (int i = 0; i < 60; ++i) {
    now += config.heartbeat_interval;
    for (const auto& packet : drain()) {
      for_each_chunk(Bytes(packet).subspan(kCommonHeaderSize), [&](const Chunk& chunk) {
        const Heartbeat heartbeat = *Heartbeat::parse(chunk);
        feed(tag, [&](Writer& w) { heartbeat.write(w, ChunkType::heartbeat_ack); });
        return true;
      });
    }
  }
  EXPECT_FALSE(ended);
}

TEST_F(AssociationTest, TheZeroChecksumIsOfferedOnlyWhenConfiguredOrAsked) {
  const auto offers = [&](bool configured, bool asked) {
    AssociationConfig c;
    c.accept_zero_checksum = configured;
    Association one{c, random};
    one.connect();
    std::array<std::uint8_t, 1200> buffer;
    const auto zero_in = [&](const Association::Output& output) {
      bool zero = false;
      for_each_chunk(std::get<Transmit>(output).packet.subspan(kCommonHeaderSize),
                     [&](const Chunk& chunk) { return zero = Init::parse(chunk)->zero_checksum, false; });
      return zero;
    };
    const bool in_init = zero_in(one.poll_output(now, buffer));
    std::array<std::uint8_t, 200> init;
    PacketWriter writer(init, {5000, 5000, VerificationTag(0)});
    Init theirs = their_init();
    theirs.zero_checksum = asked;
    theirs.write(writer.chunks(), ChunkType::init);
    one.handle_input(now, writer.finish());
    return std::pair(in_init, zero_in(one.poll_output(now, buffer)));
  };
  EXPECT_EQ(offers(false, false), std::pair(false, false));
  EXPECT_EQ(offers(false, true), std::pair(false, true));
  EXPECT_EQ(offers(true, false), std::pair(true, true));
}

TEST_F(AssociationTest, APacketWithoutChecksumIsAcceptedOnlyWhereThatWasOffered) {
  for (const bool configured : {false, true}) {
    AssociationConfig c;
    c.accept_zero_checksum = configured;
    std::destroy_at(&us);
    std::construct_at(&us, c, random);
    establish();
    Packet buffer(200);
    PacketWriter writer(buffer, {5000, 5000, tag});
    Data{kWhole, Tsn(1000), StreamId(1), Ssn(0), Ppid(53), Packet(4)}.write(writer.chunks());
    us.handle_input(now, writer.finish(false));
    drain();
    EXPECT_EQ(us.drops()[Drop::checksum], configured ? 0U : 1U);
    EXPECT_EQ(messages.size(), configured ? 1U : 0U);
  }
}

TEST_F(AssociationTest, EachSideHasAPortOfItsOwn) {
  AssociationConfig c;
  c.local_port = 5001;
  Association one{c, random};
  one.set_remote_port(6002);
  one.connect();
  std::array<std::uint8_t, 1200> buffer;
  const auto first = one.poll_output(now, buffer);
  Reader header(std::get<Transmit>(first).packet);
  EXPECT_EQ(header.u16(), 5001);
  EXPECT_EQ(header.u16(), 6002);
  const auto init = [&](std::uint16_t from, std::uint16_t to) {
    std::array<std::uint8_t, 200> bytes;
    PacketWriter writer(bytes, {from, to, VerificationTag(0)});
    their_init().write(writer.chunks(), ChunkType::init);
    one.handle_input(now, writer.finish());
  };
  for (const auto& [from, to] : {std::pair(5000, 5000), {5001, 6002}, {6002, 5000}, {5000, 5001}})
    init(static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to));
  EXPECT_EQ(one.drops()[Drop::port], 4U);
  init(6002, 5001);
  const auto answer = one.poll_output(now, buffer);
  Reader back(std::get<Transmit>(answer).packet);
  EXPECT_EQ(back.u16(), 5001);
  EXPECT_EQ(back.u16(), 6002);
}

TEST_F(AssociationTest, AHeartbeatIsAnsweredIfTheAnswerFitsIntoAPacket) {
  establish();
  const std::size_t fits = config.max_packet / 4 * 4 - kCommonHeaderSize - 8;
  const Packet most(fits), more(fits + 4), small(20);
  feed(tag, [&](Writer& w) { Heartbeat{more}.write(w, ChunkType::heartbeat); });
  EXPECT_TRUE(drain().empty());
  feed(tag, [&](Writer& w) { Heartbeat{most}.write(w, ChunkType::heartbeat); });
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].size(), kCommonHeaderSize + 8 + fits);
  feed(tag, [&](Writer& w) { Heartbeat{small}.write(w, ChunkType::heartbeat); });
  EXPECT_EQ(drain().size(), 1U);
}

TEST_F(AssociationTest, AllHeartbeatsOfAPacketAreAnsweredAsFarAsOnePacketHolds) {
  establish();
  const Packet small(20);
  const auto answers = [&](int count) {
    feed(tag, [&](Writer& w) {
      for (int i = 0; i < count; ++i) Heartbeat{small}.write(w, ChunkType::heartbeat);
    });
    std::size_t result = 0;
    for (const auto& packet : drain()) result += types(packet).size();
    return result;
  };
  EXPECT_EQ(answers(2), 2U);
  EXPECT_EQ(answers(1000), (config.max_packet - kCommonHeaderSize) / 28);
  EXPECT_EQ(answers(1), 1U);
}

TEST_F(AssociationTest, NothingBesideAnInitIsRead) {
  establish();
  feed(VerificationTag(0), [&](Writer& w) {
    their_init(VerificationTag(99)).write(w, ChunkType::init);
    Data{kWhole, Tsn(1000), StreamId(1), Ssn(0), Ppid(53), Packet(4)}.write(w);
  });
  drain();
  EXPECT_TRUE(messages.empty());
}

TEST_F(AssociationTest, NothingBehindARefusedCookieIsRead) {
  establish();
  offer(VerificationTag(99));
  cookie[0] = static_cast<std::uint8_t>(cookie[0] ^ 1U);
  feed(tag, [&](Writer& w) {
    write_chunk(w, ChunkType::cookie_echo, 0, [&](Writer& v) { v.bytes(cookie); });
    Data{kWhole, Tsn(1000), StreamId(1), Ssn(0), Ppid(53), Packet(4)}.write(w);
  });
  drain();
  EXPECT_TRUE(messages.empty());
}

TEST_F(AssociationTest, ACookieEchoThatIsNotTheFirstChunkIsDropped) {
  establish();
  offer(VerificationTag(99));
  feed(first_tag, [&](Writer& w) {
    write_chunk(w, ChunkType::error);
    write_chunk(w, ChunkType::cookie_echo, 0, [&](Writer& v) { v.bytes(cookie); });
  });
  EXPECT_EQ(us.restarts(), 0U);
  EXPECT_EQ(us.drops()[Drop::unexpected_chunk], 1U);
}

TEST_F(AssociationTest, AnUnknownChunkIsReportedIfItsTypeAsksForThat) {
  establish();
  feed(tag, [](Writer& w) { write_chunk(w, static_cast<ChunkType>(0xC5), 0, [](Writer& v) { v.u32(1); }); });
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(types(packets[0]), std::vector{ChunkType::error});
  feed(tag, [](Writer& w) { write_chunk(w, static_cast<ChunkType>(0x85)); });
  EXPECT_TRUE(drain().empty());
  EXPECT_EQ(us.drops()[Drop::unknown_chunk], 2U);
}

TEST_F(AssociationTest, ChunksBehindAnUnknownOneAreReadIfItsTypeAllowsIt) {
  establish();
  for (const unsigned type : {0x45U, 0x85U}) {
    feed(tag, [&](Writer& w) {
      write_chunk(w, static_cast<ChunkType>(type));
      Data{kWhole, Tsn(1000), StreamId(1), Ssn(0), Ppid(53), Packet(4)}.write(w);
    });
    drain();
    EXPECT_EQ(messages.size(), type == 0x85U ? 1U : 0U);
  }
}

TEST_F(AssociationTest, DataBeforeTheAssociationIsUpIsDropped) {
  us.connect();
  std::array<std::uint8_t, 1200> buffer{};
  const auto output = us.poll_output(now, buffer);
  const MutableBytes init = std::get<Transmit>(output).packet;
  tag = VerificationTag(Reader(Bytes(init).subspan(kCommonHeaderSize + kChunkHeaderSize)).u32());
  data(1000, kWhole);
  EXPECT_EQ(us.drops()[Drop::unexpected_chunk], 1U);
}

}  // namespace
}  // namespace redan::sctp
