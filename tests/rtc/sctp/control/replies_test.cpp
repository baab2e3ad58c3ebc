#include "rtc/sctp/control/replies.hpp"

#include "rtc/sctp/packet/control.hpp"
#include "tests/rtc/sctp/chunks.hpp"

namespace redan::sctp {
namespace {

constexpr std::size_t kCapacity = 100;

void add_heartbeat_ack(Replies& replies, std::size_t info) {
  const std::vector<std::uint8_t> bytes(info);
  replies.add([&](Writer& w) { Heartbeat{bytes}.write(w, ChunkType::heartbeat_ack); });
}

TEST(Replies, GoInTheOrderInWhichTheyWereAdded) {
  Replies replies(kCapacity);
  replies.add([](Writer& w) { write_chunk(w, ChunkType::error); });
  add_heartbeat_ack(replies, 20);
  EXPECT_EQ(Chunks([&](Writer& w) { replies.write(w); }).types(),
            (ChunkTypes{ChunkType::error, ChunkType::heartbeat_ack}));
  EXPECT_TRUE(replies.empty());
}

TEST(Replies, DropWhatDoesNotFitIntoThePacketAndKeepTheRest) {
  Replies replies(kCapacity);
  add_heartbeat_ack(replies, kCapacity);
  EXPECT_TRUE(replies.empty());
  for (int i = 0; i < 10; ++i) add_heartbeat_ack(replies, 20);
  add_heartbeat_ack(replies, 4);
  const Chunks written([&](Writer& w) { replies.write(w); });
  EXPECT_EQ(written.types().size(), 4U);  // three of 28 bytes, one of 12
  EXPECT_LE(written.size(), kCapacity);
}

TEST(Replies, AreForgottenWhenCleared) {
  Replies replies(kCapacity);
  add_heartbeat_ack(replies, 4);
  replies.clear();
  EXPECT_TRUE(replies.empty());
}

}  // namespace
}  // namespace redan::sctp
