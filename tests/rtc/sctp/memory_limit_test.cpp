// What a peer may make an association hold while memory is short.
#include "tests/rtc/sctp/by_hand.hpp"

namespace redan::sctp {
namespace {

using std::chrono::seconds;

constexpr std::size_t kLimit = 8'192;
constexpr std::size_t kPiece = 1'000;

class MemoryLimit : public ByHand {
 protected:
  void SetUp() override { establish(); }
  /// The next pieces of one message, each sent once. The first one ever begins it.
  void pieces(std::size_t count) {
    while (count-- > 0) {
      data(kFirst + sent_, sent_ == 0 ? Data::kBeginning : 0, Ssn(0), kPiece);
      ++sent_;
      drain();
    }
  }
  /// The message's last piece, after `pieces` pieces.
  void last(std::uint32_t pieces) {
    data(kFirst + pieces, Data::kEnd, Ssn(0), kPiece);
    drain();
  }
  void wait(Duration time) {
    now += time;
    drain();
  }

  static constexpr std::uint32_t kFirst = 1000;
  std::uint32_t sent_ = 0;
};

TEST_F(MemoryLimit, AnUnfinishedMessageStopsAtTheLimitAndGoesOnWhenItIsLifted) {
  us.set_memory_limit(kLimit);
  pieces(20);
  EXPECT_GE(us.drops()[Drop::receive_buffer_full], 10U);
  EXPECT_LE(us.receive_memory(), kLimit);
  wait(seconds(4));
  us.set_memory_limit(Association::kNoMemoryLimit);
  wait(seconds(60));
  EXPECT_FALSE(ended);
  sent_ = 4;  // the first that was refused
  pieces(16);
  last(20);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].size(), 21 * kPiece);
}

TEST_F(MemoryLimit, TheAdvertisedWindowIsWithinTheLimit) {
  us.set_memory_limit(kLimit);
  data(kFirst, kWhole);
  data(kFirst + 1, kWhole, Ssn(1));
  const auto packets = drain();
  ASSERT_FALSE(packets.empty());
  Packet copy = packets[0];
  Drop reason{};
  const auto parsed = sctp::Packet::parse(copy, sctp::Packet::Checksum::zero_accepted, reason);
  ASSERT_TRUE(parsed);
  std::optional<std::uint32_t> window;
  for_each_chunk(parsed->chunks, [&](const Chunk& chunk) {
    if (const auto sack = Sack::parse(chunk)) window = sack->a_rwnd;
    return true;
  });
  ASSERT_TRUE(window);
  EXPECT_LE(*window, kLimit);
}

TEST_F(MemoryLimit, APeerThatStaysAtTheLimitEndsAndItsMemoryComesBack) {
  us.set_memory_limit(kLimit);
  pieces(20);
  wait(seconds(4));
  EXPECT_FALSE(ended);
  now += seconds(2);
  const auto packets = drain();
  EXPECT_EQ(ended, Errc::too_many);
  EXPECT_EQ(us.receive_memory(), 0U);
  ASSERT_FALSE(packets.empty());
  EXPECT_EQ(types(packets.back()), std::vector{ChunkType::abort});
}

TEST_F(MemoryLimit, APeerThatHoldsMoreThanALaterLimitEndsAlthoughItIsSilent) {
  pieces(100);
  EXPECT_GT(us.receive_memory(), kLimit);
  us.set_memory_limit(kLimit);
  wait(seconds(1));
  wait(seconds(5));
  EXPECT_EQ(ended, Errc::too_many);
}

TEST_F(MemoryLimit, DataAheadOfAHoleStopsAtTheLimit) {
  us.set_memory_limit(kLimit);
  for (std::uint32_t i = 1; i < 40; ++i) data(kFirst + i, kWhole, Ssn(static_cast<std::uint16_t>(i)), kPiece);
  drain();
  EXPECT_GT(us.drops()[Drop::receive_buffer_full], 30U);
  EXPECT_LE(us.receive_memory(), kLimit);
}

// Each of these goes to the application at once.
TEST_F(MemoryLimit, WholeMessagesPassWhateverTheLimit) {
  us.set_memory_limit(1);
  for (std::uint32_t i = 0; i < 100; ++i) {
    data(kFirst + i, kWhole, Ssn(static_cast<std::uint16_t>(i)), kPiece);
    drain();
    us.set_memory_limit(1);
  }
  EXPECT_EQ(messages.size(), 100U);
}

TEST_F(MemoryLimit, EmptyBlocksThatWereKeptForReuseDoNotCount) {
  pieces(200);
  last(200);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_GT(us.receive_memory(), kLimit);
  us.set_memory_limit(kLimit);
  EXPECT_LE(us.receive_memory(), kLimit);
}

}  // namespace
}  // namespace redan::sctp
