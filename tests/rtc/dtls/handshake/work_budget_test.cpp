#include "rtc/dtls/handshake/work_budget.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

using namespace std::chrono_literals;

// A peer that spends the share of low priority cannot keep out a repeated hello or the expected certificate.
TEST(WorkBudget, ReservesAShareForEachHigherPriority) {
  WorkBudget budget;
  const TimePoint now{};
  EXPECT_FALSE(budget.take(now, Priority::low, 9));
  EXPECT_TRUE(budget.take(now, Priority::low, 8));
  EXPECT_FALSE(budget.take(now, Priority::low, 1));
  EXPECT_TRUE(budget.take(now, Priority::medium, 8));
  EXPECT_FALSE(budget.take(now, Priority::medium, 1));
  EXPECT_TRUE(budget.take(now, Priority::high, 8));
  EXPECT_FALSE(budget.take(now, Priority::high, 1));
}

TEST(WorkBudget, GrowsByOneEach20MillisecondsUpToABurst) {
  WorkBudget budget;
  TimePoint now{};
  EXPECT_TRUE(budget.take(now, Priority::high, WorkBudget::kBurst));
  EXPECT_FALSE(budget.take(now + 19ms, Priority::high, 1));
  EXPECT_TRUE(budget.take(now + 20ms, Priority::high, 1));
  EXPECT_FALSE(budget.take(now + 39ms, Priority::high, 1));
  now += 1h;
  EXPECT_TRUE(budget.take(now, Priority::high, WorkBudget::kBurst));
  EXPECT_FALSE(budget.take(now, Priority::high, 1));
}

}  // namespace
}  // namespace redan::dtls
