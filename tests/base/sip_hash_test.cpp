#include "base/sip_hash.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace redan {
namespace {

// Appendix A of the SipHash paper: key 00..0f, message 00..0e.
TEST(SipHashTest, MatchesThePublishedVector) {
  std::vector<std::uint8_t> message(15);
  std::iota(message.begin(), message.end(), std::uint8_t{0});
  EXPECT_EQ(SipHash(0x0706050403020100U, 0x0f0e0d0c0b0a0908U)(message), 0xa129ca6149be45e5U);
}

TEST(SipHashTest, DependsOnTheLength) {
  const SipHash hash(1, 2);
  const std::vector<std::uint8_t> zeros(16);
  EXPECT_NE(hash(Bytes(zeros).first(7)), hash(Bytes(zeros).first(8)));
  EXPECT_NE(hash(Bytes(zeros).first(8)), hash(Bytes(zeros).first(9)));
}

TEST(SipHashTest, DependsOnTheKey) {
  const std::vector<std::uint8_t> message{1, 2, 3};
  EXPECT_NE(SipHash(1, 2)(message), SipHash(1, 3)(message));
}

}  // namespace
}  // namespace redan
