#include "rtc/sctp/control/replies.hpp"

#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

constexpr std::size_t kCapacity = 100;

void acknowledge(Replies& replies, std::size_t size) {
  const std::vector<std::uint8_t> info(size);
  replies.acknowledge(Heartbeat{info});
}
void report(Replies& replies, std::size_t size) {
  const Chunks unknown([&](Writer& w) { write_chunk(w, ChunkType{0xC5}, 0, [&](Writer& v) { v.zeros(size); }); });
  replies.report_unknown(unknown.front());
}

TEST(Replies, GoInTheOrderInWhichTheyWereAdded) {
  Replies replies(kCapacity);
  report(replies, 0);
  acknowledge(replies, 20);
  EXPECT_EQ(Chunks([&](Writer& w) { replies.write(w); }).types(),
            (ChunkTypes{ChunkType::error, ChunkType::heartbeat_ack}));
  EXPECT_TRUE(replies.empty());
}

TEST(Replies, ReportTheBeginningOfALongChunk) {
  Replies replies(1000);
  report(replies, 900);
  const Chunks written([&](Writer& w) { replies.write(w); });
  const auto causes = ErrorCauses::parse(written.front());
  ASSERT_TRUE(causes);
  EXPECT_EQ(causes->cause, CauseCode::unrecognized_chunk_type);
  EXPECT_EQ(causes->value.size(), 500U);
  EXPECT_EQ(causes->value[0], 0xC5);
}

TEST(Replies, DropWhatDoesNotFitIntoThePacketAndKeepTheRest) {
  Replies replies(kCapacity);
  acknowledge(replies, kCapacity);
  EXPECT_TRUE(replies.empty());
  for (int i = 0; i < 10; ++i) acknowledge(replies, 20);
  acknowledge(replies, 4);
  const Chunks written([&](Writer& w) { replies.write(w); });
  EXPECT_EQ(written.types().size(), 4U);  // three of 28 bytes, one of 12
  EXPECT_LE(written.size(), kCapacity);
}

TEST(Replies, AreForgottenWhenCleared) {
  Replies replies(kCapacity);
  acknowledge(replies, 4);
  replies.clear();
  EXPECT_TRUE(replies.empty());
}

}  // namespace
}  // namespace redan::sctp
