#include "rtc/sctp/packet/chunk.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

TEST(Chunk, IsWrittenWithItsLengthAndPaddedToFourBytes) {
  const Chunks written([](Writer& w) { write_chunk(w, ChunkType::cookie_echo, 3, [](Writer& v) { v.u8(7); }); });
  EXPECT_EQ(written.size(), 8U);
  const Chunk chunk = written.front();
  EXPECT_EQ(chunk.flags, 3);
  EXPECT_EQ(chunk.value.size(), 1U);
  EXPECT_EQ(chunk.value[0], 7);
  EXPECT_EQ(chunk.whole.size(), 5U);
}

TEST(Chunk, MayLackItsPaddingAtTheEndOfAPacket) {
  const std::vector<std::uint8_t> bytes{10, 0, 0, 5, 7};
  EXPECT_EQ(Chunks(bytes).types(), ChunkTypes{ChunkType::cookie_echo});
}

TEST(Chunk, IsRefusedWithALengthThatDoesNotFit) {
  for (const std::uint8_t length : std::vector<std::uint8_t>{0, 1, 2, 3, 9}) {
    const std::vector<std::uint8_t> bytes{10, 0, 0, length, 7, 0, 0, 0};
    EXPECT_FALSE(for_each_chunk(bytes, [](const Chunk&) { return true; }));
  }
}

TEST(Chunk, ActionForAnUnknownTypeIsInItsTwoHighestBits) {
  for (const unsigned type : {0x3FU, 0x7FU, 0xBFU, 0xFFU}) {
    const UnknownAction action = unknown_action(static_cast<ChunkType>(type));
    EXPECT_EQ(action.go_on, (type & 0x80U) != 0);
    EXPECT_EQ(action.report, (type & 0x40U) != 0);
  }
}

TEST(Parameter, IsRefusedWithALengthThatDoesNotFit) {
  for (const std::uint8_t length : std::vector<std::uint8_t>{0, 3, 9}) {
    const std::vector<std::uint8_t> bytes{0, 1, 0, length, 7, 0, 0, 0};
    EXPECT_FALSE(for_each_parameter(bytes, [](const Parameter&) { return true; }));
  }
}

TEST(Parameter, IsVisitedUntilTheVisitorStops) {
  const std::vector<std::uint8_t> bytes{0, 1, 0, 5, 7, 0, 0, 0, 0, 2, 0, 4, 0, 3, 0, 4};
  std::vector<unsigned> seen;
  EXPECT_TRUE(for_each_parameter(bytes, [&](const Parameter& parameter) {
    seen.push_back(static_cast<unsigned>(parameter.type));
    return seen.size() < 2;
  }));
  EXPECT_EQ(seen, (std::vector<unsigned>{1, 2}));
}

}  // namespace
}  // namespace redan::sctp
