#include "wamp/router/dealer.hpp"

#include <set>

#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

using std::chrono::milliseconds;
using test::Client;

class Dealer : public test::RouterFixture {
 protected:
  void SetUp() override { start_open(); }
  void yield(Client& callee, Id invocation, const std::string& rest) {
    say(callee, "[70," + std::to_string(invocation) + "," + rest + "]");
  }
  /// Calls com.p; returns the invocation that the callee receives.
  Invocation call(Client& caller, Client& callee, const std::string& options = "{}") {
    ask(caller, "[48,#," + options + R"(,"com.p"])");
    return take<Invocation>(callee);
  }
};

TEST_F(Dealer, ForwardsCallsToTheCalleeAndResultsBack) {
  auto& callee = join();
  auto& caller = join();
  const Id registration = register_procedure(callee, "com.p");
  const Id request = ask(caller, R"([48,#,{},"com.p",[1],{"k":2}])");
  const auto invocation = take<Invocation>(callee);
  EXPECT_EQ(invocation.request, 1U);
  EXPECT_EQ(invocation.registration, registration);
  EXPECT_TRUE(invocation.details.empty());
  EXPECT_EQ(invocation.payload, (Payload{{1}, {{"k", 2}}, {}}));
  yield(callee, 1, "{},[3]");
  const auto result = take<Result>(caller);
  EXPECT_EQ(result.request, request);
  EXPECT_EQ(result.payload.args, List{3});
}

TEST_F(Dealer, CountsInvocationsFromOneForEachCallee) {
  auto& a = join();
  auto& b = join();
  auto& caller = join();
  register_procedure(a, "com.a");
  register_procedure(b, "com.b");
  for (Id i = 1; i <= 3; ++i) {
    ask(caller, R"([48,#,{},"com.a"])");
    EXPECT_EQ(take<Invocation>(a).request, i);
  }
  ask(caller, R"([48,#,{},"com.b"])");
  EXPECT_EQ(take<Invocation>(b).request, 1U);
}

TEST_F(Dealer, ForwardsErrorsBack) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  say(callee, R"([8,68,1,{},"com.error",["why"]])");
  const auto error = take<Error>(caller);
  EXPECT_EQ(error.type, MessageType::call);
  EXPECT_EQ(error.error, "com.error");
  EXPECT_EQ(error.payload.args, List{"why"});
}

TEST_F(Dealer, ForwardsSealedPayloadsInEveryDirection) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  const std::string enc = R"({"enc_algo":"cryptobox","enc_serializer":"json"})";
  ask(caller, "[48,#," + enc + R"(,"com.p","\u0000AAEC"])");
  const auto invocation = take<Invocation>(callee);
  EXPECT_EQ(invocation.payload.sealed, (Binary{0, 1, 2}));
  EXPECT_EQ(*invocation.details.find("enc_algo"), Value("cryptobox"));
  yield(callee, 1, enc + R"(,"\u0000AwQF")");
  const auto result = take<Result>(caller);
  EXPECT_EQ(result.payload.sealed, (Binary{3, 4, 5}));
  EXPECT_EQ(*result.details.find("enc_serializer"), Value("json"));
  call(caller, callee);
  say(callee, "[8,68,2," + enc + R"(,"com.error","\u0000Bg=="])");
  const auto error = take<Error>(caller);
  EXPECT_EQ(error.payload.sealed, Binary{6});
  EXPECT_EQ(*error.details.find("enc_algo"), Value("cryptobox"));
}

TEST_F(Dealer, RefusesPayloadsThatTheCalleeWouldTakeForItsArguments) {
  auto& callee = join("realm1", test::kPlainRoles);
  auto& caller = join();
  register_procedure(callee, "com.p");
  ask(caller, R"([48,#,{"enc_algo":"cryptobox","enc_serializer":"json"},"com.p","\u0000AAEC"])");
  expect_error(caller, "wamp.error.feature_not_supported");
  ask(caller, R"([48,#,{"ppt_scheme":"wamp","ppt_serializer":"cbor"},"com.p",["\u0000AAEC"]])");
  expect_error(caller, "wamp.error.feature_not_supported");
  EXPECT_TRUE(callee.heard.empty());
  ask(caller, R"([48,#,{},"com.p",[1]])");
  EXPECT_EQ(take<Invocation>(callee).payload.args, List{1});
}

