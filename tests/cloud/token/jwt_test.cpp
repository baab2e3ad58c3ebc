#include "cloud/token/jwt.hpp"

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "token_test.hpp"

namespace redan::cloud::test {
namespace {

constexpr std::string_view kHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Known answer: issuer, subject and expiry only.
constexpr std::string_view kMinimal =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpc3MiOiJhbXMiLCJzdWIiOiJjMDVoMWpqM3BuNmE4cTQ2dGF1ZyIsImV4cCI6MTg5MzQ1NjAwMH0"
    ".8eHCbcKWqghCrM9ECWl4szP6thnpV3WaU0uo98AVSKU";

/// Known answer: all claims.
constexpr std::string_view kFull =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJpc3MiOiJhbXMiLCJhdWQiOiJhbXMtaW50ZXJuYWwiLCJzdWIiOiJjMDVoMWpqM3BuNmE4cTQ2dGF1ZyIsImlhdCI6MTg2MTkyMDAwMCwibmJm"
    "IjoxODYxOTIwMDAwLCJleHAiOjE4OTM0NTYwMDAsImp0aSI6IjAwMDEiLCJzY29wZSI6WyJhcnRpZmFjdHM6cmVhZCIsImluc3RhbmNlOnN0YXR1"
    "cyJdfQ"
    ".60tDE7GGatUlQidDAnx3wzTomOBpivG9uVq4hUKCtsc";

token::JwtClaims full_claims() {
  token::JwtClaims claims;
  claims.issuer = "ams";
  claims.audience = {"ams-internal"};
  claims.subject = "c05h1jj3pn6a8q46taug";
  claims.issued_at = k2029;
  claims.not_before = k2029;
  claims.expires = k2030;
  claims.id = "0001";
  claims.scope = {"artifacts:read", "instance:status"};
  return claims;
}

constexpr token::JwtExpectations kExpected{"ams", "ams-internal"};
constexpr WallTime kMiddle{1877688000};

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

class Jwt : public testing::Test {
 protected:
  static token::JwtKey key(const Secret<64>& secret) {
    auto prepared = token::JwtKey::prepare(provider(), secret);
    EXPECT_TRUE(prepared);
    return std::move(*prepared);
  }
  /// A token with exactly this content and a valid signature.
  static std::string sign(std::string_view header, std::string_view payload) {
    const std::string input = encode(header) + "." + encode(payload);
    return input + "." + signature(input);
  }
  static std::string signature(std::string_view input) {
    const Secret<64> secret = counting_secret();
    const auto hmac = provider().hmac(HashAlgorithm::sha256, secret.expose());
    return to_base64(hmac->compute(std::array{as_bytes(input)}).bytes(), Base64::url);
  }
  static std::string sign_claims(std::string_view payload) { return sign(R"({"alg":"HS256","typ":"JWT"})", payload); }

  Result<token::JwtClaims> verify(std::string_view text, const token::JwtExpectations& expected = kExpected,
                                  WallTime now = kMiddle) {
    const auto token = token::UnverifiedJwt::parse(text);
    if (!token) return refuse(token.error());
    return token->verify(key_, expected, now);
  }
  Errc header_reason(std::string_view header) {
    return reason(verify(sign(header, R"({"iss":"ams","aud":"ams-internal","exp":1893456000})")));
  }

