#include "rtc/sctp/rx/segments.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

class SegmentsTest : public ::testing::Test {
 protected:
  Segments::Position add(std::uint32_t tsn, std::uint8_t flags, std::size_t size = 2, std::uint16_t stream = 1) {
    const std::vector<std::uint8_t> payload(size, static_cast<std::uint8_t>(tsn));
    return segments.add(Data{flags, Tsn(tsn), StreamId(stream), Ssn(0), Ppid(53), payload});
  }
  static std::vector<std::uint8_t> bytes(Segments::Position position) {
    std::vector<std::uint8_t> result;
    position->second.for_each_piece([&](Bytes piece) { result.insert(result.end(), piece.begin(), piece.end()); });
    return result;
  }
  Segments segments;
};

TEST_F(SegmentsTest, FragmentsOfOneMessageBecomeOneSegmentInAnyOrder) {
  add(12, Data::kEnd);
  add(10, Data::kBeginning);
  const auto whole = add(11, 0);
  EXPECT_EQ(whole->first, Tsn(10));
  EXPECT_TRUE(whole->second.head.whole());
  EXPECT_EQ(whole->second.size, 6U);
  EXPECT_EQ(bytes(whole), (std::vector<std::uint8_t>{10, 10, 11, 11, 12, 12}));
  segments.erase(whole);
  EXPECT_TRUE(segments.empty());
  EXPECT_EQ(segments.memory(), 0U);
}

TEST_F(SegmentsTest, FragmentsOfDifferentMessagesStayApart) {
  add(10, Data::kBeginning | Data::kEnd);
  add(11, Data::kBeginning);
  add(12, Data::kEnd, 2, 7);
  add(13, Data::kEnd | Data::kUnordered);
  std::size_t count = 0;
  for (; !segments.empty(); segments.erase(segments.first())) ++count;
  EXPECT_EQ(count, 4U);
  EXPECT_EQ(segments.memory(), 0U);
}

TEST_F(SegmentsTest, MemoryFollowsWhatIsKept) {
  add(10, Data::kBeginning, 1000);
  const std::size_t one = segments.memory();
  EXPECT_GE(one, 1000 + sizeof(Segments::Map::value_type));
  for (std::uint32_t tsn = 11; tsn < 60; ++tsn) add(tsn, 0, 1000);
  EXPECT_GE(segments.memory(), 50'000U);
  EXPECT_LE(segments.memory(), 130'000U);
  segments.erase(segments.first());
  EXPECT_EQ(segments.memory(), 0U);
}

}  // namespace
}  // namespace redan::sctp
