#include "cloud/token/caveat.hpp"

#include "cloud/errors.hpp"
#include "token_test.hpp"

namespace redan::cloud::test {
namespace {

constexpr const char* kIn2030 = "2030-01-01T00:00:00Z";

Result<WallTime> check(std::initializer_list<const char*> texts, token::MacaroonRequest request) {
  std::vector<token::Caveat> caveats;
  for (const char* text : texts) caveats.push_back({text});
  return token::check_caveats(caveats, request);
}

token::MacaroonRequest join() { return {k2029, "join", "s1", "eu", "i1"}; }

TEST(Caveat, ATimeIsAnExpiry) {
  EXPECT_EQ(check({kIn2030}, {k2029}), k2030);
  EXPECT_TRUE(check({kIn2030}, {after(k2030, -1)}));
  EXPECT_EQ(reason(check({kIn2030}, {k2030})), errc::token_expired);
  EXPECT_EQ(check({"2030-01-01T02:00:00.9+02:00"}, {k2029}), k2030);
}

TEST(Caveat, TheEarliestExpiryCounts) {
  EXPECT_EQ(check({"2031-01-01T00:00:00Z", kIn2030, "2032-01-01T00:00:00Z"}, {k2029}), k2030);
  EXPECT_EQ(reason(check({"2031-01-01T00:00:00Z", kIn2030}, {k2030})), errc::token_expired);
}

TEST(Caveat, WithoutAnExpiryItIsRefused) {
  EXPECT_EQ(reason(check({}, join())), errc::token_claims);
  EXPECT_EQ(reason(check({"op=join"}, join())), errc::token_claims);
}

TEST(Caveat, TheRequestMustMatchEachCaveat) {
  EXPECT_TRUE(check({kIn2030, "op=join", "session=s1", "region=eu", "instance=i1"}, join()));
  for (const char* other :
       {"op=read", "session=s2", "region=us", "instance=i2", "op=join ", "op= join", "op=Join", "op=join,read"}) {
    EXPECT_EQ(reason(check({kIn2030, other}, join())), errc::token_scope) << other;
  }
}

TEST(Caveat, RepeatedCaveatsMustAllBeMet) {
  EXPECT_TRUE(check({kIn2030, "op=join", "op=join"}, join()));
  EXPECT_EQ(reason(check({kIn2030, "op=join", "op=read"}, join())), errc::token_scope);
  EXPECT_EQ(reason(check({kIn2030, "op=read", "op=join"}, join())), errc::token_scope);
}

TEST(Caveat, ACaveatOnAnUnnamedPartIsNotMet) {
  for (const char* caveat : {"op=join", "session=s1", "region=eu", "instance=i1"}) {
    EXPECT_EQ(reason(check({kIn2030, caveat}, {k2029})), errc::token_scope) << caveat;
  }
}

TEST(Caveat, UnknownAndMalformedOnesAreRefused) {
  for (const char* caveat : {"", "=", "op", "op=", "session=", "OP=join", " op=join", "op =join", "ops=join", "admin=1",
                             "time < 2030-01-01T00:00:00Z", "expires=2030-01-01T00:00:00Z", "2030-01-01",
                             "2030-01-01T00:00:00Z ", "2030-01-01T00:00:60Z", "cid=1", "op:join"}) {
    EXPECT_EQ(reason(check({kIn2030, caveat}, join())), errc::token_caveat) << caveat;
    EXPECT_EQ(reason(check({caveat, kIn2030}, token::MacaroonRequest{k2029})), errc::token_caveat) << caveat;
  }
  const token::Caveat nul{std::string("op=join\0", 8)};
  EXPECT_EQ(reason(token::check_caveats(std::array{nul}, join())), errc::token_scope);
}

}  // namespace
}  // namespace redan::cloud::test
