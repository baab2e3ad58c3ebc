#include "cmd/demo/admission.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace redan::cmd {
namespace {

TEST(Admission, ATokenWorksOnceAndReturnsASession) {
  test::SeededRandom random(1);
  Admission admission(random);
  const std::string token = admission.token();
  EXPECT_EQ(token.size(), 22U);  // 128 bits in base64url
  const auto session = admission.redeem_token(TimePoint{}, token);
  ASSERT_TRUE(session);
  EXPECT_FALSE(admission.redeem_token(TimePoint{}, token));
  EXPECT_NE(admission.token(), token);
  EXPECT_TRUE(admission.resume(TimePoint{}, *session));
  EXPECT_TRUE(admission.resume(TimePoint{}, *session));
  EXPECT_FALSE(admission.resume(TimePoint{}, token));
  EXPECT_FALSE(admission.resume(TimePoint{}, ""));
}

TEST(Admission, NoClientIsAdmittedForAMinuteAfterTooManyWrongTokens) {
  test::SeededRandom random(2);
  Admission admission(random);
  for (int i = 0; i < Admission::kMaxFailures; ++i) EXPECT_FALSE(admission.redeem_token(TimePoint{}, "wrong"));
  EXPECT_FALSE(admission.redeem_token(TimePoint{}, admission.token()));
  EXPECT_TRUE(admission.redeem_token(TimePoint{} + std::chrono::seconds(61), admission.token()));
}

}  // namespace
}  // namespace redan::cmd
