#include "rtc/sctp/rx/message_buffer.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redan::sctp {
namespace {

TEST(MessageBuffer, MovesEachByteABoundedNumberOfTimes) {
  MessageBuffer buffer;
  const std::vector<std::uint8_t> bulk(1U << 20U, 1), one(1, 2);
  buffer.append(bulk);
  buffer.finish();
  std::size_t moves = 0;
  // One byte comes and one goes.
  for (int i = 0; i < 2'000; ++i) {
    const std::uint8_t* front = buffer.front(1).data();
    buffer.append(one);
    buffer.finish();
    moves += buffer.front(1).data() != front ? 1 : 0;
    buffer.pop(1);
  }
  EXPECT_LE(moves, 2U);
  EXPECT_LE(buffer.capacity(), 4U << 20U);
  EXPECT_EQ(buffer.used(), bulk.size());
}

TEST(MessageBuffer, ShrinksToTwiceWhatIsInUseAndKeepsIt) {
  MessageBuffer buffer;
  buffer.append(std::vector<std::uint8_t>(100'000, 1));
  buffer.finish();
  buffer.append(std::vector<std::uint8_t>(3'000, 2));
  buffer.pop(100'000);
  buffer.shrink();
  EXPECT_EQ(buffer.capacity(), 6'000U);
  EXPECT_EQ(buffer.unfinished(), 3'000U);
  EXPECT_EQ(buffer.front(3'000).back(), 2);
  buffer.drop_unfinished();
  buffer.shrink();
  EXPECT_EQ(buffer.capacity(), 0U);
}

}  // namespace
}  // namespace redan::sctp