TEST_F(Dealer, RefusesAnswersThatTheCallerWouldTakeForItsResult) {
  auto& callee = join();
  auto& caller = join("realm1", test::kPlainRoles);
  register_procedure(callee, "com.p");
  call(caller, callee);
  yield(callee, 1, R"({"ppt_scheme":"wamp"},["\u0000AAEC"])");
  expect_error(caller, "wamp.error.feature_not_supported");
  call(caller, callee);
  yield(callee, 2, R"({"enc_algo":"cryptobox","enc_serializer":"json"},"\u0000AAEC")");
  expect_error(caller, "wamp.error.feature_not_supported");
  call(caller, callee);
  say(callee, R"([8,68,3,{"ppt_scheme":"wamp"},"com.error",["\u0000AAEC"]])");
  const auto error = take<Error>(caller);
  EXPECT_EQ(error.error, "com.error");
  EXPECT_EQ(error.payload, Payload{});
  EXPECT_TRUE(error.details.empty());
}

TEST_F(Dealer, TellsTheCallerThatTheCalleeCannotReceiveTheCall) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  const Id invocation = call(caller, callee).request;
  router_->handle_unsendable(callee.id, MessageType::invocation, invocation);
  drain();
  expect_error(caller, "wamp.error.payload_size_exceeded");
  router_->handle_unsendable(callee.id, MessageType::invocation, invocation);
  drain();
  EXPECT_TRUE(caller.heard.empty()) << "once";
  EXPECT_EQ(call(caller, callee).request, invocation + 1);
}

TEST_F(Dealer, TellsTheCallerThatItCannotReceiveTheAnswer) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee, R"({"receive_progress":true})");
  yield(callee, 1, R"({"progress":true},[1])");
  const Id request = take<Result>(caller).request;
  router_->handle_unsendable(caller.id, MessageType::result, request);
  drain();
  expect_error(caller, "wamp.error.payload_size_exceeded");
  take<Interrupt>(callee);
  yield(callee, 1, "{},[2]");
  EXPECT_TRUE(caller.heard.empty()) << "the call has ended";
  call(caller, callee);
  yield(callee, 2, "{},[3]");
  router_->handle_unsendable(caller.id, MessageType::result, take<Result>(caller).request);
  drain();
  expect_error(caller, "wamp.error.payload_size_exceeded");
}

TEST_F(Dealer, AcceptsNullAndIgnoresOptionsThatHaveNoMeaning) {
  auto& callee = join();
  const Id registration = register_procedure(callee, "com.p", R"({"match":null,"invoke":null})");
  ask(callee, "[66,#," + std::to_string(registration) + R"(,{"x":1}])");
  take<Unregistered>(callee);
}

TEST_F(Dealer, RefusesAnUnregisteredProcedure) {
  auto& caller = join();
  ask(caller, R"([48,#,{},"com.p"])");
  expect_error(caller, uris::kNoSuchProcedure);
  ask(caller, R"([48,#,{},"com..p"])");
  expect_error(caller, uris::kInvalidUri);
}

TEST_F(Dealer, RefusesASecondRegistration) {
  auto& a = join();
  auto& b = join();
  register_procedure(a, "com.p");
  for (auto* each : {&a, &b}) {
    ask(*each, R"([64,#,{},"com.p"])");
    expect_error(*each, uris::kProcedureAlreadyExists);
  }
  ask(b, R"([64,#,{"invoke":"random"},"com.p"])");
  expect_error(b, uris::kOtherInvocationPolicy);
  ask(b, R"([64,#,{"invoke":"nearest"},"com.q"])");
  expect_error(b, uris::kInvalidArgument);
  ask(b, R"([64,#,{"match":"prefix"},"com.q"])");
  expect_error(b, uris::kInvalidArgument);
  ask(b, R"([64,#,{},"wamp.session.kill"])");
  expect_error(b, uris::kInvalidUri);
}

TEST_F(Dealer, EndsRegistrations) {
  auto& callee = join();
  auto& other = join();
  const std::string id = std::to_string(register_procedure(callee, "com.p"));
  ask(other, "[66,#," + id + "]");
  expect_error(other, uris::kNoSuchRegistration);
  ask(callee, "[66,#," + id + "]");
  take<Unregistered>(callee);
  ask(other, R"([48,#,{},"com.p"])");
  expect_error(other, uris::kNoSuchProcedure);
  register_procedure(other, "com.p");
}

// Shared registrations.

