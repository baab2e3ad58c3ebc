#include "wamp/router/authentication.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

using test::Client;

const std::string kSeed(64, '1');

class Authentication : public test::RouterFixture {
 protected:
  Ed25519Key key_{std::span<const std::uint8_t, 32>(from_hex(kSeed)->data(), 32)};

  void SetUp() override {
    const std::string key = to_hex(key_.public_key());
    const std::string certificate(64, 'a');
    start_realm(R"("roles":[{"name":"r"}],"authentication":{
        "ticket":{"accounts":[{"authid":"joe","role":"r","secret_file":"ticket"}],
                  "tokens":{"key_file":"jwt","issuer":"gw","audience":"router","role":"r"}},
        "wampcra":{"accounts":[{"authid":"joe","role":"r","secret_file":"cra","salting":{"salt":"salt123","iterations":1000}}]},
        "cryptosign":{"accounts":[{"authid":"joe","role":"r","sid":"s1","authorized_keys":[")" +
                    key + R"("]}]},
        "tls":{"accounts":[{"authid":"joe","role":"r","certificates":[")" +
                    certificate + R"("]}]}})",
                {{"ticket", "T1CKET"},
                 {"cra", "Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8="},
                 {"jwt", std::string(128, '7')}});
  }
  Client& hello(const std::string& method, const std::string& authid, const std::string& more = "",
                TransportFacts facts = {}) {
    auto& client = connect(std::move(facts));
    say(client, R"([1,"realm1",{"roles":{"caller":{}},"authmethods":[")" + method + R"("],"authid":")" + authid + "\"" +
                    more + "}]");
    return client;
  }
  void authenticate(Client& client, const std::string& signature) { say(client, R"([5,")" + signature + R"(",{}])"); }
  void expect_joined(Client& client, const std::string& method, const std::string& authid = "joe") {
    const auto welcome = take<Welcome>(client);
    ASSERT_NE(welcome.details.find("authid"), nullptr);
    EXPECT_EQ(*welcome.details.find("authid"), Value(authid));
    EXPECT_EQ(*welcome.details.find("authrole"), Value("r"));
    EXPECT_EQ(*welcome.details.find("authmethod"), Value(method));
  }
  std::string token(cloud::token::JwtClaims claims) {
    const std::vector<std::uint8_t> bytes(64, 0x77);
    auto key = cloud::token::JwtKey::prepare(provider_, Secret<64>(Bytes(bytes)));
    return *key->mint(claims);
  }
  cloud::token::JwtClaims claims() {
    cloud::token::JwtClaims claims;
    claims.issuer = "gw";
    claims.audience = {"router"};
    claims.subject = "session-7";
    claims.expires = {wall_.seconds_since_1970 + 60};
    claims.scope = {"wamp:sid:abc"};
    return claims;
  }
};

TEST_F(Authentication, OnlyEnabledMethodsAreAccepted) {
  auto& a = hello("anonymous", "joe");
  expect_abort(a, uris::kNoMatchingMethod);
  auto& b = hello("scram", "joe");
  expect_abort(b, uris::kNoMatchingMethod);
  auto& c = connect();
  say(c, R"([1,"realm1",{"roles":{"caller":{}}}])");
  expect_abort(c, uris::kNoMatchingMethod);
}

TEST_F(Authentication, AValidTicketIsAccepted) {
  auto& a = hello("ticket", "joe");
  const auto challenge = take<Challenge>(a);
  EXPECT_EQ(challenge.method, "ticket");
  EXPECT_TRUE(challenge.extra.empty());
  authenticate(a, "T1CKET");
  expect_joined(a, "ticket");
}

