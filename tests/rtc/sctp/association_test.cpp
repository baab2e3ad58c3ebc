// What a hostile or broken peer may send: sctp.md section 5 and attacks S1 to S8.
#include "rtc/sctp/association.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;

TEST_F(ByHand, ForgedCookiesAreRefused) {
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

TEST_F(ByHand, AStaleCookieIsRefused) {
  offer();
  now += std::chrono::seconds(61);
  echo(cookie);
  drain();
  EXPECT_FALSE(us.established());
}

TEST_F(ByHand, ALostCookieAckIsSentAgain) {
  establish();
  echo(cookie);
  const auto packets = drain();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(types(packets[0]), std::vector{ChunkType::cookie_ack});
}

TEST_F(ByHand, WrongTagsChangeNothing) {
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

TEST_F(ByHand, AMessageOf4GiBIsRefused) {
  establish();
  const OutgoingStream stream = us.open_stream();
  const Packet payload(1);
  // Never read: its size alone refuses it.
  const Bytes huge(payload.data(), std::size_t{1} << 32U);
  EXPECT_EQ(us.send(stream, {}, huge).error(), Errc::invalid_argument);
  EXPECT_EQ(us.buffered(stream), 0U);
}

TEST_F(ByHand, InitWithCompanyOrImpossibleValuesIsDropped) {
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

TEST_F(ByHand, ChunkLengthsThatDoNotFitDropThePacket) {
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

TEST_F(ByHand, NoDamagedPacketIsAccepted) {
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

TEST_F(ByHand, MemoryStaysWithinTheWindowWhateverArrives) {
  establish();
  for (std::uint32_t i = 0; i < 60000; ++i) data(1001 + i % 16000, i % 3 == 0 ? kWhole : 0, Ssn(9), 1000);
  EXPECT_LE(us.receive_memory(), config.receive_window + 65536);
  EXPECT_GT(us.drops()[Drop::receive_buffer_full] + us.drops()[Drop::duplicate_data], 0U);
  for (std::uint32_t i = 0; i < 40000; ++i) data(1002 + 2 * i, 0, Ssn(9), 1);
  EXPECT_LE(us.receive_memory(), config.receive_window + 65536);
  EXPECT_GT(us.drops()[Drop::out_of_window], 0U);
  drain();
  EXPECT_FALSE(ended);
}

TEST_F(ByHand, WhatComesNextInOrderHasABound) {
  establish();
  for (std::uint16_t i = 0; i < 20'000; ++i) data(1000U + i, kWhole, Ssn(i), 1000);
  EXPECT_LE(us.receive_memory(), 2 * config.receive_window);  // its buffer doubles
  EXPECT_GT(us.drops()[Drop::receive_buffer_full], 0U);
  drain();
  EXPECT_GT(messages.size(), 4'000U);
  EXPECT_FALSE(ended);
}

TEST_F(ByHand, ForwardTsnIsHarmless) {
  establish();
  const auto forward = [&](std::uint32_t to, std::size_t entries = 0) {
    Packet skipped(4 * entries);
    for (std::size_t i = 0; i < entries; ++i)
      Writer(MutableBytes(skipped).subspan(4 * i)).u16(static_cast<std::uint16_t>(i));
    feed(tag, [&](Writer& w) { ForwardTsn{Tsn(to), skipped}.write(w); });
    drain();
  };
  forward(1000U + (1U << 31U));
  forward(999);
  forward(5);
  data(1000, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 1U);
  data(1003, kWhole, Ssn(3));
  forward(1002, 900);
  drain();
  EXPECT_EQ(messages.size(), 2U);
  data(1001, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 2U);
  EXPECT_FALSE(ended);
  // RFC 3758 sets no limit to what a sender may skip.
  forward(1003 + 1'000'000);
  data(1004 + 1'000'000, kWhole, Ssn(4));
  drain();
  EXPECT_EQ(messages.size(), 3U);
}

TEST_F(ByHand, NoMoreIsInFlightThanTheCongestionWindowAllows) {
  establish();
  send(1, 60000);
  std::size_t bytes = 0;
  for (const auto& packet : drain()) bytes += packet.size();
  EXPECT_GE(bytes, us.cwnd());
  EXPECT_LE(bytes, us.cwnd() + 2 * config.max_packet);
}

TEST_F(ByHand, NoMoreIsInFlightThanThePeerHasRoomFor) {
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

TEST_F(ByHand, ASackIsDelayedUnlessThePeerWantsItAtOnce) {
  establish();
  data(1000, kWhole);
  EXPECT_TRUE(drain().empty());
  now += milliseconds(100);
  EXPECT_EQ(drain().size(), 1U);
  data(1001, kWhole | Data::kImmediate, Ssn(1));
  EXPECT_EQ(drain().size(), 1U);
  data(1002, kWhole, Ssn(2));
  EXPECT_TRUE(drain().empty());
  data(1003, kWhole, Ssn(3));
  EXPECT_EQ(drain().size(), 1U);  // for two packets
}

TEST_F(ByHand, RenegingCostsATimeoutAndSendsNothingAgainWithinAnRto) {
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
  EXPECT_EQ(us.retransmissions(), 0U);
  EXPECT_EQ(us.cwnd(), 4 * config.max_packet);
  EXPECT_LT(us.cwnd(), window);
  now += Rto::kInitial;
  drain();
  EXPECT_GT(us.retransmissions(), 0U);
  EXPECT_LE(us.retransmissions(), 5U);
  const std::uint64_t before = us.retransmissions();
  sack(acked, {{2, 4}});
  sack(++acked);
  now += milliseconds(1);
  drain();
  EXPECT_LE(us.retransmissions(), before + 1);
}

TEST_F(ByHand, AGapBlockAtOneRefusesTheWholeSack) {
  establish();
  send(1, 5000);
  drain();
  sack(first_tsn, {{1, 3}});
  EXPECT_EQ(us.drops()[Drop::bad_sack], 1U);
  EXPECT_TRUE(drain().empty());
  sack(first_tsn);
  EXPECT_EQ(us.drops()[Drop::old_sack], 0U);
}

TEST_F(ByHand, OneSackOfAPacketIsRead) {
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

TEST_F(ByHand, SacksAreNoLongerThanThriceWhatTheyAnswer) {
  establish();
  std::size_t in = 0, out = 0;
  for (std::uint32_t i = 0; i < 400; ++i) {
    data(1002 + 2 * i, kWhole, Ssn(0), 1);
    in += 32;
    for (const auto& packet : drain()) {
      EXPECT_LE(packet.size(), 3U * 32U);
      out += packet.size();
    }
  }
  EXPECT_LE(out, 3 * in);
}

TEST_F(ByHand, ACraftedSackChangesNothing) {
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

TEST_F(ByHand, RepeatedAndOldResetRequestsAreNotPerformedAgain) {
  establish();
  const Packet streams{0, 1};
  const auto request = [&](std::uint32_t sequence) {
    feed(tag, [&](Writer& w) {
      write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
        OutgoingResetRequest{ResetSequence(sequence), ResetSequence(0), Tsn(999), streams}.write(v);
      });
    });
  };
  for (int i = 0; i < 10000; ++i) request(1000);
  EXPECT_EQ(drain().size(), 1U);
  EXPECT_EQ(incoming_resets, 1);
  EXPECT_EQ(incoming_resets, 1);
}

TEST_F(ByHand, AResetRequestOutOfSequenceIsAnsweredWithAnError) {
  establish();
  const Packet streams{0, 1};
  const auto request = [&](std::uint32_t sequence) {
    feed(tag, [&](Writer& w) {
      write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
        OutgoingResetRequest{ResetSequence(sequence), ResetSequence(0), Tsn(999), streams}.write(v);
      });
    });
  };
  const auto response = [&]() -> std::optional<ResetResponse> {
    std::optional<ResetResponse> found;
    for (const Packet& packet : drain()) {
      for_each_chunk(Bytes(packet).subspan(kCommonHeaderSize), [&](const Chunk& chunk) {
        for_each_parameter(chunk.value,
                           [&](const Parameter& p) { return found = ResetResponse::parse(p.value), true; });
        return true;
      });
    }
    return found;
  };
  for (const std::uint32_t sequence : {1007U, 1001U, 5U}) {
    request(sequence);
    const auto answer = response();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->response_sequence, ResetSequence(sequence));
    EXPECT_EQ(answer->result, ResetResult::bad_sequence_number);
  }
  EXPECT_EQ(incoming_resets, 0);
  request(1000);  // the right one is still the right one
  EXPECT_EQ(response()->result, ResetResult::performed);
  request(999);
  EXPECT_EQ(response()->result, ResetResult::bad_sequence_number);
  request(1000);
  EXPECT_EQ(response()->result, ResetResult::performed);
  EXPECT_EQ(incoming_resets, 1);
}

TEST_F(ByHand, ARefusedResetIsToldAsRefused) {
  establish();
  std::uint32_t sequence = first_tsn;
  for (const ResetResult result :
       {ResetResult::denied, ResetResult::wrong_ssn, ResetResult::already_in_progress, ResetResult::bad_sequence_number,
        ResetResult::performed, ResetResult::nothing_to_do}) {
    const OutgoingStream stream = us.open_stream();
    us.assign_stream(stream, StreamId(1));
    us.reset_stream(stream);
    drain();
    feed(tag, [&](Writer& w) {
      write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
        ResetResponse{ResetSequence(sequence), result}.write(v);
      });
    });
    ++sequence;
    drain();
    us.forget_stream(stream);
  }
  EXPECT_EQ(outgoing_resets, 6);
  EXPECT_EQ(resets_performed, 2);
}

TEST_F(ByHand, AResetInProgressIsAskedForAgain) {
  establish();
  const OutgoingStream stream = us.open_stream();
  us.assign_stream(stream, StreamId(1));
  us.reset_stream(stream);
  EXPECT_EQ(drain().size(), 1U);
  for (int i = 0; i < 30; ++i) {
    feed(tag, [&](Writer& w) {
      write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
        ResetResponse{ResetSequence(first_tsn), ResetResult::in_progress}.write(v);
      });
    });
    EXPECT_TRUE(drain().empty());
    now += Rto::kMax;
    const auto packets = drain();
    ASSERT_EQ(packets.size(), 1U);
    EXPECT_EQ(types(packets[0]), std::vector{ChunkType::re_config});
  }
  EXPECT_EQ(outgoing_resets, 0);
  EXPECT_FALSE(ended);
}

TEST_F(ByHand, ResetsThatNobodyTakesOutAreBounded) {
  establish();
  Packet streams(60000);
  for (std::uint32_t sequence = 1000; sequence < 1020; ++sequence) {
    feed(tag, [&](Writer& w) {
      write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
        OutgoingResetRequest{ResetSequence(sequence), ResetSequence(0), Tsn(999), streams}.write(v);
      });
    });
  }
  drain();
  EXPECT_EQ(incoming_resets, 60000);  // the first, and the last when those were gone
}

