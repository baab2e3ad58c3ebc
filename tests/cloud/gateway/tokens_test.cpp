#include "cloud/gateway/tokens.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "base/base64.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::test {
namespace {

constexpr WallTime kNow{1'800'000'000};
constexpr WallTime kLater{1'800'000'300};

class Tokens : public testing::Test {
 protected:
  Tokens() {
    Secret<64> root;
    const MutableBytes bytes = root.fill(64);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    root_ = Secret<64>(root.expose());
    tokens_.emplace(std::move(*gateway::Tokens::prepare(*provider_, root)));
  }
  std::string narrowed(const std::string& token, const std::string& caveat) {
    auto macaroon = token::Macaroon::parse(token).value();
    EXPECT_TRUE(macaroon.add_first_party(*provider_, caveat).has_value());
    return macaroon.text();
  }
  gateway::SocketClaims claims() {
    gateway::SocketClaims claims;
    claims.session = "d1k2v9f3pn6a8q46tb00";
    claims.client = "c05h1jj3pn6a8q46taug";
    claims.screen = {640, 480, 60, 160};
    claims.order = 7;
    claims.account = "web/0123456789abcdef";
    return claims;
  }
  Errc verdict(const std::string& token, WallTime now = kNow) {
    const auto verified = tokens_->verify(token, now);
    return verified ? Errc{} : verified.error();
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  Secret<64> root_;
  std::optional<gateway::Tokens> tokens_;
};

TEST_F(Tokens, AnApiTokenHasAnboxsFormat) {
  const auto issued = tokens_->issue("my-client", {1'893'456'000});
  ASSERT_TRUE(issued.has_value());
  EXPECT_TRUE(issued->text.starts_with("AgEUYW5ib3gtc3RyZWFtLWdhdGV3YXk")) << issued->text;
  const auto macaroon = token::Macaroon::parse(issued->text);
  EXPECT_EQ(macaroon->location, "anbox-stream-gateway");
  EXPECT_EQ(macaroon->identifier, "my-client");
  ASSERT_EQ(macaroon->caveats.size(), 1U);
  EXPECT_TRUE(macaroon->caveats[0].identifier.starts_with("2030-01-01T00:00:00.")) << macaroon->caveats[0].identifier;
}

TEST_F(Tokens, KnownAnswerAOfTheReferenceIsVerified) {
  const std::string known =
      "AgEUYW5ib3gtc3RyZWFtLWdhdGV3YXkCCW15LWNsaWVudAACFDIwMzAtMDEtMDFUMDA6MDA6MDBaAAAGIHVWCInKqVLtML4ji2Oa1w0reXnB8xQG"
      "1iahbCGmWXcI";
  const auto verified = tokens_->verify(known, kNow);
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->account, "my-client");
  EXPECT_EQ(verified->expires.seconds_since_1970, 1'893'456'000);
}

TEST_F(Tokens, EveryFlippedBitOfAnApiTokenIsRefused) {
  const std::string token = tokens_->issue("web", kLater)->text;
  auto bytes = from_base64(token, Base64::url).value();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned bit : {1U, 128U}) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ bit);
      EXPECT_FALSE(tokens_->verify(to_base64(bytes, Base64::url), kNow).has_value()) << "byte " << at;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ bit);
    }
  }
}

TEST_F(Tokens, AnApiTokenExpires) {
  const std::string token = tokens_->issue("web", kLater)->text;
  EXPECT_EQ(verdict(token, {kLater.seconds_since_1970 - 1}), Errc{});
  EXPECT_EQ(verdict(token, kLater), errc::token_expired);
}

TEST_F(Tokens, AChangedLocationIsRefusedAlthoughItIsNotSigned) {
  auto macaroon = token::Macaroon::parse(tokens_->issue("web", kLater)->text).value();
  macaroon.location = "anbox-stream-agent";
  EXPECT_EQ(verdict(macaroon.text()), errc::token_claims);
}

TEST_F(Tokens, CaveatsOfAHolderApplyAndContradictionsAreRefused) {
  const auto issued = tokens_->issue("web", kLater);
  const std::string token = narrowed(narrowed(narrowed(issued->text, "op=read"), "session=s1"), "region=eu");
  const auto verified = tokens_->verify(token, kNow);
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->operation, "read");
  EXPECT_EQ(verified->session, "s1");
  EXPECT_EQ(verified->region, "eu");
  EXPECT_EQ(verified->issued_sha256, issued->sha256);
  EXPECT_EQ(verdict(narrowed(token, "session=s2")), errc::token_scope);
  EXPECT_EQ(verdict(narrowed(token, "session=")), errc::token_caveat);
  EXPECT_EQ(verdict(narrowed(token, "color=red")), errc::token_caveat);
  EXPECT_EQ(verdict(narrowed(token, "instance=i1")), errc::token_scope);
  EXPECT_EQ(verdict(narrowed(token, "2020-01-01T00:00:00Z")), errc::token_expired);
}