TEST_F(Authentication, AWrongTicketAndAnUnknownAuthidGetTheSameAnswer) {
  for (const char* authid : {"joe", "nobody", ""}) {
    for (const char* ticket : {"T1CKEU", "", "T1CKET ", "T1CKE"}) {
      auto& a = hello("ticket", authid);
      EXPECT_EQ(take<Challenge>(a).extra, Dict{});
      authenticate(a, ticket);
      const auto abort = take<Abort>(a);
      EXPECT_EQ(abort.reason, uris::kAuthenticationFailed);
      EXPECT_EQ(abort.details, (Dict{{"message", "this client is not let in"}}));
      EXPECT_TRUE(a.closed);
    }
  }
  auto& a = hello("ticket", "nobody");
  take<Challenge>(a);
  authenticate(a, "T1CKET");
  expect_abort(a, uris::kAuthenticationFailed);
}

TEST_F(Authentication, ATokenIsAcceptedAsATicket) {
  auto& a = hello("ticket", "session-7");
  take<Challenge>(a);
  authenticate(a, token(claims()));
  expect_joined(a, "ticket", "session-7");
}

TEST_F(Authentication, ATokenForAnotherPurposeIsRefused) {
  cloud::token::JwtClaims expired = claims(), other_audience = claims(), other_issuer = claims();
  expired.expires = {wall_.seconds_since_1970 - 1};
  other_audience.audience = {"gateway"};
  other_issuer.issuer = "x";
  for (const cloud::token::JwtClaims& wrong : {expired, other_audience, other_issuer}) {
    auto& a = hello("ticket", "session-7");
    take<Challenge>(a);
    authenticate(a, token(wrong));
    expect_abort(a, uris::kAuthenticationFailed);
  }
  auto& a = hello("ticket", "session-8");
  take<Challenge>(a);
  authenticate(a, token(claims()));
  expect_abort(a, uris::kAuthenticationFailed);
}

TEST_F(Authentication, TheTokensScopeContainsTheSid) {
  AuthenticationConfig config;
  config.enabled[static_cast<std::size_t>(Method::ticket)] = true;
  const std::vector<std::uint8_t> bytes(64, 0x77);
  config.tokens = TicketTokens{Secret<64>(Bytes(bytes)), "gw", "router", "r"};
  Authenticator authenticator(config, provider_);
  const auto principal = authenticator.finish({Method::ticket, ""}, {token(claims()), {}}, wall_);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->sid, "abc");
  cloud::token::JwtClaims bad = claims();
  bad.scope = {"wamp:sid:a.b"};
  EXPECT_EQ(authenticator.finish({Method::ticket, ""}, {token(bad), {}}, wall_)->sid, "");
}

TEST_F(Authentication, WampcraSignsTheChallenge) {
  auto& a = hello("wampcra", "joe");
  const auto challenge = take<Challenge>(a);
  EXPECT_EQ(*challenge.extra.find("salt"), Value("salt123"));
  EXPECT_EQ(*challenge.extra.find("iterations"), Value(1000));
  EXPECT_EQ(*challenge.extra.find("keylen"), Value(32));
  const std::string text(*challenge.extra.find("challenge")->text());
  const Digest signature = provider_.hmac_once(
      HashAlgorithm::sha256, as_bytes("Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8="), as_bytes(text));
  authenticate(a, to_base64(signature.bytes()));
  expect_joined(a, "wampcra");
  auto& replay = hello("wampcra", "joe");
  take<Challenge>(replay);
  authenticate(replay, to_base64(signature.bytes()));
  expect_abort(replay, uris::kAuthenticationFailed);
}

TEST_F(Authentication, WampcraChallengesUnknownAuthidsWithAConstantSalt) {
  std::vector<Value> salts;
  for (int i = 0; i < 2; ++i) {
    auto& a = hello("wampcra", "nobody");
    const auto challenge = take<Challenge>(a);
    ASSERT_NE(challenge.extra.find("salt"), nullptr);
    salts.push_back(*challenge.extra.find("salt"));
    EXPECT_EQ(*challenge.extra.find("iterations"), Value(1000));
    authenticate(a, "");
    expect_abort(a, uris::kAuthenticationFailed);
  }
  EXPECT_EQ(salts[0], salts[1]);
}

