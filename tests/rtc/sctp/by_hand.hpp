// A peer written by hand at the other end of one association.
#pragma once

#include <gtest/gtest.h>

#include "rtc/sctp/association.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::sctp {

inline constexpr std::uint8_t kWhole = Data::kBeginning | Data::kEnd;

/// One association and a peer whose packets the test writes by hand.
class ByHand : public ::testing::Test {
 protected:
  using Packet = std::vector<std::uint8_t>;

  template <class Write>
  void feed(VerificationTag to, Write&& write) {
    std::vector<std::uint8_t> buffer(70000);
    PacketWriter writer(buffer, {5000, 5000, to});
    write(writer.chunks());
    us.handle_input(now, writer.finish());
  }
  std::vector<Packet> drain() {
    std::vector<Packet> packets;
    std::array<std::uint8_t, 1200> buffer;
    while (true) {
      const auto output = us.poll_output(now, buffer);
      if (std::holds_alternative<Wait>(output)) return packets;
      if (const auto* t = std::get_if<Transmit>(&output)) packets.emplace_back(t->packet.begin(), t->packet.end());
      if (const auto* m = std::get_if<ReceivedMessage>(&output))
        messages.emplace_back(m->payload.begin(), m->payload.end());
      if (const auto* t = std::get_if<Terminated>(&output)) ended = t->reason;
      if (std::holds_alternative<IncomingReset>(output)) ++incoming_resets;
      if (const auto* r = std::get_if<OutgoingReset>(&output)) {
        ++outgoing_resets;
        resets_performed += r->performed ? 1 : 0;
      }
    }
  }
  static std::vector<ChunkType> types(Packet packet) {
    std::vector<ChunkType> result;
    Drop reason{};
    const auto parsed = sctp::Packet::parse(packet, sctp::Packet::Checksum::zero_accepted, reason);
    if (parsed) for_each_chunk(parsed->chunks, [&](const Chunk& chunk) { return result.push_back(chunk.type), true; });
    return result;
  }
  Init their_init(VerificationTag their_tag = VerificationTag(77)) const {
    Init init;
    init.initiate_tag = their_tag;
    init.a_rwnd = 100000;
    init.inbound_streams = init.outbound_streams = 10;
    init.initial_tsn = Tsn(1000);
    init.forward_tsn = init.re_config = true;
    return init;
  }
  /// INIT in, INIT ACK out: gives the cookie and our tag.
  void offer(VerificationTag their_tag = VerificationTag(77)) {
    feed(VerificationTag(0), [&](Writer& w) { their_init(their_tag).write(w, ChunkType::init); });
    auto packets = drain();
    ASSERT_FALSE(packets.empty());
    Drop reason{};
    const auto packet = sctp::Packet::parse(packets[0], sctp::Packet::Checksum::crc32c, reason);
    ASSERT_TRUE(packet);
    for_each_chunk(packet->chunks, [&](const Chunk& chunk) {
      const auto ack = Init::parse(chunk);
      tag = ack->initiate_tag;
      first_tsn = ack->initial_tsn.value;
      cookie.assign(ack->cookie.begin(), ack->cookie.end());
      return true;
    });
  }
  void echo(const Packet& what) {
    feed(tag, [&](Writer& w) { write_chunk(w, ChunkType::cookie_echo, 0, [&](Writer& v) { v.bytes(what); }); });
  }
  void establish() {
    offer();
    echo(cookie);
    drain();
    ASSERT_TRUE(us.established());
    first_tag = tag;
  }
  /// A stream of ours with id `id` and one message of `size` bytes in it.
  OutgoingStream send(std::uint16_t id, std::size_t size) {
    const OutgoingStream stream = us.open_stream();
    us.assign_stream(stream, StreamId(id));
    EXPECT_TRUE(us.send(stream, {}, Packet(size, 0x42)));
    return stream;
  }
  void sack(std::uint32_t cumulative, const std::vector<GapBlock>& gaps = {}, std::uint32_t a_rwnd = 100000) {
    feed(tag, [&](Writer& w) { write_sack(w, cumulative, gaps, a_rwnd); });
  }
  static void write_sack(Writer& chunks, std::uint32_t cumulative, const std::vector<GapBlock>& gaps,
                         std::uint32_t a_rwnd) {
    Packet blocks(4 * gaps.size());
    Writer w(blocks);
    for (const GapBlock gap : gaps) {
      w.u16(gap.start);
      w.u16(gap.end);
    }
    Sack{Tsn(cumulative), a_rwnd, blocks, {}}.write(chunks);
  }
  /// The DATA chunks in a packet of ours.
  static std::vector<std::uint32_t> tsns(Packet packet) {
    std::vector<std::uint32_t> result;
    Drop reason{};
    const auto parsed = sctp::Packet::parse(packet, sctp::Packet::Checksum::zero_accepted, reason);
    if (parsed) {
      for_each_chunk(parsed->chunks, [&](const Chunk& chunk) {
        if (const auto data = Data::parse(chunk); data && chunk.type == ChunkType::data)
          result.push_back(data->tsn.value);
        return true;
      });
    }
    return result;
  }
  void data(std::uint32_t tsn, std::uint8_t flags, Ssn ssn = Ssn(0), std::size_t size = 4,
            StreamId stream = StreamId(1)) {
    const Packet payload(size, static_cast<std::uint8_t>(tsn));
    feed(tag, [&](Writer& w) { Data{flags, Tsn(tsn), stream, ssn, Ppid(53), payload}.write(w); });
  }

  test::SeededRandom random{7};
  AssociationConfig config;
  Association us{config, random};
  TimePoint now{};
  VerificationTag tag;          // ours, of the last offer
  std::uint32_t first_tsn = 0;  // of ours
  VerificationTag first_tag;    // ours, of the first association
  Packet cookie;
  std::vector<Packet> messages;
  std::optional<Errc> ended;
  int incoming_resets = 0;
  int outgoing_resets = 0;
  int resets_performed = 0;
};

}  // namespace redan::sctp
