#include "rtc/sctp/packet/data.hpp"

#include "rtc/sctp/packet/forward_tsn.hpp"
#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

TEST(Data, IsReadAsItWasWritten) {
  const std::vector<std::uint8_t> payload{1, 2, 3, 4, 5};
  const Chunks chunks([&](Writer& w) {
    Data{Data::kBeginning | Data::kUnordered, Tsn(1), StreamId(2), Ssn(3), Ppid(4), payload}.write(w);
  });
  EXPECT_EQ(chunks.size(), kDataHeaderSize + 8);  // padded
  const auto data = Data::parse(chunks.front());
  ASSERT_TRUE(data);
  EXPECT_TRUE(data->has(Data::kBeginning) && data->has(Data::kUnordered));
  EXPECT_FALSE(data->has(Data::kEnd) || data->has(Data::kImmediate));
  EXPECT_EQ(data->tsn, Tsn(1));
  EXPECT_EQ(data->stream, StreamId(2));
  EXPECT_EQ(data->ssn, Ssn(3));
  EXPECT_EQ(data->ppid, Ppid(4));
  EXPECT_TRUE(std::ranges::equal(data->payload, payload));
}

TEST(Data, IsRefusedWithoutPayload) {
  const Chunks chunks([](Writer& w) { write_chunk(w, ChunkType::data, 0, [](Writer& v) { v.zeros(12); }); });
  EXPECT_FALSE(Data::parse(chunks.front()));
}

TEST(Data, IsNotWrittenWhereItDoesNotFit) {
  std::array<std::uint8_t, 20> buffer{};
  Writer writer(buffer);
  EXPECT_TRUE(Data{}.write_header(writer, 5).empty());
}

TEST(ForwardTsn, IsReadAsItWasWritten) {
  const std::vector<std::uint8_t> skipped{0, 1, 0, 2, 0, 3, 0, 4};
  const Chunks chunks([&](Writer& w) { ForwardTsn{Tsn(9), skipped}.write(w); });
  const auto forward = ForwardTsn::parse(chunks.front());
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->new_cumulative_tsn, Tsn(9));
  ASSERT_EQ(forward->skipped_count(), 2U);
  EXPECT_EQ(forward->skipped_at(1), (ForwardTsn::Skipped{StreamId(3), Ssn(4)}));
}

TEST(ForwardTsn, IsRefusedWithHalfAnEntry) {
  const Chunks chunks([](Writer& w) { write_chunk(w, ChunkType::forward_tsn, 0, [](Writer& v) { v.zeros(6); }); });
  EXPECT_FALSE(ForwardTsn::parse(chunks.front()));
}

}  // namespace
}  // namespace redan::sctp
