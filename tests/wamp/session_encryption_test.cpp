// End-to-end encryption with a malicious router: the eight attacks that succeed against Autobahn|Python, and more.
#include "tests/support/seeded_random.hpp"
#include "tests/wamp/session_fixture.hpp"
#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

/// The test is the router, and also the peer behind it, which has the same keys. "com.secret." must be encrypted;
/// "com.open." may be.
class WampEncryption : public SessionFixture {
 protected:
  void SetUp() override {
    ring_.set_key("com.secret.", test_key());
    ring_.set_key("com.open.", test_key());
    ring_.require("com.secret.");
    config_.key_ring = &ring_;
    join();
  }

  /// What the peer encrypts about `uri`, with its attributes.
  Payload sealed(Party party, const std::string& uri, List list) {
    Payload payload;
    payload.sealed = seal_box(key_, party, {uri, std::move(list), Dict{}}, random_);
    return payload;
  }
  BoxPlaintext opened(Party party, const std::string& uri, const Payload& payload) {
    EXPECT_TRUE(payload.sealed && payload.args.empty() && payload.kwargs.empty()) << "it is not encrypted";
    if (!payload.sealed) return {};
    auto plaintext = open_box(key_, party, uri, *payload.sealed);
    EXPECT_TRUE(plaintext);
    return plaintext ? *plaintext : BoxPlaintext{};
  }
  /// Makes a call; returns the sent message.
  Call called(const std::string& procedure, List list, Dict options = {}) {
    EXPECT_TRUE(session_->call(now_, procedure, args(std::move(list)), std::move(options)));
    return sent_as<Call>();
  }
  void expect_failed(Errc code) {
    const auto failed = event<S::Failed>();
    EXPECT_EQ(failed.failure.code, code) << name(failed.failure.code);
    EXPECT_EQ(failed.failure.payload, Payload{});
    EXPECT_TRUE(quiet());
  }
  void expect_refused(Errc code) {
    const auto refused = event<S::Refused>();
    EXPECT_EQ(refused.why, code) << name(refused.why);
    EXPECT_TRUE(events_.empty()) << "nothing is handed out";
  }

  const Dict attributes_{{"enc_algo", "cryptobox"}, {"enc_serializer", "json"}};
  Key key_ = test_key();
  test::SeededRandom random_{1};
  KeyRing ring_;
};

// Normal operation.

TEST_F(WampEncryption, EventsAndPublicationsAreEncrypted) {
  EXPECT_TRUE(session_->publish(now_, "com.secret.topic", args({1, Binary{2}})));
  const auto publish = sent_as<Publish>();
  EXPECT_EQ(publish.options, attributes_);
  EXPECT_EQ(opened(Party::responder, "com.secret.topic", publish.payload),
            (BoxPlaintext{"com.secret.topic", List{1, Binary{2}}, Dict{}}));
  subscribed("com.secret.", 1, {{"match", "prefix"}});
  Dict details = attributes_;
  details["topic"] = "com.secret.x";
  says(Event{1, 2, details, sealed(Party::originator, "com.secret.x", {3})});
  const auto delivered = event<S::Delivered>();
  EXPECT_TRUE(delivered.encrypted);
  EXPECT_EQ(delivered.payload, args({3}));
}

TEST_F(WampEncryption, CallsAndResultsAreEncrypted) {
  const Call call = called("com.secret.add", {1, 2}, {{"receive_progress", true}});
  EXPECT_EQ(opened(Party::responder, "com.secret.add", call.payload),
            (BoxPlaintext{"com.secret.add", List{1, 2}, Dict{}}));
  Dict progress = attributes_;
  progress["progress"] = true;
  says(Result{call.request, progress, sealed(Party::responder, "com.secret.add", {2})});
  EXPECT_EQ(event<S::Returned>().payload, args({2}));
  says(Result{call.request, attributes_, sealed(Party::responder, "com.secret.add", {3})});
  EXPECT_EQ(event<S::Returned>().payload, args({3}));
}

TEST_F(WampEncryption, InvocationsAreDecryptedAndAnsweredEncrypted) {
  registered("com.secret.add", 1);
  says(Invocation{1, 1, attributes_, sealed(Party::originator, "com.secret.add", {1})});
  const auto invoked = event<S::Invoked>();
  EXPECT_TRUE(invoked.encrypted);
  EXPECT_EQ(invoked.payload, args({1}));
  EXPECT_TRUE(session_->yield(1, args({2}), {{"progress", true}}));
  EXPECT_EQ(opened(Party::originator, "com.secret.add", sent_as<Yield>().payload).args, List{2});
  EXPECT_TRUE(session_->yield(1, args({3})));
  const auto yield = sent_as<Yield>();
  EXPECT_EQ(yield.options, attributes_);
  EXPECT_EQ(opened(Party::originator, "com.secret.add", yield.payload).args, List{3});
}