  token::JwtKey key_ = key(counting_secret());
};

// Known answers.

TEST_F(Jwt, IssuesTheKnownAnswers) {
  EXPECT_EQ(key_.mint(full_claims()), std::string(kFull));
  token::JwtClaims minimal;
  minimal.issuer = "ams";
  minimal.subject = "c05h1jj3pn6a8q46taug";
  minimal.expires = k2030;
  EXPECT_EQ(key_.mint(minimal), std::string(kMinimal));
}

TEST_F(Jwt, VerifiesTheKnownAnswer) {
  const auto claims = verify(kFull);
  ASSERT_TRUE(claims);
  EXPECT_EQ(*claims, full_claims());
  EXPECT_TRUE(claims->allows("artifacts:read"));
  EXPECT_FALSE(claims->allows("artifacts"));
}

TEST_F(Jwt, TheMbedtlsProviderIssuesTheSame) {
  const auto mbedtls = mbedtls_provider();
  auto key = token::JwtKey::prepare(*mbedtls, counting_secret());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->mint(full_claims()), std::string(kFull));
}

TEST_F(Jwt, IssuedTokensVerifyToTheSameClaims) {
  token::JwtClaims claims = full_claims();
  claims.audience = {"first", "ams-internal"};
  claims.subject = "quotes \" and \\ and \xc3\xa4 and \n";
  claims.scope.clear();
  claims.issued_at.reset();
  const auto token = key_.mint(claims);
  ASSERT_TRUE(token);
  EXPECT_EQ(verify(*token), claims);
}

// Keys.

TEST_F(Jwt, AKeyMustHave64Bytes) {
  EXPECT_EQ(reason(token::JwtKey::prepare(provider(), Secret<64>{})), Errc::invalid_argument);
  EXPECT_EQ(reason(token::JwtKey::prepare(provider(), Secret<64>(counting_secret().expose().first(63)))),
            Errc::invalid_argument);
}

TEST_F(Jwt, RefusesATokenOfAnotherKey) {
  key_ = key(other_secret());
  EXPECT_EQ(reason(verify(kFull)), errc::token_bad_signature);
}

// The signature.

TEST_F(Jwt, EveryFlippedBitIsRefused) {
  for (std::size_t i = 0; i < kFull.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string text(kFull);
      text[i] = static_cast<char>(text[i] ^ static_cast<char>(1U << bit));
      EXPECT_FALSE(verify(text)) << i << " " << bit;
    }
  }
}

TEST_F(Jwt, EveryFlippedBitOfTheDecodedPartsIsRefused) {
  const std::size_t second = kFull.rfind('.');
  const auto payload = from_base64(kFull.substr(kHeader.size() + 1, second - kHeader.size() - 1), Base64::url);
  ASSERT_TRUE(payload);
  for (std::size_t i = 0; i < payload->size() * 8; ++i) {
    auto changed = *payload;
    changed[i / 8] ^= static_cast<std::uint8_t>(1U << i % 8);
    const std::string text =
        std::string(kHeader) + "." + to_base64(changed, Base64::url) + std::string(kFull.substr(second));
    EXPECT_EQ(reason(verify(text)), errc::token_bad_signature) << i;
  }
}

TEST_F(Jwt, EveryTruncationIsRefused) {
  for (std::size_t n = 0; n < kFull.size(); ++n) EXPECT_FALSE(verify(kFull.substr(0, n))) << n;
}

TEST_F(Jwt, EveryLongerTextIsRefused) {
  for (int c = 0; c < 256; ++c) {
    EXPECT_FALSE(verify(std::string(kFull) + static_cast<char>(c))) << c;
    EXPECT_FALSE(verify(static_cast<char>(c) + std::string(kFull))) << c;
  }
}

TEST_F(Jwt, ASignatureOfAnotherTokenIsRefused) {
  const std::string text =
      std::string(kMinimal.substr(0, kMinimal.rfind('.'))) + std::string(kFull.substr(kFull.rfind('.')));
  EXPECT_EQ(reason(verify(text)), errc::token_bad_signature);
}

// The claims of a forged token are not even parsed: broken claims give the same answer.
TEST_F(Jwt, TheSignatureIsVerifiedBeforeTheClaims) {
  const std::string forged = std::string(43, 'A');
  for (const std::string payload : {"", "!!!!", "{", "AAAA"}) {
    EXPECT_EQ(reason(verify(std::string(kHeader) + "." + payload + "." + forged)), errc::token_bad_signature)
        << payload;
  }
}

// Form.

TEST_F(Jwt, HasExactlyThreeParts) {
  for (const std::string_view text : {"", ".", "..", "...", "a", "a.b", "a.b.c.d"}) {
    EXPECT_EQ(reason(token::UnverifiedJwt::parse(text)), errc::token_syntax) << text;
  }
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(kHeader) + ".e30.")), errc::token_syntax);
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(kFull) + "." + "AAAA")), errc::token_syntax);
}

TEST_F(Jwt, AnEncryptedTokenIsRefused) {
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(kHeader) + ".a.b.c.d")), errc::token_syntax);
}

TEST_F(Jwt, ManyDotsAreRefused) {
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(token::kMaxJwtSize, '.'))), errc::token_syntax);
}

