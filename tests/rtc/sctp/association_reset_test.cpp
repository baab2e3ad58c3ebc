// Resetting streams, as the peer sees it (RFC 6525).
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using AssociationReset = ByHand;

TEST_F(AssociationReset, ARepeatedResetRequestIsPerformedOnce) {
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

TEST_F(AssociationReset, AResetRequestOutOfSequenceIsAnsweredWithAnError) {
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

TEST_F(AssociationReset, ARefusedResetIsReportedAsNotPerformed) {
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

TEST_F(AssociationReset, AResetInProgressIsRequestedAgain) {
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

TEST_F(AssociationReset, ResetsThatAreNotTakenOutAreBounded) {
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

TEST_F(AssociationReset, AResetWaitsForTheDataBeforeIt) {
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

}  // namespace
}  // namespace redan::sctp
