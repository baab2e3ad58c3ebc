#include "wamp/router/broker.hpp"

#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

class Broker : public test::RouterFixture {
 protected:
  void SetUp() override { start_open(); }
};

TEST_F(Broker, DeliversToSubscribersAndNotToThePublisher) {
  auto& a = join();
  auto& b = join();
  const Id subscription = subscribe(a, "com.t");
  EXPECT_EQ(subscribe(b, "com.t"), subscription);
  ask(a, R"([16,#,{},"com.t",[1],{"k":"v"}])");
  EXPECT_TRUE(a.heard.empty());
  const Event event = take<Event>(b);
  EXPECT_EQ(event.subscription, subscription);
  EXPECT_EQ(event.payload, (Payload{{1}, {{"k", "v"}}, {}}));
  EXPECT_TRUE(event.details.empty());
}

TEST_F(Broker, DeliversToThePublisherWhenRequested) {
  auto& a = join();
  subscribe(a, "com.t");
  ask(a, R"([16,#,{"exclude_me":false},"com.t"])");
  take<Event>(a);
}

TEST_F(Broker, AcknowledgesOnlyWhenRequested) {
  auto& a = join();
  ask(a, R"([16,#,{},"com.t"])");
  EXPECT_TRUE(a.heard.empty());
  const Id request = ask(a, R"([16,#,{"acknowledge":true},"com.t"])");
  const auto published = take<Published>(a);
  EXPECT_EQ(published.request, request);
  EXPECT_TRUE(published.publication >= 1 && published.publication <= kMaxId);
}

TEST_F(Broker, MatchesPrefixesAndWildcardsAndThenNamesTheTopic) {
  auto& a = join();
  auto& b = join();
  const Id prefix = subscribe(b, "com.", R"({"match":"prefix"})");
  const Id wildcard = subscribe(b, "com..t", R"({"match":"wildcard"})");
  ask(a, R"([16,#,{},"com.x.t"])");
  const Event first = take<Event>(b), second = take<Event>(b);
  EXPECT_EQ(first.subscription, prefix);
  EXPECT_EQ(second.subscription, wildcard);
  EXPECT_EQ(first.publication, second.publication);
  EXPECT_EQ(*first.details.find("topic"), Value("com.x.t"));
  ask(a, R"([16,#,{},"org.x.t"])");
  EXPECT_TRUE(b.heard.empty());
}

TEST_F(Broker, KeepsTheOrderOfOnePublisher) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  for (int i = 0; i < 10; ++i) ask(a, R"([16,#,{},"com.t",[)" + std::to_string(i) + "]]");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(take<Event>(b).payload.args, List{i});
}

TEST_F(Broker, EndsSubscriptions) {
  auto& a = join();
  auto& b = join();
  const Id subscription = subscribe(b, "com.t");
  ask(b, "[34,#," + std::to_string(subscription) + "]");
  take<Unsubscribed>(b);
  ask(a, R"([16,#,{},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
  ask(b, "[34,#," + std::to_string(subscription) + "]");
  expect_error(b, uris::kNoSuchSubscription);
}

TEST_F(Broker, ASubscriptionBelongsToItsSession) {
  auto& a = join();
  auto& b = join();
  const Id subscription = subscribe(b, "com.t");
  ask(a, "[34,#," + std::to_string(subscription) + "]");
  expect_error(a, uris::kNoSuchSubscription);
  ask(a, R"([16,#,{},"com.t"])");
  take<Event>(b);
}

TEST_F(Broker, RemovesASessionThatHasLeft) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  router_->close(b.id);
  ask(a, R"([16,#,{},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
}

TEST_F(Broker, AppliesBlackAndWhiteLists) {
  auto& a = join();
  auto& b = join();
  auto& c = join();
  for (auto* each : {&b, &c}) subscribe(*each, "com.t");
  const std::string session = std::to_string(b.session);
  ask(a, R"([16,#,{"exclude":[)" + session + R"(]},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
  take<Event>(c);
  ask(a, R"([16,#,{"eligible":[)" + session + R"(]},"com.t"])");
  take<Event>(b);
  EXPECT_TRUE(c.heard.empty());
  ask(a, R"([16,#,{"eligible_authrole":["anonymous"],"exclude":[)" + session + R"(]},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
  take<Event>(c);
  ask(a, R"([16,#,{"exclude_authrole":["anonymous"]},"com.t"])");
  ask(a, R"([16,#,{"eligible_authid":["nobody"]},"com.t"])");
  ask(a, R"([16,#,{"eligible":[]},"com.t"])");
  EXPECT_TRUE(b.heard.empty() && c.heard.empty());
}

TEST_F(Broker, AnInvalidListAdmitsNoSession) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a, R"([16,#,{"exclude":"everybody"},"com.t"])");
  ask(a, R"([16,#,{"exclude":["x"]},"com.t"])");
  ask(a, R"([16,#,{"eligible":7},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
}

TEST_F(Broker, DisclosesThePublisherIfTheRealmAllows) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a, R"([16,#,{"disclose_me":true},"com.t"])");
  EXPECT_EQ(*take<Event>(b).details.find("publisher"), Value(a.session));
}

