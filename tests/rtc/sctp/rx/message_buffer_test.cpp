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
  std::size_t capacity_changes = 0;
  std::size_t capacity = buffer.capacity();
  // One byte goes and one comes: a buffer that moves all of it each time needs 100 GB of copies here.
  for (int i = 0; i < 200'000; ++i) {
    buffer.append(one);
    buffer.finish();
    buffer.pop(1);
    capacity_changes += buffer.capacity() != capacity ? 1 : 0;
    capacity = buffer.capacity();
  }
  EXPECT_LE(capacity_changes, 2U);
  EXPECT_LE(buffer.capacity(), 4U << 20U);
  EXPECT_EQ(buffer.used(), bulk.size());
}

}  // namespace
}  // namespace redan::sctp
