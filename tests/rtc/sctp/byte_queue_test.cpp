#include "rtc/sctp/byte_queue.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

std::vector<std::uint8_t> pattern(std::size_t size, std::size_t from) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>((from + i) % 251);
  return bytes;
}

TEST(ByteQueue, KeepsBytesUntilTheyAreReleased) {
  SlabPool pool(4);
  ByteQueue queue;
  queue.append(pool, pattern(10'000, 0));
  queue.append(pool, pattern(5'000, 10'000));
  EXPECT_EQ(queue.end(), 15'000U);
  std::vector<std::uint8_t> out(6'000);
  queue.copy(3'000, out);
  EXPECT_EQ(out, pattern(6'000, 3'000));
  queue.release(9'000);
  queue.copy(9'000, out);
  EXPECT_EQ(out, pattern(6'000, 9'000));
}

TEST(ByteQueue, BeginsWithAFreshSlabWhenItWasEmptied) {
  SlabPool pool(4);
  ByteQueue queue;
  queue.append(pool, pattern(100, 0));
  queue.release(queue.end());
  EXPECT_EQ(queue.end() % kSlabSize, 0U);
  const std::uint64_t begin = queue.end();
  queue.append(pool, pattern(5'000, 7));
  std::vector<std::uint8_t> out(5'000);
  queue.copy(begin, out);
  EXPECT_EQ(out, pattern(5'000, 7));
}

}  // namespace
}  // namespace redan::sctp