TEST_F(WampEncryption, ErrorsAreEncryptedIfOnlyTheProcedureHasAKey) {
  registered("com.secret.add", 1);
  says(Invocation{1, 1, attributes_, sealed(Party::originator, "com.secret.add", {})});
  event<S::Invoked>();
  EXPECT_TRUE(session_->fail(1, "org.error.boom", args({"secret detail"})));
  const auto error = sent_as<Error>();
  EXPECT_EQ(opened(Party::originator, "org.error.boom", error.payload).args, List{"secret detail"});
  const Call call = called("com.secret.add", {});
  says(Error{MessageType::call, call.request, attributes_, "org.error.boom",
             sealed(Party::responder, "org.error.boom", {"why"})});
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.failure.code, errc::wamp_error);
  EXPECT_EQ(failed.failure.payload.args, List{"why"});
}

TEST_F(WampEncryption, BehavesLikeAutobahnWhereItIsNotRequired) {
  registered("com.open.add", 1);
  says(Invocation{1, 1, {}, args({1})});
  EXPECT_FALSE(event<S::Invoked>().encrypted);
  EXPECT_TRUE(session_->yield(1, args({2})));
  EXPECT_EQ(sent_as<Yield>().payload, args({2})) << "clear as the question was";
  const Call call = called("com.open.add", {1});
  EXPECT_TRUE(call.payload.sealed);
  says(Result{call.request, {}, args({2})});
  EXPECT_EQ(event<S::Returned>().payload, args({2}));
  EXPECT_TRUE(session_->publish(now_, "org.topic", args({1})));
  EXPECT_EQ(sent_as<Publish>().payload, args({1}));
}

// The eight attacks.

TEST_F(WampEncryption, Attack1ReflectionOfACallAsItsResultIsRefused) {
  const Call call = called("com.secret.add", {1});
  says(Result{call.request, attributes_, call.payload});
  expect_failed(errc::wamp_replayed);
}

TEST_F(WampEncryption, Attack1ReflectionOfAnEarlierCallIsRefused) {
  const Call earlier = called("com.secret.add", {1});
  says(Result{earlier.request, attributes_, sealed(Party::responder, "com.secret.add", {2})});
  event<S::Returned>();
  const Call call = called("com.secret.add", {3});
  says(Result{call.request, attributes_, earlier.payload});
  expect_failed(errc::wamp_replayed);
}

TEST_F(WampEncryption, Attack1ReflectionOfAResultAsAnInvocationIsRefused) {
  registered("com.secret.add", 1);
  says(Invocation{1, 1, attributes_, sealed(Party::originator, "com.secret.add", {1})});
  event<S::Invoked>();
  EXPECT_TRUE(session_->yield(1, args({2})));
  says(Invocation{2, 1, attributes_, sent_as<Yield>().payload});
  expect_refused(errc::wamp_replayed);
  EXPECT_EQ(sent_as<Error>().payload, Payload{});
}

TEST_F(WampEncryption, Attack2AnEventIsNotDeliveredTwice) {
  subscribed("com.secret.topic", 1);
  const Payload payload = sealed(Party::originator, "com.secret.topic", {1});
  says(Event{1, 2, attributes_, payload});
  event<S::Delivered>();
  says(Event{1, 3, attributes_, payload});
  expect_refused(errc::wamp_replayed);
}

TEST_F(WampEncryption, AnEventReachesEachOfTwoSubscriptions) {
  subscribed("com.secret.topic", 1);
  subscribed("com.secret.", 2, {{"match", "prefix"}});
  const Payload payload = sealed(Party::originator, "com.secret.topic", {1});
  says(Event{1, 2, attributes_, payload});
  Dict details = attributes_;
  details["topic"] = "com.secret.topic";
  says(Event{2, 2, details, payload});
  EXPECT_EQ(event<S::Delivered>().subscription, 1U);
  EXPECT_EQ(event<S::Delivered>().subscription, 2U);
}

TEST_F(WampEncryption, AnInvocationIsNotAcceptedTwice) {
  registered("com.secret.add", 1);
  const Payload payload = sealed(Party::originator, "com.secret.add", {1});
  says(Invocation{1, 1, attributes_, payload});
  event<S::Invoked>();
  says(Invocation{2, 1, attributes_, payload});
  expect_refused(errc::wamp_replayed);
}

