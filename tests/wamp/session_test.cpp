#include "wamp/session.hpp"

#include "tests/wamp/session_fixture.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WampSession : public SessionFixture {};

const Dict* features_of(const Hello& hello, std::string_view role) {
  return hello.details.find("roles")->get_if<Dict>()->find(role)->get_if<Dict>()->find("features")->get_if<Dict>();
}

// Joining and leaving.

TEST_F(WampSession, JoinsWithHelloAndWelcome) {
  start();
  const auto hello = sent_as<Hello>();
  EXPECT_EQ(hello.realm, "realm1");
  EXPECT_EQ(*hello.details.find("authmethods"), Value(List{"anonymous"}));
  for (const char* role : {"publisher", "subscriber", "caller", "callee"}) {
    EXPECT_EQ(features_of(hello, role)->find("payload_encryption_cryptobox"), nullptr) << "there is no key ring";
    EXPECT_EQ(features_of(hello, role)->find("payload_transparency"), nullptr);
    EXPECT_NE(features_of(hello, role)->find("payload_passthru_mode"), nullptr);
  }
  EXPECT_FALSE(session_->publish(now_, "com.topic", {})) << "not yet";
  says(R"([2,7,{"roles":{},"authid":"x"}])");
  const auto joined = event<S::Joined>();
  EXPECT_EQ(joined.session, 7U);
  EXPECT_EQ(*joined.details.find("authid"), Value("x"));
  EXPECT_TRUE(session_->joined());
}

TEST_F(WampSession, AnnouncesEncryptionWithAKeyRing) {
  const KeyRing ring;
  config_.key_ring = &ring;
  start();
  const auto hello = sent_as<Hello>();
  for (const char* role : {"publisher", "subscriber", "caller", "callee"}) {
    EXPECT_EQ(*features_of(hello, role)->find("payload_encryption_cryptobox"), Value(true));
    EXPECT_EQ(*features_of(hello, role)->find("payload_transparency"), Value(true));
  }
}

TEST_F(WampSession, AnswersOneChallengeOfItsMethod) {
  config_.credential = Ticket{"peter", Secret<4096>(as_bytes("T1CKET"))};
  start();
  EXPECT_EQ(*sent_as<Hello>().details.find("authid"), Value("peter"));
  says(R"([4,"ticket",{}])");
  EXPECT_EQ(sent(), R"([5,"T1CKET",{}])");
  says(R"([4,"ticket",{}])");
  EXPECT_EQ(sent_as<Abort>().reason, "wamp.error.protocol_violation");
  EXPECT_EQ(event<S::Closed>().failure.code, errc::wamp_protocol);
}

TEST_F(WampSession, AnswersNoChallengeOfAnotherMethod) {
  config_.credential = Ticket{"peter", Secret<4096>(as_bytes("T1CKET"))};
  start();
  sent();
  says(R"([4,"wampcra",{"challenge":"x"}])");
  EXPECT_EQ(sent_as<Abort>().reason, "wamp.error.cannot_authenticate");
  EXPECT_EQ(event<S::Closed>().failure.code, errc::wamp_authentication);
}

TEST_F(WampSession, EndsWithTheRoutersReasonOnAbort) {
  start();
  says(R"([3,{"message":"no realm"},"wamp.error.no_such_realm"])");
  const Failure failure = event<S::Closed>().failure;
  EXPECT_EQ(failure.code, errc::wamp_aborted);
  EXPECT_EQ(failure.uri, "wamp.error.no_such_realm");
  EXPECT_EQ(failure.text, "no realm");
  EXPECT_TRUE(session_->ended());
  says(R"([2,7,{}])");
  sent_.clear();
  EXPECT_TRUE(quiet()) << "nothing follows the end";
}

TEST_F(WampSession, DisconnectsFromASilentRouter) {
  start();
  EXPECT_EQ(wait_, now_ + seconds(10));
  pass(seconds(10));
  EXPECT_EQ(event<S::Closed>().failure.code, errc::wamp_timeout);
}

TEST_F(WampSession, LeavesWithGoodbye) {
  join();
  const auto call = session_->call(now_, "com.add", {});
  sent();
  session_->leave(now_);
  EXPECT_EQ(sent(), R"([6,{},"wamp.close.normal"])");
  EXPECT_EQ(event<S::Failed>().request, *call);
  EXPECT_TRUE(quiet());
  says(R"([36,1,2,{}])");
  says(R"([6,{},"wamp.close.goodbye_and_out"])");
  EXPECT_EQ(event<S::Closed>().failure.code, Errc::closed_locally);
  EXPECT_FALSE(session_->publish(now_, "com.topic", {}));
}

