#include "rtc/sctp/rx/expected_ssns.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

TEST(ExpectedSsns, CostAtMostOneLeafForAStream) {
  ExpectedSsns expected;
  for (unsigned stream = 65535; stream > 0; stream -= 4369) {
    expected.set(StreamId(static_cast<std::uint16_t>(stream)), Ssn(static_cast<std::uint16_t>(stream)));
  }
  EXPECT_EQ(expected.get(StreamId(65535)), Ssn(65535));
  EXPECT_EQ(expected.get(StreamId(4369)), Ssn(4369));
  EXPECT_EQ(expected.get(StreamId(4370)), Ssn(0));
  EXPECT_LE(expected.memory(), 15 * (128U + 512U));
  for (unsigned stream = 0; stream < 65536; ++stream)
    expected.set(StreamId(static_cast<std::uint16_t>(stream)), Ssn(1));
  EXPECT_LE(expected.memory(), 150'000U);
  expected.reset(StreamId(7));
  EXPECT_EQ(expected.get(StreamId(7)), Ssn(0));
}

}  // namespace
}  // namespace redan::sctp
