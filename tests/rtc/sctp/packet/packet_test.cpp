#include "rtc/sctp/packet/packet.hpp"

#include "rtc/sctp/packet/data.hpp"
#include "rtc/sctp/packet/init.hpp"
#include "rtc/sctp/packet/sack.hpp"
#include "tests/rtc/sctp/chunks.hpp"
#include "tests/support/files.hpp"

namespace redan::sctp {
namespace {

using PacketBytes = std::vector<std::uint8_t>;

PacketBytes written(bool with_crc = true) {
  std::array<std::uint8_t, 200> buffer{};
  PacketWriter writer(buffer, {5001, 5002, VerificationTag(77)});
  write_chunk(writer.chunks(), ChunkType::cookie_ack);
  write_chunk(writer.chunks(), ChunkType::cookie_echo, 0, [](Writer& w) { w.zeros(9); });
  const MutableBytes packet = writer.finish(with_crc);
  return {packet.begin(), packet.end()};
}

TEST(Packet, IsReadAsItWasWritten) {
  PacketBytes bytes = written();
  Drop reason{};
  const auto packet = Packet::parse(bytes, Packet::Checksum::crc32c, reason);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.source_port, 5001);
  EXPECT_EQ(packet->header.destination_port, 5002);
  EXPECT_EQ(packet->header.verification_tag, VerificationTag(77));
  EXPECT_EQ(packet->chunk_count, 2U);
  EXPECT_EQ(packet->first_type(), ChunkType::cookie_ack);
  EXPECT_EQ(packet->first_flags(), 0);
  EXPECT_EQ(Chunks(packet->chunks).types(), (ChunkTypes{ChunkType::cookie_ack, ChunkType::cookie_echo}));
}

TEST(Packet, IsRefusedWithAnyBitChanged) {
  const PacketBytes bytes = written();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    PacketBytes damaged = bytes;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << bit % 8));
    Drop reason{};
    EXPECT_FALSE(Packet::parse(damaged, Packet::Checksum::crc32c, reason));
    EXPECT_EQ(reason, Drop::checksum);
  }
}

TEST(Packet, IsAcceptedWithoutAChecksumOnlyWhereThatWasOffered) {
  Drop reason{};
  PacketBytes bytes = written(false);
  EXPECT_TRUE(Packet::parse(bytes, Packet::Checksum::zero_accepted, reason));
  EXPECT_FALSE(Packet::parse(bytes, Packet::Checksum::crc32c, reason));
  EXPECT_EQ(reason, Drop::checksum);
  bytes = written(true);
  EXPECT_TRUE(Packet::parse(bytes, Packet::Checksum::zero_accepted, reason));
}

TEST(Packet, IsRefusedAsAWholeWithAChunkLengthThatDoesNotFit) {
  PacketBytes bytes = written(false);
  bytes[kCommonHeaderSize + kChunkHeaderSize + 3] = 200;  // of the second chunk
  Drop reason{};
  EXPECT_FALSE(Packet::parse(bytes, Packet::Checksum::zero_accepted, reason));
  EXPECT_EQ(reason, Drop::malformed);
}

TEST(Packet, IsRefusedWithoutAChunk) {
  PacketBytes bytes = written(false);
  bytes.resize(kCommonHeaderSize);
  Drop reason{};
  EXPECT_FALSE(Packet::parse(bytes, Packet::Checksum::zero_accepted, reason));
  EXPECT_EQ(reason, Drop::malformed);
}

TEST(PacketWriter, GivesNothingWhenTheBufferIsTooSmall) {
  std::array<std::uint8_t, 20> buffer{};
  PacketWriter writer(buffer, {});
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.space(), buffer.size() - kCommonHeaderSize);
  writer.chunks().zeros(9);
  EXPECT_TRUE(writer.finish().empty());
}

TEST(Packet, OfABrowserIsReadChunkByChunk) {
  std::size_t packets = 0;
  for (const char* name :
       {"chromium-multi-dc", "firefox-multi-dc", "chromium-peer-dc-close", "firefox-peer-dc-close"}) {
    const auto file = test::read_test_file(std::string("captures/sctp/") + name + ".pcap");
    ASSERT_GT(file.size(), 24U);
    for (std::size_t at = 24; at + 16 < file.size();) {
      std::uint32_t size = 0;
      std::memcpy(&size, file.data() + at + 8, 4);
      std::vector<std::uint8_t> bytes(file.begin() + static_cast<std::ptrdiff_t>(at + 16 + 20),
                                      file.begin() + static_cast<std::ptrdiff_t>(at + 16 + size));
      at += 16 + size;
      Drop reason{};
      const auto packet = Packet::parse(bytes, Packet::Checksum::crc32c, reason);
      ASSERT_TRUE(packet);
      ++packets;
      for_each_chunk(packet->chunks, [&](const Chunk& chunk) {
        EXPECT_TRUE(chunk.type != ChunkType::data || Data::parse(chunk));
        EXPECT_TRUE(chunk.type != ChunkType::sack || Sack::parse(chunk));
        if (chunk.type == ChunkType::init || chunk.type == ChunkType::init_ack) {
          const auto init = Init::parse(chunk);
          EXPECT_TRUE(init && init->forward_tsn && init->re_config);
        }
        return true;
      });
    }
  }
  EXPECT_GT(packets, 60U);
}

}  // namespace
}  // namespace redan::sctp