class Cryptosign : public Authentication {
 protected:
  std::string pubkey(const Ed25519Key& key) {
    return R"(,"authextra":{"pubkey":")" + to_hex(key.public_key()) + R"(","channel_binding":null})";
  }
  static std::string answer(const Ed25519Key& key, const Challenge& challenge) {
    const auto nonce = from_hex(*challenge.extra.find("challenge")->text());
    return to_hex(key.sign(*nonce)) + to_hex(*nonce);
  }
};

TEST_F(Cryptosign, AcceptsAValidSignature) {
  auto& a = hello("cryptosign", "joe", pubkey(key_));
  const auto challenge = take<Challenge>(a);
  EXPECT_EQ(challenge.extra.find("challenge")->text()->size(), 64U);
  authenticate(a, answer(key_, challenge));
  expect_joined(a, "cryptosign");
}

TEST_F(Cryptosign, RefusesOtherKeysOtherAuthidsAndOtherChallenges) {
  const Ed25519Key other{std::span<const std::uint8_t, 32>(from_hex(std::string(64, '2'))->data(), 32)};
  auto& unknown_key = hello("cryptosign", "joe", pubkey(other));
  authenticate(unknown_key, answer(other, take<Challenge>(unknown_key)));
  expect_abort(unknown_key, uris::kAuthenticationFailed);

  auto& unknown_authid = hello("cryptosign", "nobody", pubkey(key_));
  authenticate(unknown_authid, answer(key_, take<Challenge>(unknown_authid)));
  expect_abort(unknown_authid, uris::kAuthenticationFailed);

  auto& forged = hello("cryptosign", "joe", pubkey(key_));
  authenticate(forged, answer(other, take<Challenge>(forged)));
  expect_abort(forged, uris::kAuthenticationFailed);

  auto& first = hello("cryptosign", "joe", pubkey(key_));
  const std::string old = answer(key_, take<Challenge>(first));
  auto& replay = hello("cryptosign", "joe", pubkey(key_));
  take<Challenge>(replay);
  authenticate(replay, old);
  expect_abort(replay, uris::kAuthenticationFailed);
}

TEST_F(Cryptosign, RefusesInvalidKeysAndSignatures) {
  for (const char* extra : {"", R"(,"authextra":{})", R"(,"authextra":{"pubkey":"aa"})", R"(,"authextra":7)"}) {
    auto& a = hello("cryptosign", "joe", extra);
    expect_abort(a, uris::kAuthenticationFailed);
  }
  for (const char* signature : {"", "zz", "aabb"}) {
    auto& a = hello("cryptosign", "joe", pubkey(key_));
    take<Challenge>(a);
    authenticate(a, signature);
    expect_abort(a, uris::kAuthenticationFailed);
  }
}

TEST_F(Authentication, AKnownCertificateIsAccepted) {
  Digest shown;
  shown.size = 32;
  shown.storage.fill(0xAA);
  auto& a = hello("tls", "", "", {shown});
  expect_joined(a, "tls");
  shown.storage[0] = 0;
  auto& b = hello("tls", "", "", {shown});
  expect_abort(b, uris::kAuthenticationFailed);
  auto& c = hello("tls", "joe");
  expect_abort(c, uris::kAuthenticationFailed);
}

TEST_F(Authentication, OtherMessagesBetweenChallengeAndAnswerAreRefused) {
  for (const char* said : {R"([16,1,{},"com.t"])", R"([1,"realm1",{"roles":{"caller":{}}}])"}) {
    auto& a = hello("ticket", "joe");
    take<Challenge>(a);
    say(a, said);
    expect_abort(a, uris::kProtocolViolation);
  }
}

TEST_F(Authentication, AChallengeMustBeAnsweredInTime) {
  auto& a = hello("ticket", "joe");
  take<Challenge>(a);
  pass(std::chrono::seconds(10));
  expect_abort(a, uris::kTimeout);
}

TEST_F(Authentication, AClientMayAbort) {
  auto& a = hello("ticket", "joe");
  take<Challenge>(a);
  say(a, R"([3,{},"wamp.error.cannot_authenticate"])");
  EXPECT_TRUE(a.heard.empty());
  EXPECT_TRUE(a.closed);
}

}  // namespace
}  // namespace redan::wamp
