#include "rtc/sctp/packet/sack.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

TEST(Sack, IsReadAsItWasWritten) {
  const std::vector<std::uint8_t> gaps{0, 2, 0, 3, 0, 5, 1, 0}, duplicates{0, 0, 0, 9};
  const Chunks chunks([&](Writer& w) { Sack{Tsn(100), 5000, gaps, duplicates}.write(w); });
  const auto sack = Sack::parse(chunks.front());
  ASSERT_TRUE(sack);
  EXPECT_EQ(sack->cumulative_ack, Tsn(100));
  EXPECT_EQ(sack->a_rwnd, 5000U);
  ASSERT_EQ(sack->gap_count(), 2U);
  EXPECT_EQ(sack->gap(0), (GapBlock{2, 3}));
  EXPECT_EQ(sack->gap(1), (GapBlock{5, 256}));
  EXPECT_EQ(sack->duplicates.size(), 4U);
}

TEST(Sack, IsRefusedWhenItsCountsDoNotMatchItsLength) {
  for (const std::uint16_t gaps : std::vector<std::uint16_t>{0, 2, 65535}) {
    const Chunks chunks([&](Writer& w) {
      write_chunk(w, ChunkType::sack, 0, [&](Writer& v) {
        v.zeros(8);
        v.u16(gaps);
        v.u16(0);
        v.zeros(4);
      });
    });
    EXPECT_FALSE(Sack::parse(chunks.front()));
  }
}

}  // namespace
}  // namespace redan::sctp