TEST_F(Jwt, Base64IsCanonical) {
  EXPECT_EQ(reason(verify(std::string(kFull) + "=")), errc::token_syntax);
  // The last character of the signature carries 4 bits; the other two must be zero.
  std::string tail(kFull);
  ASSERT_EQ(tail.back(), 'c');
  tail.back() = 'd';
  EXPECT_EQ(reason(verify(tail)), errc::token_syntax);
  const std::string input = encode(R"({"alg":"HS256"})") + "=." + encode(R"({"exp":1893456000})");
  EXPECT_EQ(reason(verify(input + "." + signature(input))), errc::token_syntax);
}

TEST_F(Jwt, TheStandardAlphabetIsRefused) {
  const std::string input = encode(R"({"alg":"HS256"})") + "." + "+/+/";
  EXPECT_EQ(reason(verify(input + "." + signature(input))), errc::token_syntax);
}

TEST_F(Jwt, ATooLargeTokenIsRefusedUnread) {
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(token::kMaxJwtSize + 1, 'A'))), errc::token_too_large);
  EXPECT_EQ(reason(token::UnverifiedJwt::parse(std::string(10'000'000, '.'))), errc::token_too_large);
}

TEST_F(Jwt, ATooLargeTokenIsNotIssued) {
  token::JwtClaims claims = full_claims();
  claims.subject = std::string(token::kMaxJwtSize, 'x');
  EXPECT_EQ(reason(key_.mint(claims)), errc::token_too_large);
  claims.subject = std::string(5000, 'x');
  const auto token = key_.mint(claims);
  ASSERT_TRUE(token);
  EXPECT_EQ(verify(*token), claims);
}

// The header.

TEST_F(Jwt, TheAlgorithmMustBeHs256) {
  for (const std::string_view header :
       {R"({"alg":"none","typ":"JWT"})", R"({"alg":"RS256","typ":"JWT"})", R"({"alg":"HS512","typ":"JWT"})",
        R"({"alg":"HS384"})", R"({"alg":"ES256"})", R"({"alg":"hs256"})", R"({"alg":"HS256 "})", R"({"alg":"None"})",
        R"({"alg":""})", R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":256})", R"({"typ":"JWT"})", "{}",
        R"({"ALG":"HS256"})", R"({"alg":"HS256\u0000"})"}) {
    EXPECT_EQ(header_reason(header), errc::token_algorithm) << header;
  }
}

TEST_F(Jwt, ATokenWithoutASignatureIsRefused) {
  const std::string text = encode(R"({"alg":"none"})") + "." + encode(R"({"exp":1893456000})") + ".";
  EXPECT_EQ(reason(verify(text)), errc::token_algorithm);
}

TEST_F(Jwt, AHeaderThatNamesAKeyOrAnExtensionIsRefused) {
  for (const std::string_view member :
       {R"("kid":"../../dev/null")", R"("kid":"")", R"("kid":null)", R"("jku":"https://x")", R"("jwk":{"k":"AA"})",
        R"("x5u":"https://x")", R"("x5c":[])", R"("x5t":"AA")", R"("x5t#S256":"AA")", R"("crit":["exp"])",
        R"("crit":[])", R"("crit":["b64"],"b64":false)"}) {
    EXPECT_EQ(header_reason(R"({"alg":"HS256",)" + std::string(member) + "}"), errc::token_header) << member;
  }
}

TEST_F(Jwt, TheTypeMustBeJwtIfPresent) {
  EXPECT_EQ(header_reason(R"({"alg":"HS256"})"), Errc::closed_locally);
  for (const std::string_view type : {R"("JWT")", R"("jwt")", R"("Jwt")"}) {
    EXPECT_EQ(header_reason(R"({"alg":"HS256","typ":)" + std::string(type) + "}"), Errc::closed_locally) << type;
  }
  for (const std::string_view type : {R"("JWE")", R"("at+jwt")", R"("")", "null", "1"}) {
    EXPECT_EQ(header_reason(R"({"alg":"HS256","typ":)" + std::string(type) + "}"), errc::token_header) << type;
  }
}

TEST_F(Jwt, OtherHeaderParametersAreIgnored) {
  EXPECT_EQ(header_reason(R"( { "cty" : "x", "alg" : "HS256", "n" : { "alg" : "none" } } )"), Errc::closed_locally);
}