TEST_F(Broker, DisclosesNoPublisherOtherwise) {
  RouterConfig config = open_router("realm1");
  config.realms[0].disclosure = false;
  start(std::move(config));
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a, R"([16,#,{"disclose_me":true,"acknowledge":true},"com.t"])");
  expect_error(a, uris::kDisclosureDisallowed);
  EXPECT_TRUE(b.heard.empty());
}

TEST_F(Broker, ForwardsSealedPayloadsUnchanged) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a, R"([16,#,{"enc_algo":"cryptobox","enc_serializer":"json","enc_key":"k","x":1},"com.t","\u0000AAEC"])");
  const Event event = take<Event>(b);
  EXPECT_EQ(event.payload, (Payload{{}, {}, Binary{0, 1, 2}}));
  EXPECT_EQ(event.details, (Dict{{"enc_algo", "cryptobox"}, {"enc_serializer", "json"}, {"enc_key", "k"}}));
}

TEST_F(Broker, ForwardsPassthruPayloadsWithTheirAttributes) {
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a,
      R"([16,#,{"ppt_scheme":"x_a","ppt_cipher":"c","ppt_serializer":"cbor","ppt_keyid":"k"},"com.t",["\u0000AAEC"]])");
  const Event event = take<Event>(b);
  EXPECT_EQ(event.payload, (Payload{{Binary{0, 1, 2}}, {}, {}}));
  EXPECT_EQ(event.details.size(), 4U);
}

TEST_F(Broker, RefusesInvalidUrisAndPatterns) {
  auto& a = join();
  ask(a, R"([32,#,{},"com..t"])");
  expect_error(a, uris::kInvalidUri);
  ask(a, R"([32,#,{"match":"fuzzy"},"com.t"])");
  expect_error(a, uris::kInvalidArgument);
  ask(a, R"([16,#,{"acknowledge":true},"com t"])");
  expect_error(a, uris::kInvalidUri);
  ask(a, R"([16,#,{},"com t"])");
  EXPECT_TRUE(a.heard.empty());
  ask(a, R"([16,#,{"acknowledge":true},"wamp.session.on_join"])");
  expect_error(a, uris::kInvalidUri);
  ask(a, R"([32,#,{},")" + std::string(600, 'a') + R"("])");
  expect_error(a, uris::kInvalidUri);
}

TEST_F(Broker, LimitsSubscriptionsAndWildcards) {
  RouterConfig config = open_router("realm1");
  config.limits.broker = {2, 1};
  start(std::move(config));
  auto& a = join();
  auto& b = join();
  subscribe(a, "a..b", R"({"match":"wildcard"})");
  ask(b, R"([32,#,{"match":"wildcard"},"c..d"])");
  expect_error(b, uris::kTooMany);
  subscribe(b, "a..b", R"({"match":"wildcard"})");
  subscribe(b, "com.t");
  ask(b, R"([32,#,{},"com.u"])");
  expect_error(b, uris::kTooMany);
}

TEST_F(Broker, RefusesPayloadsThatViolateTheirType) {
  start_realm(R"("roles":[{"name":"r","permissions":[{"uri":"","match":"prefix","allow":["publish","subscribe"]}]}],
      "authentication":{"anonymous":{"role":"r"}},
      "types":[{"uri":"com.t","traffic":["publish"],"args":{"items":{"type":"integer"}}}])");
  auto& a = join();
  auto& b = join();
  subscribe(b, "com.t");
  ask(a, R"([16,#,{"acknowledge":true},"com.t",["x"]])");
  const Error error = take<Error>(a);
  EXPECT_EQ(error.error, uris::kInvalidArgument);
  EXPECT_EQ(error.payload.args, List{"args[0]: of the wrong type"});
  ask(a, R"([16,#,{},"com.t",["x"]])");
  EXPECT_TRUE(b.heard.empty());
  ask(a, R"([16,#,{},"com.t",[1]])");
  take<Event>(b);
}

TEST_F(Broker, PayloadsReachOnlySubscribersThatReadThem) {
  auto& publisher = join();
  auto& reader = join();
  auto& plain = join("realm1", test::kPlainRoles);
  for (auto* const each : {&reader, &plain}) subscribe(*each, "com.t");
  ask(publisher, R"([16,#,{"ppt_scheme":"wamp"},"com.t",["\u0000AAEC"]])");
  ask(publisher, R"([16,#,{"enc_algo":"cryptobox","enc_serializer":"json"},"com.t","\u0000AAEC"])");
  take<Event>(reader);
  take<Event>(reader);
  EXPECT_TRUE(plain.heard.empty());
  ask(publisher, R"([16,#,{},"com.t",[1]])");
  take<Event>(plain);
}

TEST_F(Broker, RefusesSubscriptionsToEventsThatNeverCome) {
  auto& client = join();
  ask(client, R"([32,#,{},"wamp.session.on_join"])");
  expect_error(client, "wamp.error.feature_not_supported");
  ask(client, R"([32,#,{"match":"prefix"},"wamp.session."])");
  expect_error(client, "wamp.error.feature_not_supported");
}

TEST_F(Broker, AcceptsNullAndIgnoresOptionsThatHaveNoMeaning) {
  auto& client = join();
  const Id subscription = subscribe(client, "com.t", R"({"match":null})");
  ask(client, "[34,#," + std::to_string(subscription) + R"(,{"x":1}])");
  take<Unsubscribed>(client);
}

}  // namespace
}  // namespace redan::wamp
