#include "wamp/router/router.hpp"

#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

using std::chrono::seconds;
using test::Client;

const std::string kHello = std::string(R"([1,"realm1",{"roles":)") + test::kAllRoles + "}]";

class Sessions : public test::RouterFixture {
 protected:
  void SetUp() override { start_open(); }
};

TEST_F(Sessions, WelcomeContainsThePrincipalAndTheFeatures) {
  auto& a = connect();
  say(a, kHello);
  const auto welcome = take<Welcome>(a);
  EXPECT_TRUE(welcome.session >= 1 && welcome.session <= kMaxId);
  EXPECT_EQ(*welcome.details.find("authrole"), Value("anonymous"));
  const Dict* roles = welcome.details.find("roles")->get_if<Dict>();
  for (const char* role : {"broker", "dealer"}) {
    const Dict* features = roles->find(role)->get_if<Dict>()->find("features")->get_if<Dict>();
    EXPECT_EQ(*features->find("payload_transparency"), Value(true)) << role;
    EXPECT_EQ(*features->find("payload_encryption_cryptobox"), Value(true)) << role;
    EXPECT_EQ(*features->find("payload_passthru_mode"), Value(true)) << role;
    EXPECT_EQ(features->find("pattern_based_registration"), nullptr) << role;
  }
}

TEST_F(Sessions, AnUnknownRoleIsIgnored) {
  auto& a = connect();
  say(a, R"([1,"realm1",{"roles":{"caller":{},"oracle":{"features":{}},"muse":7}}])");
  take<Welcome>(a);
  for (const char* roles : {R"({"oracle":{}})", R"({"caller":7})", "{}"}) {
    auto& b = connect();
    say(b, std::string(R"([1,"realm1",{"roles":)") + roles + "}]");
    EXPECT_EQ(take<Abort>(b).reason, uris::kProtocolViolation) << roles;
  }
}

TEST_F(Sessions, RealmsAreSeparate) {
  RouterConfig config = open_router("realm1");
  config.realms.push_back(std::move(open_router("realm2").realms[0]));
  start(std::move(config));
  auto& a = join("realm1");
  auto& b = join("realm2");
  subscribe(b, "com.t");
  register_procedure(b, "com.p");
  ask(a, R"([16,#,{},"com.t"])");
  EXPECT_TRUE(b.heard.empty());
  ask(a, R"([48,#,{},"com.p"])");
  expect_error(a, uris::kNoSuchProcedure);
}

TEST_F(Sessions, GoodbyeIsAnsweredAndTheTransportCanBeReused) {
  auto& a = join();
  auto& b = join();
  subscribe(a, "com.t");
  say(a, R"([6,{},"wamp.close.normal"])");
  EXPECT_EQ(take<Goodbye>(a).reason, uris::kGoodbyeAndOut);
  EXPECT_FALSE(a.closed);
  EXPECT_EQ(router_->sessions(), 1U);
  ask(b, R"([16,#,{},"com.t"])");
  EXPECT_TRUE(a.heard.empty());
  say(a, kHello);
  take<Welcome>(a);
  say(a, R"([32,1,{},"com.t"])");
  take<Subscribed>(a);
}

TEST_F(Sessions, ConnectionsThatDoNotJoinInTimeAreClosed) {
  auto& a = connect();
  drain();
  EXPECT_EQ(until_, now_ + seconds(10));
  pass(seconds(9));
  EXPECT_FALSE(a.closed);
  pass(seconds(1));
  expect_abort(a, uris::kTimeout);
  auto& b = join();
  pass(seconds(100));
  EXPECT_FALSE(b.closed);
  say(b, R"([6,{},"wamp.close.normal"])");
  take<Goodbye>(b);
  pass(seconds(10));
  EXPECT_TRUE(b.closed);
}

TEST_F(Sessions, AShutDownSendsGoodbyeAndAwaitsTheAnswer) {
  auto& a = join();
  auto& stranger = connect();
  router_->shut_down();
  drain();
  EXPECT_EQ(take<Goodbye>(a).reason, uris::kSystemShutdown);
  EXPECT_FALSE(a.closed);
  expect_abort(stranger, uris::kSystemShutdown);
  say(a, R"([16,1,{},"com.t"])");
  EXPECT_TRUE(a.heard.empty());
  say(a, R"([6,{},"wamp.close.goodbye_and_out"])");
  EXPECT_TRUE(a.closed);
}