TEST_F(ByHand, APeerThatFallsSilentIsLostAfterItsTimeouts) {
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

TEST_F(ByHand, APathThatIsGoneForThirtySecondsIsSurvived) {
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

TEST_F(ByHand, UnansweredHeartbeatsCountTowardsTheLossOfThePeer) {
  establish();
  int heartbeats = 0;
  for (int i = 0; i < 60 && !ended; ++i) {
    now += config.heartbeat_interval;
    for (const auto& packet : drain()) heartbeats += types(packet).front() == ChunkType::heartbeat ? 1 : 0;
  }
  EXPECT_EQ(ended, Errc::sctp_timeout);
  EXPECT_EQ(heartbeats, static_cast<int>(config.max_retransmits) + 1);
}

TEST_F(ByHand, AnsweredHeartbeatsKeepAnIdleAssociation) {
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

TEST_F(ByHand, AClosedWindowIsProbedForAsLongAsThePeerSaysSo) {
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

TEST_F(ByHand, TheZeroChecksumIsOfferedOnlyWhenConfiguredOrAsked) {
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

TEST_F(ByHand, APacketWithoutChecksumIsAcceptedOnlyWhereThatWasOffered) {
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

TEST_F(ByHand, EachSideHasAPortOfItsOwn) {
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

TEST_F(ByHand, AResetWaitsForTheDataBeforeIt) {
  establish();
  const Packet streams{0, 1};
  feed(tag, [&](Writer& w) {
    write_chunk(w, ChunkType::re_config, 0, [&](Writer& v) {
      OutgoingResetRequest{ResetSequence(1000), ResetSequence(0), Tsn(1000), streams}.write(v);
    });
  });
  drain();
  EXPECT_EQ(incoming_resets, 0);
  data(1000, kWhole);
  drain();
  EXPECT_EQ(messages.size(), 1U);
  EXPECT_EQ(incoming_resets, 1);
}

TEST_F(ByHand, UnorderedAndOtherStreamsDoNotWaitForAHole) {
  establish();
  data(1001, kWhole | Data::kUnordered);
  data(1002, kWhole, Ssn(0), 4, StreamId(2));
  data(1003, kWhole, Ssn(1), 4, StreamId(1));
  data(1005, Data::kBeginning, Ssn(1), 4, StreamId(2));
  data(1006, Data::kEnd, Ssn(1), 4, StreamId(2));
  drain();
  EXPECT_EQ(messages.size(), 3U);
  data(1000, kWhole, Ssn(0), 4, StreamId(1));
  drain();
  EXPECT_EQ(messages.size(), 5U);
}

TEST_F(ByHand, AMessageLargerThanAnnouncedEndsTheAssociation) {
  establish();
  for (std::uint32_t i = 0; i < 600 && !ended; ++i) data(1000 + i, i == 0 ? Data::kBeginning : 0, Ssn(0), 2000);
  drain();
  EXPECT_EQ(ended, Errc::sctp_protocol_violation);
}

TEST_F(ByHand, AHeartbeatIsAnsweredIfTheAnswerFitsIntoAPacket) {
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

TEST_F(ByHand, AllHeartbeatsOfAPacketAreAnsweredAsFarAsOnePacketHolds) {
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

}  // namespace
}  // namespace redan::sctp
