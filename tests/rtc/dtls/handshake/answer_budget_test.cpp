#include "rtc/dtls/handshake/answer_budget.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

TEST(AnswerBudget, AllowsAnAnswerUntilMoreThanThreeTimesTheInputWasSent) {
  AnswerBudget budget;
  budget.received(100);
  EXPECT_TRUE(budget.allows());
  budget.answered(300);
  EXPECT_TRUE(budget.allows());
  budget.answered(1);
  EXPECT_FALSE(budget.allows());
  budget.received(1);
  EXPECT_TRUE(budget.allows());
}

}  // namespace
}  // namespace redan::dtls
