// A session from its creation to its end, through gateway, NATS, agent, AMS and runtime.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cloud/gateway/relay.hpp"
#include "cloud/gateway/routes.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/streaming/units.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Sessions : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!nats_program().empty()) cloud_ = std::make_unique<Cloud>();
  }
  static void TearDownTestSuite() { cloud_.reset(); }
  void SetUp() override {
    if (!cloud_) GTEST_SKIP() << "nats-server is not installed";
  }

  static std::string status_of(GatewayClient& client, const std::string& id) {
    const Answer answer = client.ask("GET", "/1.0/sessions/" + id);
    return answer.status == 200 ? std::string(answer.metadata().at("status").as_string()) : answer.code;
  }

  static std::string make(GatewayClient& client) {
    const Answer made = client.ask("POST", "/1.0/sessions", R"({"app":"pong","joinable":true})");
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return std::string(made.metadata().at("id").as_string());
  }
  static std::string account(const json::object& wanted) {
    Client admin(cloud_->gateway->local());
    const Answer made = admin.post("/internal/1.0/accounts", json::serialize(wanted));
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return std::string(made.metadata().at("token").as_string());
  }
  static void delete_account(const std::string& name) {
    Client admin(cloud_->gateway->local());
    EXPECT_EQ(admin.erase("/internal/1.0/accounts/" + name).status, 200U);
  }

  static inline std::unique_ptr<Cloud> cloud_;
};

TEST_F(Sessions, AClientGetsASessionWhoseRuntimeAnswersDiscover) {
  GatewayClient client(*cloud_->gateway, cloud_->account("first"));
  const Answer made = client.ask("POST", "/1.0/sessions/", R"({"app":"pong","joinable":true})");
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  const std::string id(made.metadata().at("id").as_string());
  const std::string url(made.metadata().at("url").as_string());
  net::WebSocketClientConfig config;
  config.server = cloud_->gateway->remote();
  config.target = url.substr(url.find("/1.0"));
  std::vector<std::string> heard;
  boost::asio::io_context& io = client.io();
  auto socket = wait_for(io, net::open_websocket(config));
  ASSERT_TRUE(socket.has_value()) << socket.error().status;
  (*socket)->on_message = [&](std::string_view text) { heard.emplace_back(text); };
  (*socket)->send(R"({"type":"discover"})");
  EXPECT_TRUE(run_until(
      io, [&] { return !heard.empty(); }, 15s))
      << cloud_->agent->log() << cloud_->gateway->log();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(json::parse(heard[0]).at("type"), "resp:discover") << heard[0];
  (*socket)->close();
  EXPECT_TRUE(eventually([&] { return status_of(client, id) == "active"; })) << status_of(client, id);
  const Answer deleted = client.ask("DELETE", "/1.0/sessions/" + id, R"({"sync":true})");
  EXPECT_EQ(deleted.status, 200U) << deleted.raw.body << name(deleted.failure) << cloud_->gateway->log();
  EXPECT_EQ(status_of(client, id), "terminated");
  EXPECT_TRUE(eventually([&] {
    Client admin(cloud_->ams->local());
    return admin.get("/1.0/instances").metadata().as_array().empty();
  }));
  run_for(io, 50ms);
}

// Tenants.

/// A route's path and body for this session and share.
std::pair<std::string, std::string> request_for(const gateway::Route& route, const std::string& session,
                                                const std::string& share) {
  std::string path(route.pattern);
  if (const std::size_t open = path.find('{'); open != std::string::npos) {
    const bool of_share = path.find("/shares/") != std::string::npos;
    path.replace(open, path.find('}') - open + 1, of_share ? share : session);
  }
  if (route.label == "create_new_session") return {path, R"({"app":"pong"})"};
  if (route.label == "share_session") return {path, R"({"type":"view"})"};
  if (route.label == "delete_sessions") return {path, R"({"ids":[")" + session + R"("]})"};
  if (route.label == "update_config") return {path, R"({"config":{}})"};
  if (route.label == "create_account") return {path, R"({"name":"evil"})"};
  return {path, {}};
}