TEST_F(Jwt, TheHeaderMustBeStrictJson) {
  for (const std::string_view header :
       {R"({"alg":"HS256","alg":"none"})", R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","\u0061lg":"none"})",
        R"({"alg":"HS256","n":{"a":1,"a":2}})", R"({"alg":"HS256"}x)", R"(["HS256"])", R"("HS256")", "",
        R"({"alg":"HS256","n":[[[[[[[[[1]]]]]]]]]})"}) {
    EXPECT_EQ(header_reason(header), errc::token_syntax) << header;
  }
}

// The claims.

TEST_F(Jwt, TheClaimsMustBeStrictJson) {
  for (const std::string_view payload :
       {"", "[]", "null", R"({"exp":1,"exp":1893456000})", R"({"exp":1893456000,"sub":"a","\u0073ub":"b"})",
        R"({"exp":1893456000,"x":[{"y":1,"y":1}]})", R"({"exp":1893456000)", R"({"exp":1893456000} {})",
        R"({"exp":01893456000})", R"({"exp":1893456000,"x":[[[[[[[[[1]]]]]]]]]})",
        "{\"exp\":1893456000,\"sub\":\"\xff\"}"}) {
    EXPECT_EQ(reason(verify(sign_claims(payload))), errc::token_syntax) << payload;
  }
}

TEST_F(Jwt, ATokenWithoutExpiryIsRefused) {
  EXPECT_EQ(reason(verify(sign_claims(R"({"iss":"ams","aud":"ams-internal"})"))), errc::token_claims);
}

TEST_F(Jwt, DatesMayHaveAFractionAndAnExponent) {
  const auto with = [](const std::string& dates) {
    return sign_claims(R"({"iss":"ams","aud":"ams-internal",)" + dates + "}");
  };
  const WallTime now = kMiddle;
  const std::string middle = std::to_string(now.seconds_since_1970), later = std::to_string(now.seconds_since_1970 + 1);
  EXPECT_TRUE(verify(with(R"("exp":1.893456e9)")));
  EXPECT_TRUE(verify(with("\"exp\":" + later + ".5"), kExpected, now));
  EXPECT_EQ(reason(verify(with("\"exp\":" + middle + ".5"), kExpected, now)), errc::token_expired);
  const std::string latest = std::to_string(now.seconds_since_1970 + token::kJwtLeewaySeconds);
  for (const char* name : {"nbf", "iat"}) {
    const std::string start = R"("exp":1893456000,")" + std::string(name) + "\":" + latest;
    EXPECT_TRUE(verify(with(start + ".0"), kExpected, now));
    EXPECT_EQ(reason(verify(with(start + ".5"), kExpected, now)), errc::token_not_yet_valid);
  }
}

TEST_F(Jwt, ScopeMayBeATextSeparatedByBlanks) {
  const auto claims = verify(
      sign_claims(R"({"iss":"ams","aud":"ams-internal","exp":1893456000,"scope":"artifacts:read  instance:status"})"));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->scope, (std::vector<std::string>{"artifacts:read", "instance:status"}));
}

TEST_F(Jwt, DatesMustBeNumbersInRange) {
  for (const char* value : {R"("1893456000")", "1e400", "1e18", "-1e16", "null", "true", "[1893456000]",
                            "9223372036854775808", "18446744073709551615", "99999999999999999999", "{}"}) {
    for (const char* name : {"exp", "nbf", "iat"}) {
      const std::string others = name == std::string_view("exp") ? "" : R"("exp":1893456000,)";
      const std::string payload = R"({"iss":"ams","aud":"ams-internal",)" + others + "\"" + name + "\":" + value + "}";
      EXPECT_EQ(reason(verify(sign_claims(payload))), errc::token_claims) << payload;
    }
  }
}

TEST_F(Jwt, TheLargestDatesDoNotOverflow) {
  const std::string_view start = R"({"iss":"ams","aud":"ams-internal",)";
  EXPECT_TRUE(verify(sign_claims(std::string(start) + R"("exp":9223372036854775807,"nbf":-9223372036854775808})")));
  EXPECT_EQ(reason(verify(sign_claims(std::string(start) + R"("exp":9223372036854775807,"nbf":9223372036854775807})"))),
            errc::token_not_yet_valid);
  EXPECT_EQ(reason(verify(sign_claims(std::string(start) + R"("exp":-9223372036854775808})"))), errc::token_expired);
  EXPECT_EQ(reason(verify(sign_claims(std::string(start) + R"("exp":-1})"))), errc::token_expired);
}