TEST_F(WampSession, LeavesWithoutAnAnswerToo) {
  join();
  session_->leave(now_);
  drain();
  pass(seconds(2));
  EXPECT_EQ(event<S::Closed>().failure.code, Errc::closed_locally);
}

TEST_F(WampSession, AnswersTheRoutersGoodbye) {
  join();
  const auto call = session_->call(now_, "com.add", {});
  sent();
  says(R"([6,{},"wamp.close.system_shutdown"])");
  EXPECT_EQ(sent(), R"([6,{},"wamp.close.goodbye_and_out"])");
  EXPECT_EQ(event<S::Failed>().request, *call);
  EXPECT_EQ(event<S::Closed>().failure.uri, "wamp.close.system_shutdown");
}

TEST_F(WampSession, FailsAllRequestsWhenTheTransportIsLost) {
  join();
  const auto call = session_->call(now_, "com.add", {});
  session_->handle_close({Errc::io_failed});
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.request, *call);
  EXPECT_EQ(failed.failure.code, Errc::io_failed);
  EXPECT_EQ(event<S::Closed>().failure.code, Errc::io_failed);
}

TEST_F(WampSession, EndsOnAMessageThatRoutersMayNotSend) {
  for (const std::string_view text :
       {"", "[]", R"([2,8,{}])", R"([4,"ticket",{}])", R"([1,"realm1",{}])", R"([48,1,{},"com.add"])", R"([50,99,{}])",
        R"([33,99,1])", R"([8,48,99,{},"com.error"])", R"([68,1,99,{}])" /* fits nothing, but is answered */}) {
    config_ = {};
    events_.clear();
    join();
    says(text);
    drain();
    const bool answered = text.starts_with("[68");
    EXPECT_EQ(session_->ended(), !answered) << text;
    if (!answered) {
      EXPECT_EQ(sent_as<Abort>().reason, "wamp.error.protocol_violation") << text;
    }
  }
}

TEST_F(WampSession, EndsOnAnAnswerOfAnotherType) {
  join();
  const auto request = session_->subscribe(now_, "com.topic");
  says(Registered{*request, 1});
  drain();
  EXPECT_TRUE(session_->ended());
}

// Publish and subscribe.

TEST_F(WampSession, SubscribesAndReceivesEvents) {
  join();
  const auto request = session_->subscribe(now_, "com.topic");
  EXPECT_EQ(sent(), R"([32,1,{},"com.topic"])");
  says(R"([33,1,11])");
  const auto granted = event<S::Granted>();
  EXPECT_EQ(granted.request, *request);
  EXPECT_EQ(granted.id, 11U);
  says(R"([36,11,5,{"publisher":3},[1],{"k":"v"}])");
  const auto delivered = event<S::Delivered>();
  EXPECT_EQ(delivered.topic, "com.topic");
  EXPECT_EQ(delivered.publication, 5U);
  EXPECT_FALSE(delivered.encrypted);
  EXPECT_EQ(delivered.payload, (Payload{List{1}, Dict{{"k", "v"}}, {}}));
  EXPECT_EQ(*delivered.details.find("publisher"), Value(3));
  EXPECT_TRUE(session_->unsubscribe(now_, 11));
  EXPECT_EQ(sent(), "[34,2,11]");
  says("[35,2]");
  EXPECT_EQ(event<S::Granted>().id, 11U);
  says(R"([36,11,6,{}])");
  EXPECT_TRUE(quiet()) << "it was on its way";
  EXPECT_FALSE(session_->unsubscribe(now_, 11));
}

