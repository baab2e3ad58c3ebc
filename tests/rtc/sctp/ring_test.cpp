#include "rtc/sctp/ring.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

TEST(Ring, GivesItsElementsInOrderWhileItGrowsAndWraps) {
  Ring<int> ring;
  int next_in = 0, next_out = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < round; ++i) ring.push_back(next_in++);
    for (std::size_t i = 0; i < ring.size(); ++i) ASSERT_EQ(ring[i], next_out + static_cast<int>(i));
    for (int i = 0; i < round - 1; ++i) {
      ASSERT_EQ(ring.front(), next_out++);
      ring.pop_front();
    }
  }
  EXPECT_EQ(ring.size(), 19U);
}

TEST(Ring, GivesItsMemoryBackOnlyWhenItIsEmpty) {
  Ring<int> ring;
  ring.push_back(1);
  ring.release();
  EXPECT_EQ(ring.size(), 1U);
  ring.clear();
  EXPECT_NE(ring.capacity(), 0U);
  ring.release();
  EXPECT_EQ(ring.capacity(), 0U);
  ring.push_back(2);
  EXPECT_EQ(ring.back(), 2);
}

}  // namespace
}  // namespace redan::sctp
