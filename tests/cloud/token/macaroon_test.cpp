#include "cloud/token/macaroon.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/macaroon_format.hpp"
#include "macaroon_answers.hpp"

namespace redan::cloud::test {
namespace {

constexpr std::string_view kLocation = "anbox-stream-gateway";

class MacaroonRules : public testing::Test {
 protected:
  static token::MacaroonKey key(const Secret<64>& root) {
    auto prepared = token::MacaroonKey::prepare(provider(), root);
    EXPECT_TRUE(prepared);
    return std::move(*prepared);
  }
  token::Macaroon mint(std::string_view location, std::string_view identifier,
                       std::initializer_list<std::string_view> caveats) {
    auto macaroon = token::Macaroon::mint(key_, location, identifier);
    EXPECT_TRUE(macaroon);
    for (const std::string_view caveat : caveats) EXPECT_TRUE(macaroon->add_first_party(provider(), caveat));
    return *macaroon;
  }
  token::Macaroon mint_gateway() { return mint(kLocation, "my-client", {"2030-01-01T00:00:00Z"}); }
  Result<token::MacaroonClaims> verify(std::string_view text, const token::MacaroonRequest& request = {k2029}) {
    const auto macaroon = token::Macaroon::parse(text);
    if (!macaroon) return refuse(macaroon.error());
    return macaroon->verify(key_, kLocation, request);
  }

