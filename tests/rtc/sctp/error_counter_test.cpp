#include "rtc/sctp/error_counter.hpp"

#include <gtest/gtest.h>

namespace redan::sctp {
namespace {

TEST(ErrorCounter, ExceedsItsLimitWithOneTimeoutMore) {
  ErrorCounter errors(2);
  errors.on_timeout();
  errors.on_timeout();
  EXPECT_FALSE(errors.exceeded());
  errors.on_timeout();
  EXPECT_TRUE(errors.exceeded());
}

TEST(ErrorCounter, BeginsAgainWithEachAnswer) {
  ErrorCounter errors(2);
  for (int i = 0; i < 10; ++i) {
    errors.on_timeout();
    errors.on_timeout();
    errors.on_answer();
  }
  EXPECT_FALSE(errors.exceeded());
}

}  // namespace
}  // namespace redan::sctp
