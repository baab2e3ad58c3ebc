#include "wamp/router/authorization.hpp"

#include "tests/wamp/router/router_fixture.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

using test::Client;

class Authorization : public test::RouterFixture {
 protected:
  void SetUp() override {
    start_realm(R"("roles":[{"name":"r","permissions":[
          {"uri":"com.open.","match":"prefix","allow":["publish","subscribe"]},
          {"uri":"com.p","allow":["call"]},
          {"uri":"anbox.e2e.{sid}.","match":"prefix","allow":["call","register","publish","subscribe"]}]}],
        "authentication":{"anonymous":{"role":"r"},"ticket":{"accounts":[
          {"authid":"client","role":"r","sid":"s1","secret_file":"t"}]}})",
                {{"t", "secret"}});
  }
  Client& join_with_sid() {
    auto& client = connect();
    say(client, R"([1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"client"}])");
    take<Challenge>(client);
    say(client, R"([5,"secret",{}])");
    take<Welcome>(client);
    return client;
  }
  void expect_denied(Client& client, const std::string& request) {
    ask(client, request);
    expect_error(client, uris::kNotAuthorized);
  }
};

TEST_F(Authorization, DeniesWithoutAPermission) {
  auto& a = join();
  expect_denied(a, R"([48,#,{},"com.q"])");
  expect_denied(a, R"([64,#,{},"com.p"])");
  expect_denied(a, R"([32,#,{},"com.p"])");
  expect_denied(a, R"([16,#,{"acknowledge":true},"com.p"])");
  expect_denied(a, R"([48,#,{},"wamp.subscription.get_events",[1]])");
  ask(a, R"([48,#,{},"com.p"])");
  expect_error(a, uris::kNoSuchProcedure);
}

TEST_F(Authorization, APatternMustNotReachBeyondAPermission) {
  auto& a = join();
  expect_denied(a, R"([32,#,{"match":"prefix"},"com."])");
  expect_denied(a, R"([32,#,{"match":"prefix"},"com.open"])");
  expect_denied(a, R"([32,#,{"match":"wildcard"},"com..t"])");
  expect_denied(a, R"([32,#,{"match":"prefix"},""])");
  subscribe(a, "com.open.", R"({"match":"prefix"})");
  subscribe(a, "com.open..t", R"({"match":"wildcard"})");
}

TEST_F(Authorization, DeniedEventsReachNoSubscriber) {
  auto& a = join();
  auto& b = join_with_sid();
  subscribe(b, "anbox.e2e.s1.", R"({"match":"prefix"})");
  ask(a, R"([16,#,{},"anbox.e2e.s1.trickle"])");
  EXPECT_TRUE(a.heard.empty() && b.heard.empty());
}

TEST_F(Authorization, ASidGrantsAccessToItsOwnUrisOnly) {
  auto& a = join_with_sid();
  register_procedure(a, "anbox.e2e.s1.offer");
  expect_denied(a, R"([64,#,{},"anbox.e2e.s2.offer"])");
  expect_denied(a, R"([64,#,{},"anbox.e2e.s1"])");
  expect_denied(a, R"([32,#,{"match":"prefix"},"anbox.e2e.s1"])");
  expect_denied(a, R"([32,#,{"match":"wildcard"},"anbox.e2e..trickle"])");
  auto& anonymous = join();
  expect_denied(anonymous, R"([48,#,{},"anbox.e2e.s1.offer"])");
  expect_denied(anonymous, R"([48,#,{},"anbox.e2e.{sid}.offer"])");
}

TEST(Sid, IsOneComponentOfAUri) {
  EXPECT_TRUE(is_sid("dc0qt26mr7be8tnuig9g"));
  EXPECT_TRUE(is_sid("a-b_C9"));
  for (const char* bad : {"", "a.b", "a b", "{sid}", "*"}) EXPECT_FALSE(is_sid(bad)) << bad;
  EXPECT_FALSE(is_sid(std::string(65, 'a')));
}

}  // namespace
}  // namespace redan::wamp