TEST_F(WampSession, EventsOfPatternsMustNameAMatchingTopic) {
  join();
  subscribed("com.a.", 1, {{"match", "prefix"}});
  subscribed("com..x", 2, {{"match", "wildcard"}});
  subscribed("com.topic", 3, {{"match", "exact"}});
  says(R"([36,1,5,{"topic":"com.a.b"}])");
  EXPECT_EQ(event<S::Delivered>().topic, "com.a.b");
  says(R"([36,2,5,{"topic":"com.b.x"}])");
  EXPECT_EQ(event<S::Delivered>().topic, "com.b.x");
  says(R"([36,3,5,{"topic":"com.topic"}])");
  EXPECT_EQ(event<S::Delivered>().topic, "com.topic");
  for (const std::string_view text :
       {R"([36,1,5,{}])", R"([36,1,5,{"topic":"com.b"}])", R"([36,1,5,{"topic":7}])",
        R"([36,1,5,{"topic":"com.a..b"}])", R"([36,2,5,{"topic":"com.b.y"}])", R"([36,2,5,{"topic":"com.x"}])",
        R"([36,2,5,{"topic":"com.b.x.y"}])", R"([36,3,5,{"topic":"com.other"}])", R"([36,3,5,{"topic":7}])"}) {
    says(text);
    EXPECT_EQ(event<S::Refused>().why, errc::wamp_uri_mismatch) << text;
    EXPECT_TRUE(quiet()) << text;
  }
}

TEST_F(WampSession, OneSubscriptionIdBelongsToOneTopic) {
  join();
  subscribed("com.topic", 1);
  subscribed("com.topic", 1);
  const auto request = session_->subscribe(now_, "com.other");
  says(Subscribed{*request, 1});
  drain();
  EXPECT_TRUE(session_->ended());
}

TEST_F(WampSession, PublishesWithAndWithoutAcknowledgement) {
  join();
  EXPECT_TRUE(session_->publish(now_, "com.topic", args({1}), {{"exclude_me", false}}));
  EXPECT_EQ(sent(), R"([16,1,{"exclude_me":false},"com.topic",[1]])");
  const auto request = session_->publish(now_, "com.topic", {}, {{"acknowledge", true}});
  EXPECT_EQ(sent(), R"([16,2,{"acknowledge":true},"com.topic"])");
  says("[17,2,99]");
  const auto granted = event<S::Granted>();
  EXPECT_EQ(granted.request, *request);
  EXPECT_EQ(granted.id, 99U);
  (void)session_->publish(now_, "com.topic", {}, {{"acknowledge", true}});
  says(R"([8,16,3,{},"wamp.error.not_authorized",["no"]])");
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.failure.code, errc::wamp_error);
  EXPECT_EQ(failed.failure.uri, "wamp.error.not_authorized");
  EXPECT_EQ(failed.failure.payload.args, List{"no"});
}

TEST_F(WampSession, RefusesInvalidRequests) {
  join();
  for (const char* uri : {"", "com..topic", "com topic", "com.#"}) {
    EXPECT_EQ(session_->publish(now_, uri, {}).error(), Errc::invalid_argument) << uri;
    EXPECT_EQ(session_->call(now_, uri, {}).error(), Errc::invalid_argument) << uri;
    EXPECT_EQ(session_->subscribe(now_, uri).error(), Errc::invalid_argument) << uri;
  }
  EXPECT_FALSE(session_->subscribe(now_, "com.topic", {{"match", "regex"}}));
  EXPECT_FALSE(session_->publish(now_, "com.topic", {{}, {}, Binary{1}}));
  EXPECT_FALSE(session_->publish(now_, "com.topic", {}, {{"enc_algo", "cryptobox"}}));
  EXPECT_FALSE(session_->cancel(17));
  EXPECT_FALSE(session_->yield(17, {}));
  EXPECT_FALSE(session_->fail(17, "com.error"));
  EXPECT_TRUE(quiet());
}

TEST_F(WampSession, CarriesPassthruPayloadsInBothDirections) {
  join();
  subscribed("com.topic", 1);
  const Dict attributes{{"ppt_scheme", "x_own"}, {"ppt_serializer", "cbor"}};
  EXPECT_TRUE(session_->publish(now_, "com.topic", args({Binary{1, 2}}), attributes));
  const auto publish = sent_as<Publish>();
  EXPECT_EQ(publish.options, attributes);
  says(Event{1, 2, attributes, publish.payload});
  const auto delivered = event<S::Delivered>();
  EXPECT_EQ(delivered.payload.args, List{(Binary{1, 2})});
  EXPECT_EQ(delivered.details, attributes);
}

