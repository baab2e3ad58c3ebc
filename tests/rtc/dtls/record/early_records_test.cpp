#include "rtc/dtls/record/early_records.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

TEST(EarlyRecords, KeepsTheLastFewOfBoundedSize) {
  EarlyRecords early;
  for (std::uint8_t i = 0; i < 6; ++i) early.keep(std::vector<std::uint8_t>(100, i));
  auto kept = early.take();
  ASSERT_EQ(kept.size(), EarlyRecords::kMaxRecords);
  EXPECT_EQ(kept.front()[0], 2);
  EXPECT_EQ(kept.back()[0], 5);
  EXPECT_TRUE(early.empty());
  EXPECT_EQ(early.keep(std::vector<std::uint8_t>(EarlyRecords::kMaxBytes + 1)), 1U);
  EXPECT_TRUE(early.empty());
  early.keep(std::vector<std::uint8_t>(3000));
  EXPECT_EQ(early.keep(std::vector<std::uint8_t>(2000)), 1U);
  EXPECT_EQ(early.take().size(), 1U);
}

}  // namespace
}  // namespace redan::dtls