class Shared : public Dealer {
 protected:
  /// Which of three callees receives each of `calls` calls: "011".
  std::string turns(const std::string& policy, int calls) {
    for (int i = 0; i < 3; ++i) register_procedure(join(), "com.p", R"({"invoke":")" + policy + R"("})");
    auto& caller = join();
    std::string took;
    for (int i = 0; i < calls; ++i) {
      ask(caller, R"([48,#,{},"com.p"])");
      for (std::size_t c = 0; c < 3; ++c) {
        if (!clients_[c]->heard.empty()) took += std::to_string(c);
        clients_[c]->heard.clear();
      }
    }
    return took;
  }
};

TEST_F(Shared, FirstSelectsTheOldest) { EXPECT_EQ(turns("first", 3), "000"); }
TEST_F(Shared, LastSelectsTheNewest) { EXPECT_EQ(turns("last", 3), "222"); }
TEST_F(Shared, RoundRobinAlternates) { EXPECT_EQ(turns("roundrobin", 5), "01201"); }
TEST_F(Shared, RandomSelectsEachEventually) {
  const std::string took = turns("random", 60);
  EXPECT_EQ(took.size(), 60U);
  EXPECT_EQ(std::set<char>(took.begin(), took.end()).size(), 3U);
}
TEST_F(Shared, TheNextTakesOverWhenOneLeaves) {
  EXPECT_EQ(turns("first", 1), "0");
  router_->close(clients_[0]->id);
  ask(*clients_[3], R"([48,#,{},"com.p"])");
  take<Invocation>(*clients_[1]);
}

// Progress.

TEST_F(Dealer, ForwardsProgressToACallerThatRequestedIt) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  EXPECT_EQ(*call(caller, callee, R"({"receive_progress":true})").details.find("receive_progress"), Value(true));
  yield(callee, 1, R"({"progress":true},[1])");
  EXPECT_EQ(*take<Result>(caller).details.find("progress"), Value(true));
  yield(callee, 1, "{},[2]");
  EXPECT_TRUE(take<Result>(caller).details.empty());
}

TEST_F(Dealer, UnrequestedProgressIsAViolation) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  yield(callee, 1, R"({"progress":true},[1])");
  expect_abort(callee, uris::kProtocolViolation);
  expect_error(caller, uris::kCanceled);
}

TEST_F(Dealer, AYieldOrErrorWithoutAnInvocationIsAViolation) {
  for (const char* said : {R"([70,1,{}])", R"([8,68,1,{},"com.e"])"}) {
    auto& callee = join();
    say(callee, said);
    expect_abort(callee, uris::kProtocolViolation);
  }
}

TEST_F(Dealer, ASecondAnswerIsIgnoredAndOneWithoutAnInvocationIsAViolation) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  yield(callee, 1, "{}");
  take<Result>(caller);
  yield(callee, 1, "{}");
  EXPECT_TRUE(caller.heard.empty());
  call(caller, callee);
  yield(callee, 3, "{}");
  expect_abort(callee, uris::kProtocolViolation);
}

TEST_F(Dealer, AnErrorMayAnswerOnlyAnInvocation) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  say(callee, R"([8,48,1,{},"com.e"])");
  expect_abort(callee, uris::kProtocolViolation);
}

TEST_F(Dealer, AnErrorNeedsAUri) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  say(callee, R"([8,68,1,{},"no uri"])");
  expect_abort(callee, uris::kProtocolViolation);
  expect_error(caller, uris::kCanceled);
}

TEST_F(Dealer, AnInvocationBelongsToItsSession) {
  auto& callee = join();
  auto& other = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  yield(other, 1, "{}");
  expect_abort(other, uris::kProtocolViolation);
  EXPECT_TRUE(caller.heard.empty());
}

// Calls that end in other ways.

class Canceled : public Dealer {
 protected:
  void SetUp() override {
    Dealer::SetUp();
    callee_ = &join();
    caller_ = &join();
    register_procedure(*callee_, "com.p");
    call(*caller_, *callee_, R"({"timeout":500})");
  }
  Client* callee_ = nullptr;
  Client* caller_ = nullptr;
};

TEST_F(Canceled, SkipDoesNotNotifyTheCallee) {
  say(*caller_, R"([49,1,{"mode":"skip"}])");
  expect_error(*caller_, uris::kCanceled);
  EXPECT_TRUE(callee_->heard.empty());
  yield(*callee_, 1, "{}");
  EXPECT_TRUE(caller_->heard.empty());
  EXPECT_FALSE(callee_->closed);
}

