#include "base/packet_queue.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

TEST(PacketQueue, ReturnsPacketsInOrderWithTheirTags) {
  PacketQueue queue(1000);
  EXPECT_TRUE(queue.push(1, as_bytes("one")));
  EXPECT_TRUE(queue.push(2, as_bytes("")));
  EXPECT_FALSE(queue.empty());
  auto packet = queue.pop();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->tag, 1);
  EXPECT_EQ(as_text(packet->bytes), "one");
  EXPECT_TRUE(queue.push(3, as_bytes("three")));
  EXPECT_EQ(queue.pop()->tag, 2);
  EXPECT_EQ(as_text(queue.pop()->bytes), "three");
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.pop());
}

TEST(PacketQueue, RefusesPacketsBeyondItsLimitUntilItIsDrained) {
  PacketQueue queue(10);
  EXPECT_TRUE(queue.push(0, as_bytes("1234567")));
  EXPECT_FALSE(queue.push(0, as_bytes("8")));
  EXPECT_TRUE(queue.pop());
  EXPECT_FALSE(queue.pop());
  EXPECT_TRUE(queue.push(0, as_bytes("8")));
}

}  // namespace
}  // namespace redan