TEST_F(WampSession, ReportsRevokedSubscriptionsAndRegistrations) {
  join();
  subscribed("com.topic", 1);
  registered("com.add", 2);
  says(R"([35,0,{"subscription":1,"reason":"x"}])");
  EXPECT_FALSE(event<S::Revoked>().registration);
  says(R"([67,0,{"registration":2}])");
  EXPECT_TRUE(event<S::Revoked>().registration);
  says(R"([35,0,{"subscription":1}])");
  says(R"([36,1,5,{}])");
  EXPECT_TRUE(quiet());
}

// Calls.

TEST_F(WampSession, CallsAndReceivesResultsAndErrors) {
  join();
  const auto call = session_->call(now_, "com.add", args({1, 2}), {{"disclose_me", true}});
  EXPECT_EQ(sent(), R"([48,1,{"disclose_me":true},"com.add",[1,2]])");
  says("[50,1,{},[3]]");
  const auto returned = event<S::Returned>();
  EXPECT_EQ(returned.request, *call);
  EXPECT_FALSE(returned.progress);
  EXPECT_EQ(returned.payload.args, List{3});
  says("[50,1,{},[4]]");
  EXPECT_TRUE(quiet()) << "a call has one result";
  (void)session_->call(now_, "com.add", {});
  says(R"([8,48,2,{},"com.error.boom",["text"],{"code":7}])");
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.failure.code, errc::wamp_error);
  EXPECT_EQ(failed.failure.uri, "com.error.boom");
  EXPECT_EQ(failed.failure.payload, (Payload{List{"text"}, Dict{{"code", 7}}, {}}));
}

TEST_F(WampSession, DeliversProgressiveResultsOnlyIfRequested) {
  join();
  (void)session_->call(now_, "com.count", {}, {{"receive_progress", true}});
  says(R"([50,1,{"progress":true},[1]])");
  EXPECT_TRUE(event<S::Returned>().progress);
  says(R"([50,1,{},[2]])");
  EXPECT_FALSE(event<S::Returned>().progress);
  sent();
  (void)session_->call(now_, "com.count", {});
  sent();
  says(R"([50,2,{"progress":true},[1]])");
  EXPECT_EQ(sent_as<Abort>().reason, "wamp.error.protocol_violation");
}

TEST_F(WampSession, CallsTimeOutAndAreCanceled) {
  join();
  (void)session_->call(now_, "com.slow", {}, {{"timeout", 500}});
  EXPECT_EQ(sent(), R"([48,1,{"timeout":500},"com.slow"])");
  drain();
  EXPECT_EQ(wait_, now_ + milliseconds(500));
  pass(milliseconds(500));
  EXPECT_EQ(event<S::Failed>().failure.code, errc::wamp_timeout);
  EXPECT_EQ(sent(), R"([49,1,{"mode":"killnowait"}])");
  says(R"([8,48,1,{},"wamp.error.canceled"])");
  EXPECT_TRUE(quiet());
  EXPECT_EQ(wait_, kNever);
}

TEST_F(WampSession, CancelEndsACallWhenTheRouterConfirms) {
  join();
  const auto call = session_->call(now_, "com.slow", {});
  sent();
  EXPECT_FALSE(session_->cancel(*call, "violently"));
  EXPECT_TRUE(session_->cancel(*call));
  EXPECT_EQ(sent(), R"([49,1,{"mode":"kill"}])");
  EXPECT_TRUE(quiet());
  says(R"([8,48,1,{},"wamp.error.canceled"])");
  EXPECT_EQ(event<S::Failed>().failure.code, errc::wamp_canceled);
}

TEST_F(WampSession, ACancelledCallIsDroppedIfTheRouterCannotCancel) {
  start();
  says(R"([2,7,{}])");
  drain();
  sent_.clear();
  events_.clear();
  const auto call = session_->call(now_, "com.slow", {});
  sent();
  EXPECT_TRUE(session_->cancel(*call));
  EXPECT_EQ(event<S::Failed>().failure.code, errc::wamp_canceled);
  says("[50,1,{}]");
  EXPECT_TRUE(quiet());
}

TEST_F(WampSession, RequestsTimeOut) {
  join();
  (void)session_->subscribe(now_, "com.topic");
  pass(seconds(10));
  EXPECT_EQ(event<S::Failed>().failure.code, errc::wamp_timeout);
  says("[33,1,11]");
  says("[36,11,1,{}]");
  sent_.clear();
  EXPECT_TRUE(quiet()) << "late answers are ignored";
}