TEST_F(WampEncryption, Attack3TheResultOfAnEarlierCallIsRefusedForALaterOne) {
  const Call earlier = called("com.secret.add", {1});
  const Payload result = sealed(Party::responder, "com.secret.add", {2});
  says(Result{earlier.request, attributes_, result});
  event<S::Returned>();
  const Call call = called("com.secret.add", {3});
  says(Result{call.request, attributes_, result});
  expect_failed(errc::wamp_replayed);
}

TEST_F(WampEncryption, ARepetitionOlderThanTheMemoryIsAccepted) {
  config_ = {};
  config_.key_ring = &ring_;
  config_.limits.max_seen_boxes = 2;
  join();
  subscribed("com.secret.topic", 1);
  const Payload old = sealed(Party::originator, "com.secret.topic", {0});
  says(Event{1, 1, attributes_, old});
  for (int i = 1; i <= 2; ++i) says(Event{1, 2, attributes_, sealed(Party::originator, "com.secret.topic", {i})});
  says(Event{1, 3, attributes_, old});
  for (int i = 0; i < 4; ++i) event<S::Delivered>();
}

TEST_F(WampEncryption, AWithheldResultIsAcceptedForALaterCall) {
  called("com.secret.add", {1}, {{"timeout", 1}});
  const Payload withheld = sealed(Party::responder, "com.secret.add", {2});
  const Call call = called("com.secret.add", {3});
  says(Result{call.request, attributes_, withheld});
  EXPECT_EQ(event<S::Returned>().payload, args({2})) << "cryptobox does not bind answers to questions";
}

TEST_F(WampEncryption, Attack4APlaintextEventIsRefused) {
  subscribed("com.secret.topic", 1);
  for (const Payload& payload : {args({1}), Payload{}}) {
    says(Event{1, 2, {}, payload});
    expect_refused(errc::wamp_clear_payload);
    says(Event{1, 2, attributes_, payload});
    expect_refused(errc::wamp_clear_payload);
  }
}

TEST_F(WampEncryption, Attack4APlaintextEventForAPatternIsRefused) {
  subscribed("com.secret.", 1, {{"match", "prefix"}});
  says(Event{1, 2, {{"topic", "com.secret.topic"}}, args({1})});
  expect_refused(errc::wamp_clear_payload);
  says(Event{1, 2, {{"topic", "com.public"}}, args({1})});
  expect_refused(errc::wamp_uri_mismatch);
}

TEST_F(WampEncryption, Attack5APlaintextInvocationIsRefusedWithoutContent) {
  registered("com.secret.add", 1);
  says(Invocation{1, 1, {}, args({1})});
  expect_refused(errc::wamp_clear_payload);
  EXPECT_EQ(sent(), R"([8,68,1,{},"wamp.error.encryption.decrypt_error"])");
  EXPECT_FALSE(session_->yield(1, args({2})));
}

TEST_F(WampEncryption, Attack6APlaintextResultIsRefused) {
  const Call call = called("com.secret.add", {1});
  says(Result{call.request, {}, args({2})});
  expect_failed(errc::wamp_clear_payload);
  const Call progressive = called("com.secret.add", {1}, {{"receive_progress", true}});
  says(Result{progressive.request, {{"progress", true}}, args({2})});
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.failure.code, errc::wamp_clear_payload);
  EXPECT_EQ(sent_as<Cancel>().request, progressive.request);
}

TEST_F(WampEncryption, Attack7AnEventOfAnotherTopicIsRefused) {
  subscribed("com.secret.topic2", 2);
  Dict details = attributes_;
  details["topic"] = "com.secret.topic1";
  const Payload payload = sealed(Party::originator, "com.secret.topic1", {1});
  says(Event{2, 1, details, payload});
  expect_refused(errc::wamp_uri_mismatch);
  says(Event{2, 1, attributes_, payload});
  expect_refused(errc::wamp_uri_mismatch);
  details["topic"] = "com.secret.topic2";
  says(Event{2, 1, details, payload});
  expect_refused(errc::wamp_uri_mismatch);
}

TEST_F(WampEncryption, Attack8NothingIsSentWithoutAKey) {
  ring_.erase_key("com.secret.");
  EXPECT_EQ(session_->publish(now_, "com.secret.topic", args({1})).error(), errc::wamp_no_key);
  EXPECT_EQ(session_->call(now_, "com.secret.add", args({1})).error(), errc::wamp_no_key);
  EXPECT_TRUE(quiet());
}

