#include "rtc/rtp/rtp.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redan::rtp {
namespace {

using Packet = std::vector<std::uint8_t>;

TEST(RtpPacket, TheHeaderIsThatOfRfc3550) {
  std::array<std::uint8_t, 12> bytes{};
  Writer writer(bytes);
  RtpHeader{true, 96, 0x1234, 0xA0B0C0D0, 0x01020304}.write(writer);
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(Packet(bytes.begin(), bytes.end()),
            (Packet{0x80, 0xE0, 0x12, 0x34, 0xA0, 0xB0, 0xC0, 0xD0, 0x01, 0x02, 0x03, 0x04}));
  const auto parsed = RtpPacket::parse(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header, (RtpHeader{true, 96, 0x1234, 0xA0B0C0D0, 0x01020304}));
  EXPECT_TRUE(parsed->payload.empty());
}

TEST(RtpPacket, CsrcsExtensionAndPaddingAreNotPayload) {
  Packet packet{0xB1, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
  const Packet rest{9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 'p', 'a', 'y', 0, 0, 3};
  packet.insert(packet.end(), rest.begin(), rest.end());
  const auto parsed = RtpPacket::parse(packet);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(as_text(parsed->payload), "pay");
}

TEST(RtpPacket, TruncatedPacketsAndOtherVersionsDoNotParse) {
  const Packet whole{0xB0, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 7, 1};
  ASSERT_TRUE(RtpPacket::parse(whole));
  for (std::size_t size = 0; size < whole.size() - 2; ++size) EXPECT_FALSE(RtpPacket::parse(Bytes(whole).first(size)));
  Packet version = whole;
  version[0] = 0x70;
  EXPECT_FALSE(RtpPacket::parse(version));
  for (const unsigned padding : {0U, 3U, 255U}) {
    Packet wrong = whole;
    wrong.back() = static_cast<std::uint8_t>(padding);
    EXPECT_FALSE(RtpPacket::parse(wrong)) << padding;
  }
}

TEST(Vp8Descriptor, RoundTripsWithALongPictureId) {
  std::array<std::uint8_t, 6> bytes{};
  Writer writer(bytes);
  Vp8Descriptor{true, 0x1234}.write(writer);
  EXPECT_EQ(Packet(bytes.begin(), bytes.begin() + 4), (Packet{0x90, 0x80, 0x92, 0x34}));
  const auto payload = Vp8Payload::parse(bytes);
  ASSERT_TRUE(payload);
  EXPECT_TRUE(payload->start);
  EXPECT_EQ(payload->data.size(), 2U);
  Writer again(bytes);
  Vp8Descriptor{false, 0xFFFF}.write(again);
  EXPECT_FALSE(Vp8Payload::parse(bytes)->start);
}

TEST(Vp8Payload, EveryFormOfTheDescriptorIsSkipped) {
  for (const Packet& packet :
       {Packet{0x10, 'd'}, Packet{0x90, 0x00, 'd'}, Packet{0x90, 0x80, 0x11, 'd'}, Packet{0x90, 0x80, 0x91, 0x11, 'd'},
        Packet{0x90, 0xF0, 0x91, 0x11, 1, 2, 'd'}, Packet{0x90, 0x20, 0x40, 'd'}, Packet{0x90, 0x10, 0x07, 'd'}}) {
    const auto payload = Vp8Payload::parse(packet);
    ASSERT_TRUE(payload);
    EXPECT_TRUE(payload->start);
    EXPECT_EQ(as_text(payload->data), "d");
    EXPECT_FALSE(Vp8Payload::parse(Bytes(packet).first(packet.size() - 1)));
  }
  // Another partition's beginning is not the frame's.
  EXPECT_FALSE(Vp8Payload::parse(Packet{0x11, 'd'})->start);
}

TEST(Pieces, AFrameIsDividedIntoTheFewestPiecesOfSimilarSize) {
  for (std::size_t size = 1; size < 5000; size += 7) {
    Packet frame(size);
    for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(i);
    const Pieces pieces(size, 1000);
    ASSERT_EQ(pieces.count(), (size + 999) / 1000);
    Packet joined;
    for (std::size_t i = 0; i < pieces.count(); ++i) {
      const Bytes piece = pieces.piece(frame, i);
      EXPECT_LE(piece.size(), 1000U);
      EXPECT_GE(piece.size(), size / pieces.count());
      joined.insert(joined.end(), piece.begin(), piece.end());
    }
    ASSERT_EQ(joined, frame);
  }
}

TEST(SequenceNumbers, OrderWrapsAround) {
  EXPECT_TRUE(sequence_before(1, 2));
  EXPECT_TRUE(sequence_before(65535, 0));
  EXPECT_FALSE(sequence_before(0, 65535));
  EXPECT_FALSE(sequence_before(7, 7));
}

}  // namespace
}  // namespace redan::rtp
