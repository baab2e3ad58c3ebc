#include <gtest/gtest.h>

#include <redan/error.hpp>

namespace redan {
namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return refuse(Errc::invalid_argument, std::string("not a digit: ") + c);
  return c - '0';
}

Result<int> sum_of_digits(std::string_view text) {
  int sum = 0;
  for (const char c : text) {
    REDAN_TRY(const int digit, parse_digit(c));
    sum += digit;
  }
  return sum;
}

Result<void> check_digits(std::string_view text) {
  REDAN_CHECK(sum_of_digits(text));
  return {};
}

TEST(Error, TryYieldsTheValueOrReturnsTheErrorWithItsDetail) {
  EXPECT_EQ(sum_of_digits("123").value(), 6);
  const auto refused = sum_of_digits("1x3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::invalid_argument);
  EXPECT_EQ(refused.error().detail, "not a digit: x");
}

TEST(Error, CheckReturnsTheErrorWithItsDetail) {
  EXPECT_TRUE(check_digits("123"));
  EXPECT_EQ(check_digits("1x3").error().detail, "not a digit: x");
}

TEST(Error, ACodeHasItsRow) {
  EXPECT_EQ(name(Errc::dtls_fingerprint_mismatch), "dtls_fingerprint_mismatch");
  EXPECT_FALSE(text(Errc::dtls_fingerprint_mismatch).empty());
  EXPECT_FALSE(hint(Errc::dtls_fingerprint_mismatch).empty());
  EXPECT_NE(Errc::dtls_timeout, Errc::ice_timeout);
  EXPECT_EQ(Errc{}, Errc{});
  EXPECT_EQ(name(Errc{}), "none");
}

// Other programs store the numbers: rows may be appended, and nothing else may change.
TEST(Error, NumbersAreFixed) {
  EXPECT_EQ(Errc::closed_locally.number(), 1);
  EXPECT_EQ(Errc::crypto_failed.number(), 10);
  EXPECT_EQ(Errc::dtls_fingerprint_mismatch.number(), 26);
  EXPECT_EQ(Errc::channel_closed_by_peer.number(), 58);
  std::uint16_t last = 0;
#define X(number, id, text, hint) \
  EXPECT_EQ(number, last + 1);    \
  last = number;
  REDAN_ERRORS(X)
#undef X
}

}  // namespace
}  // namespace redan