TEST_F(WampEncryption, Attack8NoErrorIsSentInPlaintext) {
  registered("com.secret.add", 1);
  says(Invocation{1, 1, attributes_, sealed(Party::originator, "com.secret.add", {1})});
  event<S::Invoked>();
  ring_.erase_key("com.secret.");
  EXPECT_EQ(session_->yield(1, args({"secret"})).error(), errc::wamp_no_key);
  EXPECT_EQ(session_->fail(1, "org.error.boom", args({"secret"})).error(), errc::wamp_no_key);
  EXPECT_EQ(sent(), R"([8,68,1,{},"wamp.error.no_payload_codec"])") << "so that the caller does not wait";
}

TEST_F(WampEncryption, APlaintextErrorEndsTheCallAndItsTextIsNotPassedOn) {
  const Call call = called("com.secret.add", {1});
  says(Error{MessageType::call, call.request, {}, "wamp.error.no_such_procedure", args({"call 0900-CHEAT"})});
  const auto failed = event<S::Failed>();
  EXPECT_EQ(failed.failure.code, errc::wamp_clear_payload);
  EXPECT_EQ(failed.failure.uri, "wamp.error.no_such_procedure") << "a hint";
  EXPECT_EQ(failed.failure.payload, Payload{});
  const Call other = called("com.secret.add", {1});
  says(Error{MessageType::call, other.request, {}, "com.secret.error.boom", args({"text"})});
  EXPECT_EQ(event<S::Failed>().failure.uri, "") << "an application's error, and nobody's";
}

TEST_F(WampEncryption, PayloadsThatCannotBeDecryptedAreRefused) {
  subscribed("com.secret.topic", 1);
  Payload altered = sealed(Party::originator, "com.secret.topic", {1});
  altered.sealed->back() ^= 1U;
  says(Event{1, 2, attributes_, altered});
  expect_refused(errc::wamp_decrypt_error);
  says(Event{1, 2, {{"enc_algo", "xbr"}}, sealed(Party::originator, "com.secret.topic", {1})});
  expect_refused(errc::wamp_decrypt_error);
  subscribed("org.topic", 2);
  says(Event{2, 2, attributes_, sealed(Party::originator, "org.topic", {1})});
  expect_refused(errc::wamp_no_key);
  const Call call = called("com.secret.add", {1});
  says(Result{call.request, attributes_, sealed(Party::responder, "com.secret.other", {1})});
  expect_failed(errc::wamp_uri_mismatch);
}

TEST_F(WampEncryption, CarriedPayloadsArePassedOnUnchanged) {
  ring_.carry("com.own.");
  const Payload box{{}, {}, Binary(64, 7)};
  registered("com.own.add", 1);
  says(Invocation{1, 1, attributes_, box});
  EXPECT_EQ(event<S::Invoked>().payload, box);
  EXPECT_FALSE(session_->yield(1, args({1}))) << "not in the clear";
  EXPECT_TRUE(session_->yield(1, box));
  const auto yield = sent_as<Yield>();
  EXPECT_EQ(yield.payload, box);
  EXPECT_EQ(yield.options, attributes_);
  says(Invocation{2, 1, attributes_, box});
  EXPECT_EQ(event<S::Invoked>().payload, box) << "whoever opens it refuses what comes twice";
  EXPECT_TRUE(session_->fail(2, "com.error"));
  EXPECT_EQ(sent(), R"([8,68,2,{},"com.error"])");
  says(Invocation{3, 1, {}, args({1})});
  expect_refused(errc::wamp_clear_payload);
  sent();
  EXPECT_FALSE(session_->call(now_, "com.own.add", args({1})));
  EXPECT_TRUE(session_->call(now_, "com.own.add", box));
  const auto call = sent_as<Call>();
  EXPECT_EQ(call.payload, box);
  says(Result{call.request, attributes_, box});
  EXPECT_EQ(event<S::Returned>().payload, box);
}

TEST_F(WampEncryption, SealedPayloadsAreRefusedWithoutAKeyRing) {
  config_ = {};
  join();
  subscribed("com.topic", 1);
  says(Event{1, 2, attributes_, sealed(Party::originator, "com.topic", {1})});
  expect_refused(errc::wamp_no_key);
  const Call call = called("com.add", {1});
  says(Result{call.request, attributes_, sealed(Party::responder, "com.add", {1})});
  expect_failed(errc::wamp_no_key);
}

}  // namespace
}  // namespace redan::wamp