TEST_F(Canceled, KillWaitsForTheCallee) {
  say(*caller_, R"([49,1,{"mode":"kill"}])");
  EXPECT_EQ(*take<Interrupt>(*callee_).options.find("mode"), Value("kill"));
  EXPECT_TRUE(caller_->heard.empty());
  say(*callee_, R"([8,68,1,{},"wamp.error.canceled"])");
  expect_error(*caller_, uris::kCanceled);
}

TEST_F(Canceled, KillNoWaitDoesNotWaitForTheCallee) {
  say(*caller_, R"([49,1,{"mode":"killnowait"}])");
  take<Interrupt>(*callee_);
  expect_error(*caller_, uris::kCanceled);
  say(*callee_, R"([8,68,1,{},"wamp.error.canceled"])");
  EXPECT_TRUE(caller_->heard.empty());
}

TEST_F(Canceled, TheDefaultModeIsKillNoWait) {
  say(*caller_, R"([49,1,{}])");
  take<Interrupt>(*callee_);
  expect_error(*caller_, uris::kCanceled);
}

TEST_F(Canceled, AnAnsweredCallCannotBeCanceled) {
  yield(*callee_, 1, "{}");
  take<Result>(*caller_);
  say(*caller_, R"([49,1,{}])");
  EXPECT_TRUE(caller_->heard.empty() && callee_->heard.empty());
  EXPECT_FALSE(caller_->closed);
}

TEST_F(Canceled, ACallIsCanceledAtItsTimeout) {
  pass(milliseconds(499));
  EXPECT_TRUE(caller_->heard.empty());
  EXPECT_EQ(until_, now_ + milliseconds(1));
  pass(milliseconds(1));
  expect_error(*caller_, uris::kTimeout);
  take<Interrupt>(*callee_);
  yield(*callee_, 1, "{}");
  EXPECT_TRUE(caller_->heard.empty());
  EXPECT_EQ(until_, kNever);
}

TEST_F(Canceled, ACallIsCanceledWhenTheCalleeLeaves) {
  router_->close(callee_->id);
  drain();
  expect_error(*caller_, uris::kCanceled);
  ask(*caller_, R"([48,#,{},"com.p"])");
  expect_error(*caller_, uris::kNoSuchProcedure);
}

TEST_F(Canceled, ACallIsCanceledWhenTheCallerLeaves) {
  router_->close(caller_->id);
  drain();
  take<Interrupt>(*callee_);
  yield(*callee_, 1, "{}");
  EXPECT_FALSE(callee_->closed);
}

TEST_F(Dealer, ACalleeWithoutCancelingIsNotInterrupted) {
  auto& callee = connect();
  say(callee, R"([1,"realm1",{"roles":{"callee":{}}}])");
  take<Welcome>(callee);
  auto& caller = join();
  register_procedure(callee, "com.p");
  EXPECT_EQ(call(caller, callee, R"({"receive_progress":true})").details.find("receive_progress"), nullptr);
  say(caller, R"([49,1,{"mode":"kill"}])");
  expect_error(caller, uris::kCanceled);
  EXPECT_TRUE(callee.heard.empty());
}

TEST_F(Dealer, ASessionMayCallItself) {
  auto& both = join();
  register_procedure(both, "com.p");
  call(both, both);
  router_->close(both.id);
  drain();
  EXPECT_TRUE(both.heard.empty());
  EXPECT_EQ(router_->sessions(), 0U);
}

TEST_F(Dealer, TheRouterEndsCallsThatTimeOut) {
  RouterConfig config = open_router("realm1");
  config.limits.dealer.max_call_time = milliseconds(100);
  start(std::move(config));
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee, R"({"timeout":5000})");
  pass(milliseconds(100));
  expect_error(caller, uris::kTimeout);
}

// Limits, disclosure, types.

TEST_F(Dealer, LimitsRegistrationsCallsAndInvocations) {
  RouterConfig config = open_router("realm1");
  config.limits.dealer = {.max_registrations = 1, .max_calls = 2, .max_invocations = 3};
  start(std::move(config));
  auto& callee = join();
  auto& a = join();
  auto& b = join();
  register_procedure(callee, "com.p");
  ask(callee, R"([64,#,{},"com.q"])");
  expect_error(callee, uris::kTooMany);
  call(a, callee);
  call(a, callee);
  ask(a, R"([48,#,{},"com.p"])");
  expect_error(a, uris::kTooMany);
  call(b, callee);
  ask(b, R"([48,#,{},"com.p"])");
  expect_error(b, uris::kTooMany);
  yield(callee, 1, "{}");
  call(b, callee);
}

