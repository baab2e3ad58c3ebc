#include "cloud/token/turn_credential.hpp"

#include "cloud/errors.hpp"
#include "token_test.hpp"

namespace redan::cloud::test {
namespace {

constexpr std::string_view kSecret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class Turn : public testing::Test {
 protected:
  static token::TurnKey key(std::string_view secret) {
    auto prepared = token::TurnKey::prepare(provider(), Secret<64>(as_bytes(secret)));
    EXPECT_TRUE(prepared);
    return std::move(*prepared);
  }
  token::TurnKey key_ = key(kSecret);
};

TEST_F(Turn, IssuesTheKnownAnswer) {
  const auto credential = key_.mint("cabc0123", k2030);
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->username, "1893456000:cabc0123");
  EXPECT_EQ(credential->password, "B033DPiE+qirS40RKf0/jgcvDZs=");
}

TEST_F(Turn, AnIssuedCredentialVerifiesUntilItExpires) {
  const auto credential = key_.mint("cabc0123", k2030);
  ASSERT_TRUE(credential);
  EXPECT_EQ(key_.verify(*credential, after(k2030, -1)), std::string("cabc0123"));
  EXPECT_EQ(reason(key_.verify(*credential, k2030)), errc::token_expired);
}

TEST_F(Turn, AnAlteredCredentialIsRefused) {
  const auto credential = key_.mint("cabc0123", k2030);
  ASSERT_TRUE(credential);
  token::TurnCredential later = *credential;
  later.username = "1993456000:cabc0123";
  EXPECT_EQ(reason(key_.verify(later, k2029)), errc::token_bad_signature);
  for (std::size_t i = 0; i < credential->password.size(); ++i) {
    token::TurnCredential altered = *credential;
    altered.password[i] = altered.password[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(reason(key_.verify(altered, k2029)), errc::token_bad_signature) << i;
    altered.password.resize(i);
    EXPECT_EQ(reason(key_.verify(altered, k2029)), errc::token_bad_signature) << i;
  }
}

TEST_F(Turn, RefusesACredentialOfAnotherSecret) {
  const auto credential = key("0" + std::string(63, 'x')).mint("cabc0123", k2030);
  ASSERT_TRUE(credential);
  EXPECT_EQ(reason(key_.verify(*credential, k2029)), errc::token_bad_signature);
}

TEST_F(Turn, AMalformedUserNameIsRefused) {
  for (const char* username : {"", ":", "1893456000", "1893456000:", ":cabc0123", "cabc0123:1893456000", "-1:a", "+1:a",
                               " 1:a", "01:a", "1.5:a", "1893456000:a:b", "1893456000:a b", "99999999999999999999:a"}) {
    EXPECT_EQ(reason(key_.verify({username, "x"}, k2029)), errc::token_syntax) << username;
  }
}

TEST_F(Turn, AnIdIsPrintableAndHasNoColon) {
  for (const std::string_view id :
       {std::string_view(""), std::string_view("a:b"), std::string_view("a b"), std::string_view("a\n"),
        std::string_view("\xc3\xa4"), std::string_view("a\0b", 3)}) {
    EXPECT_EQ(reason(key_.mint(id, k2030)), Errc::invalid_argument) << id;
  }
  EXPECT_TRUE(key_.mint(std::string(128, 'a'), k2030));
  EXPECT_EQ(reason(key_.mint(std::string(129, 'a'), k2030)), Errc::invalid_argument);
  EXPECT_EQ(reason(key_.mint("a", WallTime{-1})), Errc::invalid_argument);
}

TEST_F(Turn, ASecretIs64PrintableCharacters) {
  EXPECT_EQ(reason(token::TurnKey::prepare(provider(), Secret<64>{})), Errc::invalid_argument);
  EXPECT_EQ(reason(token::TurnKey::prepare(provider(), counting_secret())), Errc::invalid_argument);
  EXPECT_EQ(reason(token::TurnKey::prepare(provider(), Secret<64>(as_bytes(kSecret.substr(1))))),
            Errc::invalid_argument);
}

TEST_F(Turn, AGeneratedSecretIsAccepted) {
  const Secret<64> one = token::TurnKey::generate_secret(provider());
  const Secret<64> two = token::TurnKey::generate_secret(provider());
  EXPECT_TRUE(token::TurnKey::prepare(provider(), one));
  EXPECT_FALSE(equal_in_constant_time(one.expose(), two.expose()));
}

}  // namespace
}  // namespace redan::cloud::test
