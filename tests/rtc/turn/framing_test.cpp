#include "rtc/turn/framing.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::turn {
namespace {

using Data = std::vector<std::uint8_t>;

Data bytes(std::string_view hex) { return *from_hex(hex); }
std::string next(Inbox& inbox) {
  const auto frame = inbox.next();
  return frame ? to_hex(*frame) : "none";
}

TEST(TurnFraming, ADatagramIsExactlyOneFrame) {
  for (const auto& [hex, accepted] : {std::pair{"40000002aabb", true},
                                      {"40000002aabb00", true},
                                      {"40000002aabb0000", true},
                                      {"40000002aabb000000", false},
                                      {"40000003aabb", false},
                                      {"400000", false},
                                      {"", false},
                                      {"80000000", false},
                                      {"c0000000", false},
                                      {"000100002112a442000000000000000000000000", true},
                                      {"000100002112a44200000000000000000000000000", false},
                                      {"000100042112a442000000000000000000000000", false},
                                      {"000100022112a4420000000000000000000000000000", false}}) {
    Inbox inbox;
    EXPECT_EQ(inbox.push_datagram(bytes(hex)), accepted) << hex;
  }
}

TEST(TurnFraming, FramesComeOutInOrderWithoutPadding) {
  Inbox inbox;
  EXPECT_TRUE(inbox.push_datagram(bytes("40000001aa")));
  EXPECT_TRUE(inbox.push_datagram(bytes("400100020102")));
  EXPECT_EQ(next(inbox), "40000001aa");
  EXPECT_EQ(next(inbox), "400100020102");
  EXPECT_EQ(next(inbox), "none");
}

TEST(TurnFraming, AStreamWaitsForThePadding) {
  Inbox inbox;
  EXPECT_TRUE(inbox.push_stream(bytes("40000001aa")));
  EXPECT_EQ(next(inbox), "none");
  EXPECT_TRUE(inbox.push_stream(bytes("0000004001")));
  EXPECT_EQ(next(inbox), "40000001aa");
  EXPECT_TRUE(inbox.push_stream(bytes("0000")));
  EXPECT_EQ(next(inbox), "40010000");
  EXPECT_FALSE(inbox.broken());
}

TEST(TurnFraming, AStreamThatStartsOtherwiseIsBroken) {
  for (const char* hex : {"80000000", "00010003", "ffffffff"}) {
    Inbox inbox;
    EXPECT_TRUE(inbox.push_stream(bytes(hex)));
    EXPECT_EQ(next(inbox), "none");
    EXPECT_TRUE(inbox.broken()) << hex;
  }
}

TEST(TurnFraming, TheInboxIsBounded) {
  Inbox inbox;
  Data frame(4 + 1000);
  frame[0] = 0x40;
  frame[2] = 1000 >> 8;
  frame[3] = 1000 & 0xFF;
  std::size_t stored = 0;
  while (inbox.push_datagram(frame)) ++stored;
  EXPECT_EQ(stored, Inbox::kMax / frame.size());
  EXPECT_LE(inbox.held(), 2 * Inbox::kMax);
  while (inbox.next()) {
  }
  EXPECT_TRUE(inbox.push_datagram(frame));
  EXPECT_LE(inbox.held(), 64U * 1024);
  EXPECT_FALSE(inbox.push_stream(Data(Inbox::kMax)));
}

TEST(TurnFraming, ChannelNumbersAre4000To4Fff) {
  for (const auto& [hex, valid] :
       {std::pair{"40000000", true}, {"4fff0000", true}, {"50000000", false}, {"7fff0000", false}}) {
    Data frame = bytes(hex);
    EXPECT_EQ(ChannelData::parse(frame).has_value(), valid) << hex;
  }
  Data wrong = bytes("4000000201");
  EXPECT_FALSE(ChannelData::parse(wrong));
}

}  // namespace
}  // namespace redan::turn