TEST_F(Dealer, CancelledCallsWithoutAnAnswerBlockNoCaller) {
  RouterConfig config = open_router("realm1");
  config.limits.dealer.max_invocations = 4;
  start(std::move(config));
  auto& callee = join();
  auto& a = join();
  auto& b = join();
  register_procedure(callee, "com.p");
  for (int number = 1; number <= 40; ++number) {
    call(a, callee);
    say(a, "[49," + std::to_string(number) + R"(,{"mode":"killnowait"}])");
    expect_error(a, uris::kCanceled);
    callee.heard.clear();
  }
  call(b, callee);
  yield(callee, 41, "{}");
  take<Result>(b);
  // A late answer is not a violation.
  yield(callee, 1, "{}");
  call(b, callee);
}

TEST_F(Dealer, AbandonedInvocationsMakeRoom) {
  RouterConfig config = open_router("realm1");
  config.limits.dealer.max_invocations = 1;
  start(std::move(config));
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  call(caller, callee);
  say(caller, R"([49,1,{"mode":"skip"}])");
  expect_error(caller, uris::kCanceled);
  call(caller, callee);
  ask(caller, R"([48,#,{},"com.p"])");
  expect_error(caller, uris::kTooMany);
  yield(callee, 1, "{}");
  ask(caller, R"([48,#,{},"com.p"])");
  expect_error(caller, uris::kTooMany);
  yield(callee, 2, "{}");
  take<Result>(caller);
  call(caller, callee);
}

TEST_F(Dealer, DisclosesTheCallerIfTheRealmAllows) {
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  EXPECT_EQ(*call(caller, callee, R"({"disclose_me":true})").details.find("caller"), Value(caller.session));
  EXPECT_EQ(call(caller, callee).details.find("caller"), nullptr);
  register_procedure(callee, "com.q", R"({"disclose_caller":true})");
  ask(caller, R"([48,#,{},"com.q"])");
  EXPECT_EQ(*take<Invocation>(callee).details.find("caller_authrole"), Value("anonymous"));
}

TEST_F(Dealer, DisclosesNoCallerOtherwise) {
  RouterConfig config = open_router("realm1");
  config.realms[0].disclosure = false;
  start(std::move(config));
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  ask(caller, R"([48,#,{"disclose_me":true},"com.p"])");
  expect_error(caller, uris::kDisclosureDisallowed);
  EXPECT_TRUE(callee.heard.empty());
  ask(callee, R"([64,#,{"disclose_caller":true},"com.q"])");
  expect_error(callee, uris::kDisclosureDisallowed);
}

TEST_F(Dealer, RefusesCallsAndResultsThatViolateTheirType) {
  start_realm(R"("roles":[{"name":"r","permissions":[{"uri":"","match":"prefix","allow":["call","register"]}]}],
      "authentication":{"anonymous":{"role":"r"}},
      "types":[{"uri":"com.p","traffic":["call"],"opaque":"refuse","args":{"maxItems":1}},
               {"uri":"com.p","traffic":["result"],"args":{"items":{"type":"integer"}}}])");
  auto& callee = join();
  auto& caller = join();
  register_procedure(callee, "com.p");
  ask(caller, R"([48,#,{},"com.p",[1,2]])");
  expect_error(caller, uris::kInvalidArgument);
  ask(caller, R"([48,#,{},"com.p","\u0000AA=="])");
  expect_error(caller, uris::kInvalidArgument);
  EXPECT_TRUE(callee.heard.empty());
  call(caller, callee);
  yield(callee, 1, R"({},["x"])");
  expect_error(caller, uris::kInvalidArgument);
  call(caller, callee, R"({"receive_progress":true})");
  yield(callee, 2, R"({"progress":true},["x"])");
  expect_error(caller, uris::kInvalidArgument);
  yield(callee, 2, R"({},[1])");
  EXPECT_TRUE(caller.heard.empty());
  EXPECT_FALSE(callee.closed);
}

}  // namespace
}  // namespace redan::wamp
