#include "rtc/ice/credentials.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/seeded_random.hpp"

namespace redan::ice {
namespace {

constexpr std::string_view kIceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

TEST(IceCredentials, HaveTheLengthAndAlphabetOfTheRfc) {
  test::SeededRandom random(1);
  std::set<char> seen;
  for (int i = 0; i < 200; ++i) {
    const Credentials made = Credentials::make(random);
    // RFC 8445 section 5.3: at least 24 and 128 bits, six per character; RFC 8839 section 5.4: 4 and 22 characters.
    EXPECT_GE(made.ufrag.size(), 4U);
    EXPECT_GE(made.pwd.size(), 22U);
    EXPECT_EQ((made.ufrag + made.pwd).find_first_not_of(kIceChars), std::string::npos);
    seen.insert(made.pwd.begin(), made.pwd.end());
  }
  EXPECT_EQ(seen.size(), kIceChars.size());
}

TEST(IceCredentials, ComeOnlyFromTheRandomSource) {
  test::SeededRandom one(1);
  test::SeededRandom same(1);
  test::SeededRandom two(2);
  const Credentials first = Credentials::make(one);
  EXPECT_EQ(first, Credentials::make(same));
  EXPECT_NE(first, Credentials::make(two));
  EXPECT_NE(first, Credentials::make(one));
}

}  // namespace
}  // namespace redan::ice
