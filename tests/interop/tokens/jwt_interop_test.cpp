// Our JWTs in libjwt, and libjwt's in Redan.
#include <gtest/gtest.h>
#include <jwt.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "cloud/errors.hpp"
#include "cloud/token/jwt.hpp"
#include "tests/cloud/token/token_test.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;

constexpr token::JwtExpectations kExpected{"ams", "ams-internal", "c05h1jj3pn6a8q46taug"};
constexpr WallTime kMiddle{1877688000};
/// The content of an instance's token from AMS.
constexpr const char* kGrants =
    R"({"iss":"ams","aud":"ams-internal","sub":"c05h1jj3pn6a8q46taug","iat":1861920000,"nbf":1861920000,)"
    R"("exp":1893456000,"jti":"0001","scope":["artifacts:read","instance:status"]})";

token::JwtClaims claims() {
  token::JwtClaims claims{"ams", {"ams-internal"}, std::string(*kExpected.subject), k2029, k2029, k2030, "0001", {}};
  claims.scope = {"artifacts:read", "instance:status"};
  return claims;
}

struct Free {
  void operator()(jwt_t* token) const { jwt_free(token); }
  void operator()(char* text) const { std::free(text); }
};
using Token = std::unique_ptr<jwt_t, Free>;
using Text = std::unique_ptr<char, Free>;

/// Null if libjwt refuses it.
Token decode(const std::string& text, const Secret<64>& secret) {
  jwt_t* token = nullptr;
  const Bytes key = secret.expose();
  if (jwt_decode(&token, text.c_str(), key.data(), static_cast<int>(key.size())) != 0) return nullptr;
  return Token(token);
}

std::string encode(const char* grants, jwt_alg_t algorithm, const Secret<64>& secret) {
  jwt_t* made = nullptr;
  EXPECT_EQ(jwt_new(&made), 0);
  const Token token(made);
  EXPECT_EQ(jwt_add_grants_json(token.get(), grants), 0);
  const Bytes key = algorithm == JWT_ALG_NONE ? Bytes() : secret.expose();
  EXPECT_EQ(jwt_set_alg(token.get(), algorithm, key.data(), static_cast<int>(key.size())), 0);
  const Text text(jwt_encode_str(token.get()));
  return text ? text.get() : "";
}

class JwtInterop : public testing::Test {
 protected:
  Result<token::JwtClaims> verify(const std::string& text) {
    const auto token = token::UnverifiedJwt::parse(text);
    if (!token) return refuse(token.error());
    return token->verify(key_, kExpected, kMiddle);
  }
  token::JwtKey key_ = std::move(*token::JwtKey::prepare(provider(), counting_secret()));
};

TEST_F(JwtInterop, LibjwtAcceptsOurTokens) {
  const auto text = key_.mint(claims());
  ASSERT_TRUE(text);
  const Token token = decode(*text, counting_secret());
  ASSERT_TRUE(token);
  EXPECT_EQ(jwt_get_alg(token.get()), JWT_ALG_HS256);
  EXPECT_STREQ(jwt_get_grant(token.get(), "iss"), "ams");
  EXPECT_STREQ(jwt_get_grant(token.get(), "sub"), "c05h1jj3pn6a8q46taug");
  EXPECT_EQ(jwt_get_grant_int(token.get(), "exp"), k2030.seconds_since_1970);
  const Text all(jwt_get_grants_json(token.get(), nullptr));
  EXPECT_EQ(json::parse(all.get()), json::parse(kGrants));
}

TEST_F(JwtInterop, LibjwtRefusesOurTokensWithAnotherKey) {
  const auto text = key_.mint(claims());
  ASSERT_TRUE(text);
  EXPECT_FALSE(decode(*text, other_secret()));
  std::string altered = *text;
  altered[altered.size() - 5] = altered[altered.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(decode(altered, counting_secret()));
}

TEST_F(JwtInterop, WeAcceptTokensOfLibjwt) {
  const auto read = verify(encode(kGrants, JWT_ALG_HS256, counting_secret()));
  ASSERT_TRUE(read) << text(read.error());
  EXPECT_EQ(*read, claims());
}

TEST_F(JwtInterop, WeRefuseTokensOfLibjwtWithAnotherKeyOrAlgorithm) {
  EXPECT_EQ(reason(verify(encode(kGrants, JWT_ALG_HS256, other_secret()))), errc::token_bad_signature);
  EXPECT_EQ(reason(verify(encode(kGrants, JWT_ALG_HS384, counting_secret()))), errc::token_algorithm);
  EXPECT_EQ(reason(verify(encode(kGrants, JWT_ALG_HS512, counting_secret()))), errc::token_algorithm);
  EXPECT_EQ(reason(verify(encode(kGrants, JWT_ALG_NONE, counting_secret()))), errc::token_algorithm);
  // The reader may be careless: libjwt accepts this one.
  EXPECT_TRUE(decode(encode(kGrants, JWT_ALG_HS512, counting_secret()), counting_secret()));
}

TEST_F(JwtInterop, WeRefuseTokensOfLibjwtForOtherServices) {
  EXPECT_EQ(reason(verify(encode(R"({"iss":"ams","aud":"ams-internal","sub":"another","exp":1893456000})",
                                 JWT_ALG_HS256, counting_secret()))),
            errc::token_claims);
  EXPECT_EQ(reason(verify(encode(R"({"iss":"ams","aud":"ams-internal","sub":"c05h1jj3pn6a8q46taug"})", JWT_ALG_HS256,
                                 counting_secret()))),
            errc::token_claims);
  EXPECT_EQ(reason(verify(encode(R"({"iss":"ams","aud":"ams-internal","sub":"c05h1jj3pn6a8q46taug","exp":1861920000})",
                                 JWT_ALG_HS256, counting_secret()))),
            errc::token_expired);
}

}  // namespace
}  // namespace redan::cloud::test
