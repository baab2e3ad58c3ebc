#include "cloud/token/authorization.hpp"

#include "cloud/errors.hpp"
#include "token_test.hpp"

namespace redan::cloud::test {
namespace {

using Kind = token::PresentedToken::Kind;

void expect(std::string_view value, Kind kind, std::string_view text) {
  const auto token = token::parse_authorization(value);
  ASSERT_TRUE(token) << value;
  EXPECT_EQ(token->kind, kind) << value;
  EXPECT_EQ(token->text, text) << value;
}

TEST(Authorization, ParsesABearerToken) {
  expect("bearer a.b-c._d", Kind::jwt, "a.b-c._d");
  expect("Bearer a.b.c", Kind::jwt, "a.b.c");
  expect("BEARER   a.b.c ", Kind::jwt, "a.b.c");
}

TEST(Authorization, ParsesAMacaroon) {
  expect("macaroon root=AgEU_-x", Kind::macaroon, "AgEU_-x");
  expect("Macaroon root=AgEU", Kind::macaroon, "AgEU");
  expect("MACAROON ROOT = \"AgEU+/==\" ", Kind::macaroon, "AgEU+/==");
  expect("macaroon root=AgEU==", Kind::macaroon, "AgEU==");
  expect("macaroon root=\"AgEU\"", Kind::macaroon, "AgEU");
}

TEST(Authorization, ADischargeIsRefused) {
  for (const char* value : {"Macaroon root=\"AgEU\", discharge=\"AgEV\"", "macaroon root=AgEU,discharge=AgEV",
                            "macaroon discharge=AgEV, root=AgEU", "macaroon root=AgEU, Discharge="}) {
    EXPECT_EQ(reason(token::parse_authorization(value)), errc::token_third_party) << value;
  }
}

TEST(Authorization, RefusesEverythingElse) {
  for (const char* value : {"",
                            " ",
                            "bearer",
                            "bearer ",
                            "macaroon",
                            "macaroon ",
                            "macaroon root",
                            "macaroon root=",
                            "macaroon root=\"\"",
                            "macaroon root=\"",
                            "macaroon root=\"AgEU",
                            "macaroon root=AgEU\"",
                            "macaroon AgEU",
                            "macaroon =AgEU",
                            "macaroon root=AgEU, root=AgEV",
                            "macaroon root=AgEU, realm=x",
                            "macaroon root=AgEU,,",
                            "macaroon ,root=AgEU",
                            "macaroon root=Ag EU",
                            "macaroon root=Ag\\EU",
                            "bearer a b",
                            "bearer \"a.b.c\"",
                            "bearer a.b.c,",
                            "Basic dXNlcjpwYXNz",
                            "Digest root=AgEU",
                            "bearera.b.c",
                            "bearer\ta.b.c",
                            "macaroonroot=AgEU",
                            "bearer a.\xc3\xa4.c",
                            "root=AgEU"}) {
    const Errc got = reason(token::parse_authorization(value));
    EXPECT_TRUE(got == errc::token_syntax) << value << " " << name(got);
  }
  EXPECT_EQ(reason(token::parse_authorization(std::string_view("bearer a\0b", 10))), errc::token_syntax);
}

TEST(Authorization, AHugeFieldIsParsedInOnePass) {
  std::string value = "macaroon ";
  for (int i = 0; i < 100'000; ++i) value += "root=,";
  EXPECT_EQ(reason(token::parse_authorization(value)), errc::token_syntax);
}

}  // namespace
}  // namespace redan::cloud::test