TEST_F(Jwt, ExpiryHasNoLeeway) {
  EXPECT_TRUE(verify(kFull, kExpected, after(k2030, -1)));
  EXPECT_EQ(reason(verify(kFull, kExpected, k2030)), errc::token_expired);
  EXPECT_EQ(reason(verify(kFull, kExpected, after(k2030, 1))), errc::token_expired);
}

TEST_F(Jwt, AnIssuersClockMayBeAMinuteAhead) {
  EXPECT_TRUE(verify(kFull, kExpected, after(k2029, -token::kJwtLeewaySeconds)));
  EXPECT_EQ(reason(verify(kFull, kExpected, after(k2029, -token::kJwtLeewaySeconds - 1))), errc::token_not_yet_valid);
}

TEST_F(Jwt, NbfAndIatEachDelayATokensValidity) {
  for (const char* name : {"nbf", "iat"}) {
    const std::string payload =
        std::string(R"({"iss":"ams","aud":"ams-internal","exp":1893456000,")") + name + "\":1877688061}";
    EXPECT_EQ(reason(verify(sign_claims(payload))), errc::token_not_yet_valid);
    EXPECT_TRUE(verify(sign_claims(payload), kExpected, after(kMiddle, 1)));
  }
}

TEST_F(Jwt, IssuerAudienceAndSubjectMustMatch) {
  EXPECT_TRUE(verify(kFull, {"ams", "ams-internal", "c05h1jj3pn6a8q46taug"}));
  EXPECT_EQ(reason(verify(kFull, {"gateway", "ams-internal"})), errc::token_claims);
  EXPECT_EQ(reason(verify(kFull, {"ams", "ams"})), errc::token_claims);
  EXPECT_EQ(reason(verify(kFull, {"ams", "ams-internal", "c05h1jj3pn6a8q46taub"})), errc::token_claims);
  EXPECT_EQ(reason(verify(kFull, {"ams", "ams-internal", ""})), errc::token_claims);
}

TEST_F(Jwt, MissingClaimsMatchNothing) {
  EXPECT_EQ(reason(verify(kMinimal)), errc::token_claims);
  const std::string nothing = sign_claims(R"({"exp":1893456000})");
  EXPECT_EQ(reason(verify(nothing)), errc::token_claims);
  EXPECT_EQ(reason(verify(nothing, {"", ""})), errc::token_claims);
  EXPECT_EQ(reason(verify(sign_claims(R"({"iss":"","aud":"","exp":1893456000})"), {"", ""})), errc::token_claims);
}

TEST_F(Jwt, OneOfSeveralAudiencesIsEnough) {
  const auto with_audience = [](std::string_view aud) {
    return sign_claims(R"({"iss":"ams","exp":1893456000,"aud":)" + std::string(aud) + "}");
  };
  EXPECT_TRUE(verify(with_audience(R"(["x","ams-internal"])")));
  EXPECT_TRUE(verify(with_audience(R"(["ams-internal"])")));
  for (const char* aud : {R"([])", R"(["x","y"])", R"(["ams-internal",1])", R"([["ams-internal"]])",
                          R"({"ams-internal":1})", "null", "1", R"("ams-internal x")"}) {
    EXPECT_EQ(reason(verify(with_audience(aud))), errc::token_claims) << aud;
  }
}

TEST_F(Jwt, ClaimsOfTheWrongTypeAreRefused) {
  for (const char* member :
       {R"("sub":1)", R"("sub":null)", R"("jti":["1"])", R"("scope":[1])", R"("scope":{})", R"("scope":null)"}) {
    const std::string payload = R"({"iss":"ams","aud":"ams-internal","exp":1893456000,)" + std::string(member) + "}";
    EXPECT_EQ(reason(verify(sign_claims(payload))), errc::token_claims) << member;
  }
}

TEST_F(Jwt, UnknownClaimsAreIgnored) {
  EXPECT_TRUE(verify(sign_claims(
      R"({"name":{"exp":1,"deep":[1,2.5,null]},"iss":"ams","aud":"ams-internal","exp":1893456000,"admin":true})")));
}

TEST_F(Jwt, ATokenWithoutScopeAllowsNothing) {
  const auto claims = verify(sign_claims(R"({"iss":"ams","aud":"ams-internal","exp":1893456000})"));
  ASSERT_TRUE(claims);
  EXPECT_FALSE(claims->allows("artifacts:read"));
  EXPECT_FALSE(claims->allows(""));
}

}  // namespace
}  // namespace redan::cloud::test