  token::MacaroonKey key_ = key(counting_secret());
};

// Known answers.

TEST_F(MacaroonRules, IssuesTheKnownGatewayToken) {
  auto macaroon = token::Macaroon::mint(key_, kLocation, "my-client");
  ASSERT_TRUE(macaroon);
  EXPECT_EQ(to_hex(macaroon->signature), "0815fa11d531432ad61f80eb905a3709bdc2265fa14052d106b9f78464ee31a3");
  ASSERT_TRUE(macaroon->add_first_party(provider(), "2030-01-01T00:00:00Z"));
  EXPECT_EQ(to_hex(macaroon->signature), "75560889caa952ed30be238b639ad70d2b7979c1f31406d626a16c21a6597708");
  EXPECT_EQ(macaroon->text(), kGatewayToken);
}

TEST_F(MacaroonRules, IssuesTheKnownAgentToken) {
  const token::Macaroon macaroon = mint("anbox-stream-agent", "c05h1jj3pn6a8q46taug",
                                        {"instance=c05h1jj3pn6a8q46tav0", "op=signal", "2030-01-01T00:00:00Z"});
  EXPECT_EQ(to_hex(macaroon.signature), "b99675200d07c957f8405a9fd4fbab7eeebaf1f88ce50220ebda2b0cf9fa37eb");
  EXPECT_EQ(macaroon.text(), kAgentToken);
}

TEST_F(MacaroonRules, VerifiesTheKnownAnswersInEveryForm) {
  for (const std::string_view text : {kGatewayToken, kGatewayTokenV1, kGatewayJson}) {
    const auto claims = verify(text);
    ASSERT_TRUE(claims) << text;
    EXPECT_EQ(claims->identifier, "my-client");
    EXPECT_EQ(claims->expires, k2030);
  }
  const auto agent = token::Macaroon::parse(kAgentToken);
  ASSERT_TRUE(agent);
  EXPECT_TRUE(agent->verify(key_, "anbox-stream-agent", {k2029, "signal", {}, {}, "c05h1jj3pn6a8q46tav0"}));
  EXPECT_EQ(reason(agent->verify(key_, "anbox-stream-agent", {k2029, "signal"})), errc::token_scope);
}

TEST_F(MacaroonRules, TheMbedtlsProviderIssuesTheSame) {
  const auto mbedtls = mbedtls_provider();
  auto key = token::MacaroonKey::prepare(*mbedtls, counting_secret());
  ASSERT_TRUE(key);
  auto macaroon = token::Macaroon::mint(*key, kLocation, "my-client");
  ASSERT_TRUE(macaroon);
  ASSERT_TRUE(macaroon->add_first_party(*mbedtls, "2030-01-01T00:00:00Z"));
  EXPECT_EQ(macaroon->text(), kGatewayToken);
  EXPECT_TRUE(macaroon->verify(*key, kLocation, {k2029}));
}

// Keys.

TEST_F(MacaroonRules, ARootKeyMustHave64Bytes) {
  EXPECT_EQ(reason(token::MacaroonKey::prepare(provider(), Secret<64>{})), Errc::invalid_argument);
  EXPECT_EQ(reason(token::MacaroonKey::prepare(provider(), Secret<64>(counting_secret().expose().first(32)))),
            Errc::invalid_argument);
}

TEST_F(MacaroonRules, RefusesAMacaroonOfAnotherRootKey) {
  const std::string text = mint_gateway().text();
  key_ = key(other_secret());
  EXPECT_EQ(reason(verify(text)), errc::token_bad_signature);
}

TEST_F(MacaroonRules, ASampleUnderAnUnknownKeyIsRefused) {
  EXPECT_EQ(reason(verify(kPublicSample, {WallTime{0}})), errc::token_bad_signature);
}

// The signature.

TEST_F(MacaroonRules, EveryFlippedBitOfTheBinaryIsRefused) {
  for (const auto write : {token::write_macaroon_v2, token::write_macaroon_v1}) {
    const std::vector<std::uint8_t> binary = write(mint_gateway());
    for (std::size_t i = 0; i < binary.size() * 8; ++i) {
      auto changed = binary;
      changed[i / 8] ^= static_cast<std::uint8_t>(1U << i % 8);
      EXPECT_FALSE(verify(to_base64(changed, Base64::url))) << i;
    }
  }
}

TEST_F(MacaroonRules, EveryFlippedBitOfTheTextIsRefused) {
  for (std::size_t i = 0; i < kGatewayToken.size() * 8; ++i) {
    std::string text(kGatewayToken);
    text[i / 8] = static_cast<char>(text[i / 8] ^ static_cast<char>(1U << i % 8));
    EXPECT_FALSE(verify(text)) << i;
  }
}

TEST_F(MacaroonRules, EveryTruncationIsRefused) {
  for (const std::string_view text : {kGatewayToken, kGatewayTokenV1, kGatewayJson}) {
    for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(verify(text.substr(0, n))) << n;
  }
}

TEST_F(MacaroonRules, ACaveatCannotBeRemovedChangedOrMoved) {
  const token::Macaroon macaroon = mint(kLocation, "my-client", {"2030-01-01T00:00:00Z", "op=join", "session=s1"});
  const token::MacaroonRequest request{k2029, "join", "s1"};
  ASSERT_TRUE(macaroon.verify(key_, kLocation, request));
  for (std::size_t i = 0; i < macaroon.caveats.size(); ++i) {
    token::Macaroon changed = macaroon;
    changed.caveats.erase(changed.caveats.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(reason(changed.verify(key_, kLocation, request)), errc::token_bad_signature);
    changed = macaroon;
    std::swap(changed.caveats[i], changed.caveats[(i + 1) % 3]);
    EXPECT_EQ(reason(changed.verify(key_, kLocation, request)), errc::token_bad_signature);
    changed = macaroon;
    changed.caveats.push_back(changed.caveats[i]);
    EXPECT_EQ(reason(changed.verify(key_, kLocation, request)), errc::token_bad_signature);
  }
  token::Macaroon bare = macaroon;
  bare.caveats.clear();
  EXPECT_EQ(reason(bare.verify(key_, kLocation, request)), errc::token_bad_signature);
}

TEST_F(MacaroonRules, AnotherIdentifierIsRefused) {
  token::Macaroon macaroon = mint_gateway();
  macaroon.identifier = "my-clienu";
  EXPECT_EQ(reason(macaroon.verify(key_, kLocation, {k2029})), errc::token_bad_signature);
}

// The parts are not simply concatenated: moving a byte from the identifier to the caveat changes the signature.
TEST_F(MacaroonRules, ABoundaryCannotBeMoved) {
  token::Macaroon macaroon = mint(kLocation, "my-client", {"2030-01-01T00:00:00Z"});
  macaroon.identifier = "my-clien";
  macaroon.caveats[0].identifier = "t2030-01-01T00:00:00Z";
  EXPECT_EQ(reason(macaroon.verify(key_, kLocation, {k2029})), errc::token_bad_signature);
}

// Unsigned parts.

TEST_F(MacaroonRules, TheLocationIsComparedBecauseItIsNotSigned) {
  token::Macaroon macaroon = mint_gateway();
  macaroon.location = "anbox-stream-agent";
  EXPECT_EQ(reason(macaroon.verify(key_, kLocation, {k2029})), errc::token_claims);
  macaroon.location.clear();
  EXPECT_EQ(reason(macaroon.verify(key_, kLocation, {k2029})), errc::token_claims);
}

// Caveats.

TEST_F(MacaroonRules, AHolderCanRestrictItWithoutTheKey) {
  auto macaroon = token::Macaroon::parse(kGatewayToken);
  ASSERT_TRUE(macaroon);
  ASSERT_TRUE(macaroon->add_first_party(provider(), "op=join"));
  ASSERT_TRUE(macaroon->add_first_party(provider(), "2029-06-01T00:00:00Z"));
  const auto claims = verify(macaroon->text(), {k2029, "join"});
  ASSERT_TRUE(claims);
  EXPECT_LT(claims->expires, k2030);
  EXPECT_EQ(reason(verify(macaroon->text(), {k2029, "read"})), errc::token_scope);
}

TEST_F(MacaroonRules, AnUnknownCaveatIsRefused) {
  EXPECT_EQ(reason(mint(kLocation, "a", {"2030-01-01T00:00:00Z", "colour=red"}).verify(key_, kLocation, {k2029})),
            errc::token_caveat);
}

TEST_F(MacaroonRules, AnExpiredMacaroonIsRefused) {
  EXPECT_EQ(reason(verify(kGatewayToken, {k2030})), errc::token_expired);
}

TEST_F(MacaroonRules, AMacaroonWithoutCaveatsIsRefused) {
  EXPECT_EQ(reason(mint(kLocation, "my-client", {}).verify(key_, kLocation, {k2029})), errc::token_claims);
}

TEST_F(MacaroonRules, AThirdPartyCaveatIsParsedAndRefused) {
  token::Macaroon macaroon = mint_gateway();
  macaroon.caveats.push_back({"a secret of theirs", "https://bank.example", "sealed"});
  for (const std::string& text : {macaroon.text(), to_base64(token::write_macaroon_v1(macaroon), Base64::url),
                                  token::write_macaroon_json(macaroon)}) {
    const auto parsed = token::Macaroon::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, macaroon);
    EXPECT_EQ(reason(parsed->verify(key_, kLocation, {k2029})), errc::token_third_party);
  }
}

// Limits.

TEST_F(MacaroonRules, AcceptsAtMost32Caveats) {
  token::Macaroon macaroon = mint_gateway();
  while (macaroon.caveats.size() < token::kMaxCaveats) ASSERT_TRUE(macaroon.add_first_party(provider(), "op=join"));
  const token::Macaroon full = macaroon;
  EXPECT_EQ(reason(macaroon.add_first_party(provider(), "op=join")), errc::token_too_large);
  EXPECT_EQ(macaroon, full);
  EXPECT_TRUE(verify(full.text(), {k2029, "join"}));
  macaroon.caveats.push_back({"op=join"});
  for (const std::string& text : {macaroon.text(), to_base64(token::write_macaroon_v1(macaroon), Base64::url),
                                  token::write_macaroon_json(macaroon)}) {
    EXPECT_EQ(reason(token::Macaroon::parse(text)), errc::token_too_large);
  }
}

TEST_F(MacaroonRules, AcceptsAtMost16Kibibytes) {
  EXPECT_EQ(reason(token::Macaroon::mint(key_, kLocation, std::string(token::kMaxMacaroonSize, 'x'))),
            errc::token_too_large);
  token::Macaroon macaroon = mint(kLocation, std::string(token::kMaxMacaroonSize - 200, 'x'), {"2030-01-01T00:00:00Z"});
  EXPECT_EQ(reason(macaroon.add_first_party(provider(), std::string(200, 'x'))), errc::token_too_large);
  EXPECT_TRUE(verify(macaroon.text()));
  macaroon.identifier += std::string(200, 'x');
  EXPECT_EQ(reason(token::Macaroon::parse(macaroon.text())), errc::token_too_large);
  EXPECT_EQ(reason(token::Macaroon::parse(token::write_macaroon_json(macaroon))), errc::token_too_large);
  EXPECT_EQ(reason(token::Macaroon::parse(std::string(50'000'000, 'A'))), errc::token_too_large);
}

}  // namespace
}  // namespace redan::cloud::test
