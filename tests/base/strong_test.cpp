#include "base/strong.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace redan {
namespace {

using Tsn = Serial<struct TsnTag, std::uint32_t>;
using Small = Serial<struct SmallTag, std::uint8_t>;

TEST(Serial, ComparesAcrossTheWrap) {
  EXPECT_LT(Tsn(0xFFFFFFFF), Tsn(0));
  EXPECT_GT(Tsn(5), Tsn(0xFFFFFFF0));
  EXPECT_LE(Tsn(7), Tsn(7));
  EXPECT_EQ(Tsn(0xFFFFFFFF).next(), Tsn(0));
  EXPECT_EQ(Tsn(2).distance_from(Tsn(0xFFFFFFFE)), 4U);
}

// RFC 1982 section 3.2: numbers half the space apart are not comparable.
TEST(Serial, NumbersHalfTheSpaceApartAreNeitherLessNorGreater) {
  EXPECT_FALSE(Small(0) < Small(128));
  EXPECT_FALSE(Small(0) > Small(128));
  EXPECT_TRUE(Small(0) < Small(127));
  EXPECT_TRUE(Small(0) > Small(129));
}

}  // namespace
}  // namespace redan