TEST_F(Tokens, TwoTokensOfOneAccountDifferWithTheSameExpiry) {
  const auto first = tokens_->issue("web", kLater);
  const auto second = tokens_->issue("web", kLater);
  EXPECT_NE(first->text, second->text);
  EXPECT_NE(first->sha256, second->sha256);
  EXPECT_EQ(tokens_->verify(first->text, kNow)->issued_sha256, first->sha256);
}

TEST_F(Tokens, ThirdPartyCaveatsAreRefused) {
  auto macaroon = token::Macaroon::parse(tokens_->issue("web", kLater)->text).value();
  macaroon.caveats.push_back({"ask-them", "https://elsewhere", "verification"});
  EXPECT_EQ(verdict(macaroon.text()), errc::token_third_party);
}

TEST_F(Tokens, ASocketTokenNamesClientSessionAndRole) {
  gateway::SocketClaims viewer = claims();
  viewer.role = api::LinkHello::Role::viewer;
  viewer.share = "s1";
  for (const gateway::SocketClaims& wanted : {claims(), viewer}) {
    const auto token = tokens_->mint_socket(wanted, kLater);
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(tokens_->verify_socket(*token, wanted.session, kNow).value(), wanted);
    EXPECT_EQ(tokens_->verify_socket(*token, wanted.session, kLater).error(), errc::token_expired);
    EXPECT_EQ(tokens_->verify_socket(*token, "d1k2v9f3pn6a8q46tb01", kNow).error(), errc::token_scope);
    EXPECT_EQ(tokens_->verify_socket(*token, "", kNow).error(), errc::token_scope);
  }
}

TEST_F(Tokens, AViewerCannotMakeItselfAController) {
  gateway::SocketClaims viewer = claims();
  viewer.role = api::LinkHello::Role::viewer;
  const std::string token = tokens_->mint_socket(viewer, kLater).value();
  EXPECT_EQ(tokens_->verify_socket(narrowed(token, "op=signal"), viewer.session, kNow).error(), errc::token_scope);
  auto macaroon = token::Macaroon::parse(token).value();
  macaroon.caveats[1].identifier = "op=signal";
  EXPECT_EQ(tokens_->verify_socket(macaroon.text(), viewer.session, kNow).error(), errc::token_bad_signature);
}

TEST_F(Tokens, NoKindIsAcceptedAsAnother) {
  const std::string api = tokens_->issue("c05h1jj3pn6a8q46taug 1 1280x720x30x240", kLater)->text;
  const std::string socket = tokens_->mint_socket(claims(), kLater).value();
  const std::string share = tokens_->mint_share("s1", claims().session, kLater).value();
  const std::string session = claims().session;
  for (const std::string& wrong : {socket, share}) EXPECT_EQ(verdict(wrong), errc::token_bad_signature);
  for (const std::string& wrong : {narrowed(narrowed(api, "session=" + session), "op=signal"), share}) {
    EXPECT_EQ(tokens_->verify_socket(wrong, session, kNow).error(), errc::token_bad_signature);
  }
  for (const std::string& wrong : {narrowed(narrowed(api, "session=" + session), "op=connect"), socket}) {
    EXPECT_EQ(tokens_->verify_share(wrong, session, kNow).error(), errc::token_bad_signature);
  }
  EXPECT_EQ(tokens_->verify_share(share, session, kNow).value(), "s1");
  EXPECT_EQ(tokens_->verify_share(share, "other", kNow).error(), errc::token_scope);
}

TEST_F(Tokens, AllUnitsWithTheRootKeyAgree) {
  auto other = gateway::Tokens::prepare(*provider_, root_);
  ASSERT_TRUE(other.has_value());
  EXPECT_TRUE(other->verify(tokens_->issue("web", kLater)->text, kNow).has_value());
  const std::string token = tokens_->mint_socket(claims(), kLater).value();
  EXPECT_TRUE(other->verify_socket(token, claims().session, kNow).has_value());
  Secret<64> another;
  provider_->random(another.fill(64));
  auto stranger = gateway::Tokens::prepare(*provider_, another);
  EXPECT_EQ(stranger->verify(tokens_->issue("web", kLater)->text, kNow).error(), errc::token_bad_signature);
  EXPECT_EQ(gateway::Tokens::prepare(*provider_, Secret<64>()).error(), Errc::invalid_argument);
}

}  // namespace
}  // namespace redan::cloud::test