TEST_F(Sessions, TooManyConnectionsAreRefused) {
  RouterConfig config = open_router("realm1");
  config.limits.max_connections = 2;
  start(std::move(config));
  auto& a = connect();
  connect();
  EXPECT_FALSE(router_->open(now_, ConnectionId(99), {}));
  router_->close(a.id);
  EXPECT_TRUE(router_->open(now_, ConnectionId(99), {}));
}

TEST_F(Sessions, InputAfterTheEndIsIgnored) {
  auto& a = join();
  say(a, "[2,5,{}]");
  expect_abort(a, uris::kProtocolViolation);
  say(a, kHello);
  EXPECT_TRUE(a.heard.empty());
}

// ABORT.

class Aborted : public Sessions {};

TEST_F(Aborted, ForASecondHello) {
  auto& a = join();
  say(a, kHello);
  expect_abort(a, uris::kProtocolViolation);
}

TEST_F(Aborted, ForAnythingBeforeTheSession) {
  for (const char* said : {R"([16,1,{},"com.t"])", R"([32,1,{},"com.t"])", R"([48,1,{},"com.p"])", R"([70,1,{}])",
                           R"([5,"x",{}])", R"([6,{},"wamp.close.normal"])", R"([2,5,{}])", R"([4,"ticket",{}])"}) {
    auto& a = connect();
    say(a, said);
    expect_abort(a, uris::kProtocolViolation);
  }
}

TEST_F(Aborted, ForMessagesThatOnlyRoutersSend) {
  for (const char* said : {"[2,5,{}]", R"([4,"ticket",{}])", R"([5,"x",{}])", "[17,1,2]", "[33,1,2]", "[35,1]",
                           "[36,1,2,{}]", "[50,1,{}]", "[65,1,2]", "[67,1]", "[68,1,2,{}]", "[69,1,{}]"}) {
    auto& a = join();
    say(a, said);
    expect_abort(a, uris::kProtocolViolation);
  }
}

TEST_F(Aborted, ForInvalidMessages) {
  auto& a = join();
  router_->handle_unreadable(a.id, Router::Unreadable::malformed);
  drain();
  expect_abort(a, uris::kProtocolViolation);
  auto& b = join();
  router_->handle_unreadable(b.id, Router::Unreadable::too_large);
  drain();
  expect_abort(b, uris::kPayloadSizeExceeded);
}

TEST_F(Aborted, ForRequestIdsThatDoNotCountFromOne) {
  for (const char* said : {R"([32,2,{},"com.t"])", R"([16,5,{},"com.t"])", R"([64,9007199254740992,{},"com.p"])"}) {
    auto& a = join();
    say(a, said);
    expect_abort(a, uris::kProtocolViolation);
  }
  auto& a = join();
  say(a, R"([32,1,{},"com.t"])");
  take<Subscribed>(a);
  say(a, R"([48,1,{},"com.p"])");
  expect_abort(a, uris::kProtocolViolation);
}

TEST_F(Aborted, ForAnUnknownRealm) {
  auto& a = connect();
  say(a, R"([1,"realm9",{"roles":{"caller":{}}}])");
  expect_abort(a, uris::kNoSuchRealm);
}

TEST_F(Aborted, ForAHelloWithoutRolesOfAClient) {
  for (const char* details : {"{}", R"({"roles":{}})", R"({"roles":{"broker":{}}})", R"({"roles":{"caller":1}})",
                              R"({"roles":["caller"]})"}) {
    auto& a = connect();
    say(a, std::string(R"([1,"realm1",)") + details + "]");
    expect_abort(a, uris::kProtocolViolation);
  }
}

TEST_F(Aborted, AndAllStateOfTheSessionIsRemoved) {
  auto& a = join();
  auto& b = join();
  subscribe(a, "com.t");
  register_procedure(a, "com.p");
  say(a, kHello);
  expect_abort(a, uris::kProtocolViolation);
  EXPECT_EQ(router_->connections(), 1U);
  ask(b, R"([16,#,{},"com.t"])");
  ask(b, R"([48,#,{},"com.p"])");
  expect_error(b, uris::kNoSuchProcedure);
  EXPECT_TRUE(a.heard.empty());
}

}  // namespace
}  // namespace redan::wamp