TEST_F(WampSession, RequestsAreLimited) {
  config_.limits.max_requests = 2;
  join();
  EXPECT_TRUE(session_->call(now_, "com.add", {}));
  EXPECT_TRUE(session_->subscribe(now_, "com.topic"));
  EXPECT_EQ(session_->call(now_, "com.add", {}).error(), Errc::too_many);
  EXPECT_EQ(session_->register_procedure(now_, "com.add").error(), Errc::too_many);
  EXPECT_EQ(session_->publish(now_, "com.topic", {}, {{"acknowledge", true}}).error(), Errc::too_many);
  EXPECT_TRUE(session_->publish(now_, "com.topic", {})) << "nothing waits for it";
  says("[50,1,{}]");
  EXPECT_TRUE(session_->call(now_, "com.add", {}));
}

// Callee.

TEST_F(WampSession, AnswersInvocations) {
  join();
  registered("com.add", 21);
  says(R"([68,1,21,{"receive_progress":true,"caller":3},[1,2],{"k":1}])");
  const auto invoked = event<S::Invoked>();
  EXPECT_EQ(invoked.procedure, "com.add");
  EXPECT_TRUE(invoked.receive_progress);
  EXPECT_EQ(invoked.payload, (Payload{List{1, 2}, Dict{{"k", 1}}, {}}));
  EXPECT_TRUE(session_->yield(invoked.invocation, args({1}), {{"progress", true}}));
  EXPECT_EQ(sent(), R"([70,1,{"progress":true},[1]])");
  EXPECT_TRUE(session_->yield(invoked.invocation, args({3})));
  EXPECT_EQ(sent(), "[70,1,{},[3]]");
  EXPECT_FALSE(session_->yield(invoked.invocation, args({3}))) << "one answer";
  says("[68,2,21,{}]");
  EXPECT_TRUE(session_->fail(event<S::Invoked>().invocation, "com.error", args({"text"})));
  EXPECT_EQ(sent(), R"([8,68,2,{},"com.error",["text"]])");
  (void)session_->unregister(now_, 21);
  EXPECT_EQ(sent(), "[66,2,21]");
  says("[67,2]");
  EXPECT_EQ(event<S::Granted>().id, 21U);
  says("[68,3,21,{}]");
  EXPECT_EQ(sent(), R"([8,68,3,{},"wamp.error.no_such_procedure"])");
}

TEST_F(WampSession, InvocationsOfPatternsMustNameAMatchingProcedure) {
  join();
  registered("com.", 1, {{"match", "prefix"}});
  says(R"([68,1,1,{"procedure":"com.add"}])");
  EXPECT_EQ(event<S::Invoked>().procedure, "com.add");
  says(R"([68,2,1,{"procedure":"org.add"}])");
  EXPECT_EQ(event<S::Refused>().why, errc::wamp_uri_mismatch);
  EXPECT_EQ(sent_as<Error>().error, "wamp.error.encryption.trusted_uri_mismatch");
}

TEST_F(WampSession, InvocationsAreLimited) {
  config_.limits.max_invocations = 2;
  join();
  registered("com.add", 1);
  says("[68,1,1,{}]");
  says("[68,2,1,{}]");
  says("[68,3,1,{}]");
  EXPECT_EQ(sent(), R"([8,68,3,{},"redan.error.too_many"])");
  event<S::Invoked>();
  event<S::Invoked>();
  EXPECT_TRUE(quiet());
}

TEST_F(WampSession, EndsOnARepeatedInvocation) {
  join();
  registered("com.add", 1);
  says("[68,1,1,{}]");
  says("[68,1,1,{}]");
  drain();
  EXPECT_TRUE(session_->ended());
}

TEST_F(WampSession, ReportsInterrupts) {
  join();
  registered("com.add", 1);
  says("[68,1,1,{}]");
  says("[68,2,1,{}]");
  event<S::Invoked>();
  event<S::Invoked>();
  says(R"([69,1,{"mode":"kill"}])");
  EXPECT_FALSE(event<S::Interrupted>().forgotten);
  EXPECT_TRUE(session_->fail(1, "wamp.error.canceled"));
  says(R"([69,2,{"mode":"killnowait"}])");
  EXPECT_TRUE(event<S::Interrupted>().forgotten);
  EXPECT_FALSE(session_->yield(2, {})) << "the router would take it for a violation";
  says(R"([69,9,{}])");
  sent_.clear();
  EXPECT_TRUE(quiet());
}

}  // namespace
}  // namespace redan::wamp
