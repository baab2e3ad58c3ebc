// Permissions at AMS, over mutual TLS: roles, what an identity may grant, an instance's token, tokens for events.
#include "tests/cloud/ams/ams_fixture.hpp"

namespace redan::cloud::test {
namespace {

using AmsAccess = AmsFixture;

TEST_F(AmsAccess, ARouteRequiresItsScope) {
  trust("client", trust::Role::view);
  EXPECT_EQ(ask("client", "GET", "/1.0/applications").status, 200U);
  EXPECT_EQ(ask("client", "POST", "/1.0/applications", {{"name", "other"}}).status, 403U);
  EXPECT_EQ(ask("client", "GET", "/1.0/certificates").status, 403U);
  EXPECT_EQ(ask("other", "GET", "/1.0/applications").status, 403U) << "a stranger";
}

TEST_F(AmsAccess, NoIdentityGrantsMoreThanItHolds) {
  trust("client", trust::Role::admin, {trust::Scope::trust_write, trust::Scope::instance_read});
  for (const char* role : {"admin", "operator", "viewer", "agent"}) {
    EXPECT_EQ(ask("client", "POST", "/1.0/certificates", certificate_of("other", role)).status, 403U) << role;
    EXPECT_EQ(ask("client", "POST", "/1.0/auth/tokens", {{"name", "other"}, {"role", role}}).status, 403U) << role;
  }
  json::object same = certificate_of("other", "admin");
  same["scopes"] = json::array{"instances:read"};
  EXPECT_EQ(ask("client", "POST", "/1.0/certificates", same).status, 202U);
}

TEST_F(AmsAccess, OnlyAnAdministratorSetsTheTrustPassword) {
  trust("client", trust::Role::admin, {trust::Scope::config_read, trust::Scope::config_write});
  const json::object password{{"config", {{"core.trust_password", "sixteen-characters-long"}}}};
  EXPECT_EQ(ask("client", "PATCH", "/1.0/config", password).status, 403U);
  const json::object rate{{"config", {{"core.max_requests_per_second", "900"}}}};
  EXPECT_EQ(ask("client", "PATCH", "/1.0/config", rate).status, 202U);
}

TEST_F(AmsAccess, AnInstancesTokenIsValidOnlyWithItsOwnCertificate) {
  const Launched instance = launch();
  trust("client", trust::Role::admin);
  const std::string path = "/internal/1.0/instances/" + instance.id;
  const json::object running{{"status", "running"}};
  EXPECT_EQ(ask(net::test::identity("client"), "PATCH", path, running, instance.token).status, 403U);
  EXPECT_EQ(ask(net::test::identity("other"), "PATCH", path, running, instance.token).status, 403U);
  EXPECT_EQ(ask(instance.identity, "PATCH", path, running, instance.token).status, 200U);
}

TEST_F(AmsAccess, ATokenForEventsIsValidOnce) {
  trust("client", trust::Role::view);
  const Answer made = ask("client", "POST", "/1.0/events/auth");
  ASSERT_EQ(made.status, 200U);
  const std::string token(made.metadata().at("token").as_string());
  const auto listen = [&] {
    net::WebSocketClientConfig config{.server = remote(nullptr), .target = "/1.0/events?token=" + token};
    return run(net::open_websocket(std::move(config)));
  };
  const auto first = listen();
  ASSERT_TRUE(first);
  const auto second = listen();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, 403U);
}

// The list of all instances must fit into the largest body that a client accepts.
TEST(InstanceRequest, HasAtMost16KiBInEachOfItsObjects) {
  const std::string large(16 * 1024, 'x');
  const auto parse = [](const boost::json::value& config, const boost::json::value& resources,
                        const boost::json::value& services) {
    const boost::json::object body{
        {"app_id", "demo"}, {"config", config}, {"resources", resources}, {"services", services}};
    return ams::InstanceRequest::parse(body).has_value();
  };
  const boost::json::object empty, full{{"a", large}};
  EXPECT_TRUE(parse(empty, empty, boost::json::array()));
  EXPECT_FALSE(parse(full, empty, boost::json::array()));
  EXPECT_FALSE(parse(empty, full, boost::json::array()));
  EXPECT_FALSE(parse(empty, empty, boost::json::array{large}));
}

}  // namespace
}  // namespace redan::cloud::test
