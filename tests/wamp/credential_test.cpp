#include "wamp/credential.hpp"

#include "tests/wamp/vectors.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

namespace json = boost::json;

Secret<256> secret(std::string_view text) { return Secret<256>(as_bytes(text)); }

class WampCredential : public ::testing::Test {
 protected:
  redan::Result<Authenticate> reply(const Credential& credential, std::string_view method, Dict extra) {
    return answer(credential, {std::string(method), std::move(extra)}, *provider_);
  }
  Credential cryptosign() {
    const auto seed = hex_of(vectors_.at("cryptosign").at("seed_hex"));
    return Cryptosign{"c1", Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize>(seed))};
  }

  json::object vectors_ = read_vectors("authentication.json");
  std::unique_ptr<Provider> provider_ = default_provider();
};

TEST_F(WampCredential, TicketsAreSentOnlyToARouterThatRequestsOne) {
  const Credential ticket = Ticket{"peter", Secret<4096>(as_bytes("T1CKET"))};
  const auto challenge = decode(Serializer::json, as_bytes(text_of(vectors_.at("ticket").at("challenge_json"))));
  const auto message = answer(ticket, std::get<Challenge>(*parse(*challenge)), *provider_);
  ASSERT_TRUE(message);
  EXPECT_EQ(as_text(write_message(Serializer::json, *message)), text_of(vectors_.at("ticket").at("authenticate_json")));
  EXPECT_EQ(reply(ticket, "wampcra", {{"challenge", "x"}}).error(), errc::wamp_authentication);
  EXPECT_EQ(reply(ticket, "cryptosign", {}).error(), errc::wamp_authentication);
}

TEST_F(WampCredential, WampcraSignsLikeAutobahn) {
  const json::value& vector = vectors_.at("wampcra");
  const Credential credential = WampCra{"peter", secret(text_of(vector.at("secret")))};
  const Dict extra{{"challenge", text_of(vector.at("challenge"))}};
  EXPECT_EQ(reply(credential, "wampcra", extra)->signature, text_of(vector.at("signature")));
  const json::value& salted = vector.at("salted");
  Dict salting = extra;
  salting["salt"] = text_of(salted.at("salt"));
  salting["iterations"] = salted.at("iterations").as_int64();
  salting["keylen"] = salted.at("keylen").as_int64();
  EXPECT_EQ(reply(credential, "wampcra", salting)->signature, text_of(salted.at("signature")));
  const Dict nulls{{"challenge", text_of(vector.at("challenge"))}, {"salt", nullptr}, {"keylen", nullptr}};
  EXPECT_EQ(reply(credential, "wampcra", nulls)->signature, text_of(vector.at("signature")));
}

TEST_F(WampCredential, SaltingIsLimited) {
  const Credential credential = WampCra{"peter", secret("secret")};
  const auto salted = [&](Value iterations, Value keylen) {
    return reply(
        credential, "wampcra",
        {{"challenge", "c"}, {"salt", "s"}, {"iterations", std::move(iterations)}, {"keylen", std::move(keylen)}});
  };
  EXPECT_TRUE(salted(1, 16));
  EXPECT_FALSE(salted(0, 32));
  EXPECT_FALSE(salted(-1, 32));
  EXPECT_FALSE(salted(kMaxIterations + 1, 32));
  EXPECT_FALSE(salted(1, 33));
  EXPECT_FALSE(salted("1", 32));
  EXPECT_FALSE(reply(credential, "wampcra", {{"challenge", "c"}, {"salt", 7}}));
  EXPECT_FALSE(reply(credential, "wampcra", {}));
}

TEST_F(WampCredential, CryptosignSignsLikeAutobahn) {
  const json::value& vector = vectors_.at("cryptosign");
  const Dict extra{{"challenge", text_of(vector.at("challenge_hex"))}, {"channel_binding", nullptr}};
  EXPECT_EQ(reply(cryptosign(), "cryptosign", extra)->signature, text_of(vector.at("signature_hex")));
  Dict details;
  introduce(cryptosign(), details);
  EXPECT_EQ(*details.find("authmethods"), Value(List{"cryptosign"}));
  EXPECT_EQ(*details.find("authid"), Value("c1"));
  EXPECT_EQ(*details.find("authextra")->get_if<Dict>()->find("pubkey"), Value(text_of(vector.at("pubkey_hex"))));
}

TEST_F(WampCredential, CryptosignSignsNothingButChallenges) {
  const std::string challenge = text_of(vectors_.at("cryptosign").at("challenge_hex"));
  EXPECT_FALSE(reply(cryptosign(), "cryptosign", {{"challenge", challenge + "00"}}));
  EXPECT_FALSE(reply(cryptosign(), "cryptosign", {{"challenge", challenge.substr(2)}}));
  EXPECT_FALSE(reply(cryptosign(), "cryptosign", {{"challenge", ""}}));
  EXPECT_FALSE(reply(cryptosign(), "cryptosign", {{"challenge", 7}}));
  EXPECT_FALSE(reply(cryptosign(), "cryptosign", {{"challenge", challenge}, {"channel_binding", "tls-unique"}}));
}

TEST_F(WampCredential, AnonymousClientsAnswerNoChallenge) {
  EXPECT_EQ(reply(Anonymous{}, "anonymous", {}).error(), errc::wamp_authentication);
  Dict details;
  introduce(Anonymous{}, details);
  EXPECT_EQ(details, (Dict{{"authmethods", List{"anonymous"}}}));
}

}  // namespace
}  // namespace redan::wamp