/// Whether a route is open to this kind of caller; lists show each caller its own sessions.
bool is_open_to(const gateway::Route& route, std::string_view caller) {
  if (route.label == "get_service_status") return true;
  if (route.access != gateway::Access::token) return false;
  const bool list = route.label == "get_sessions" || route.label == "get_shares";
  const bool common = route.label == "get_applications" || route.label == "get_regions" || route.label == "get_config";
  if (caller == "administrator") return true;
  return caller == "other tenant" && (list || common || route.label == "create_new_session");
}

TEST_F(Sessions, NoRouteGivesACallerAccessToAnothersSession) {
  GatewayClient owner(*cloud_->gateway, cloud_->account("owner"));
  const std::string session = make(owner);
  const auto shared = owner.ask("POST", "/1.0/sessions/" + session + "/share", R"({"type":"view"})");
  const std::string share(shared.metadata().at("id").as_string());
  auto narrow = token::Macaroon::parse(cloud_->account("narrow")).value();
  ASSERT_TRUE(narrow.add_first_party(*default_provider(), "session=" + session).has_value());
  const std::string revoked = cloud_->account("revoked");
  delete_account("revoked");
  const std::string expired = account({{"name", "expired"}, {"expires_in", 1}});
  GatewayClient late(*cloud_->gateway, expired);
  ASSERT_TRUE(eventually([&] { return late.ask("GET", "/1.0/sessions").status == 401; }));
  // The administrator comes last, because it deletes what the others are refused.
  const std::pair<std::string, std::string> callers[] = {
      {"no token", ""},
      {"other tenant", cloud_->account("other")},
      {"expired", expired},
      {"revoked", revoked},
      {"narrowed", narrow.text()},
      {"administrator", account({{"name", "boss"}, {"allow", {"admin"}}})}};
  for (const auto& [what, token] : callers) {
    GatewayClient with_token(*cloud_->gateway, token);
    Client without(cloud_->gateway->remote());
    for (const gateway::Route& route : gateway::gateway_routes()) {
      if (what == "administrator" && route.method == "DELETE") continue;
      const auto [path, body] = request_for(route, session, share);
      const Answer answer = token.empty() ? without.call(std::string(route.method), path, body)
                                          : with_token.ask(std::string(route.method), path, body);
      std::printf("%-14s %-6s %-32s %u\n", what.c_str(), std::string(route.method).c_str(),
                  std::string(route.pattern).c_str(), answer.status);
      // The restricted token's account has no such session, so a list is empty.
      const bool empty_list = what == "narrowed" && (route.label == "get_sessions" || route.label == "get_shares");
      EXPECT_EQ(answer.status / 100 == 2, empty_list || is_open_to(route, what)) << what << " " << path;
    }
  }
  EXPECT_NE(status_of(owner, session), "terminated");
  EXPECT_EQ(owner.ask("DELETE", "/1.0/sessions/" + session).status, 200U);
}

TEST_F(Sessions, ADeletedAccountsSocketIsClosedWithinASecond) {
  GatewayClient client(*cloud_->gateway, cloud_->account("leaving"));
  const Answer made = client.ask("POST", "/1.0/sessions", R"({"app":"pong"})");
  const std::string url(made.metadata().at("url").as_string());
  net::WebSocketClientConfig config;
  config.server = cloud_->gateway->remote();
  config.target = url.substr(url.find("/1.0"));
  boost::asio::io_context& io = client.io();
  auto socket = wait_for(io, net::open_websocket(config));
  ASSERT_TRUE(socket.has_value());
  bool closed = false;
  (*socket)->on_close = [&] { closed = true; };
  delete_account("leaving");
  EXPECT_TRUE(run_until(
      io, [&] { return closed; }, 1s));
  auto again = wait_for(io, net::open_websocket(config));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().status, 401U);
}

}  // namespace
}  // namespace redan::cloud::test
