// Tokens and sessions with running programs: admission, the end of a session, metrics, and the absence of an agent.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <thread>

#include "tests/cloud/store/contract.hpp"
#include "tests/streaming/units.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Lifecycle : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!nats_program().empty()) cloud_ = std::make_unique<Cloud>();
  }
  static void TearDownTestSuite() { cloud_.reset(); }
  void SetUp() override {
    if (!cloud_) GTEST_SKIP() << "nats-server is not installed";
  }

  static json::value make(GatewayClient& client, const std::string& body) {
    const Answer made = client.ask("POST", "/1.0/sessions", body);
    EXPECT_EQ(made.status, 201U) << made.raw.body;
    return made.status == 201 ? made.metadata() : json::value(json::object{{"id", ""}, {"url", ""}});
  }
  static std::string id_of(const json::value& session) { return std::string(session.at("id").as_string()); }
  static std::string status_of(GatewayClient& client, const std::string& id) {
    const Answer answer = client.ask("GET", "/1.0/sessions/" + id);
    return answer.status == 200 ? std::string(answer.metadata().at("status").as_string()) : answer.code;
  }
  static bool becomes(GatewayClient& client, const std::string& id, const std::string& status,
                      std::chrono::milliseconds timeout = 15s) {
    return eventually([&] { return status_of(client, id) == status; }, timeout);
  }
  static std::string token_in(const json::value& session) {
    const std::string url(session.at("url").as_string());
    return url.substr(url.find("token=") + 6);
  }
  /// The token that AMS gave to the instance of a session.
  static std::string instance_token(const std::string& session) {
    for (const auto& entry : std::filesystem::directory_iterator(cloud_->ams->folder() / "instances")) {
      const json::value document = json::parse(read_file(entry.path() / "user-data.json"));
      if (document.at("instance").at("name").as_string() != "s-" + session) continue;
      return std::string(json::parse(document.at("user_data").as_string()).at("token").as_string());
    }
    return {};
  }
  /// The value of a sample of the gateway's metrics; -1 if absent.
  static double figure(const std::string& sample) {
    Client admin(cloud_->gateway->local());
    const std::string page = "\n" + admin.get("/metrics").raw.body;
    const std::size_t at = page.find("\n" + sample + " ");
    return at == std::string::npos ? -1 : std::stod(page.substr(at + sample.size() + 2));
  }

  static inline std::unique_ptr<Cloud> cloud_;
};

TEST_F(Lifecycle, ATokenIsValidForItsAccountAndPurposeOnly) {
  const std::string token = cloud_->account("short-lived");
  GatewayClient client(*cloud_->gateway, token);
  const json::value first = make(client, R"({"app":"pong"})"), second = make(client, R"({"app":"pong"})");
  Client bare(cloud_->gateway->remote());
  EXPECT_EQ(bare.get("/1.0/sessions").status, 401U);
  EXPECT_EQ(bare.get("/1.0/sessions?api_token=" + token).status, 200U);
  EXPECT_EQ(bare.get("/1.0/sessions?api_token=" + token_in(first)).status, 401U) << "a socket's token";
  ASSERT_TRUE(eventually([&] { return !instance_token(id_of(first)).empty(); }));
  const std::string instances = instance_token(id_of(first));
  EXPECT_EQ(bare.get("/1.0/sessions?api_token=" + instances).status, 401U) << "an instance's token";
  Client agent(cloud_->agent->remote());
  const auto ice = [&](const std::string& session, const std::string& with) {
    return agent.get("/1.0/sessions/" + session + "/ice-servers?instance=s-" + session + "&token=" + with).status;
  };
  EXPECT_EQ(ice(id_of(first), instances), 200U);
  EXPECT_EQ(ice(id_of(second), instances), 403U) << "of another session";
  EXPECT_EQ(ice(id_of(first), token), 401U) << "an account's token";
  EXPECT_EQ(ice(id_of(first), ""), 401U);
  for (const json::value& session : {first, second}) {
    EXPECT_EQ(client.ask("DELETE", "/1.0/sessions/" + id_of(session), R"({"sync":true})").status, 200U);
  }
  Client admin(cloud_->gateway->local());
  EXPECT_EQ(admin.erase("/internal/1.0/accounts/short-lived").status, 200U);
  EXPECT_EQ(client.ask("GET", "/1.0/sessions").status, 401U) << "of an account that is gone";
}

TEST_F(Lifecycle, ASessionCanBeJoinedOnlyIfItIsJoinable) {
  GatewayClient client(*cloud_->gateway, cloud_->account("joining"));
  const std::string closed = id_of(make(client, R"({"app":"pong"})"));
  const std::string open = id_of(make(client, R"({"app":"pong","joinable":true,"idle_time_min":5})"));
  ASSERT_TRUE(becomes(client, open, "active"));
  EXPECT_EQ(client.ask("POST", "/1.0/sessions/" + closed + "/join").status, 400U);
  EXPECT_EQ(client.ask("POST", "/1.0/sessions/" + open + "/join").status, 200U);
  EXPECT_EQ(client.ask("POST", "/1.0/sessions/" + open + "/join", R"({"screen":{"width":641,"height":361}})").status,
            200U)
      << "odd sizes are rounded";
  EXPECT_EQ(client.ask("POST", "/1.0/sessions/no-such-session/join").status, 404U);
  for (const std::string& id : {closed, open}) {
    EXPECT_EQ(client.ask("DELETE", "/1.0/sessions/" + id, R"({"sync":true})").status, 200U);
  }
  EXPECT_EQ(status_of(client, open), "terminated");
  EXPECT_EQ(client.ask("POST", "/1.0/sessions/" + open + "/join").status, 400U);
}

TEST_F(Lifecycle, ASessionEndsWhenIdleButNotWhenASocketCloses) {
  GatewayClient client(*cloud_->gateway, cloud_->account("idling"));
  const json::value session = make(client, R"({"app":"pong","joinable":true,"idle_time_min":1})");
  const std::string url(session.at("url").as_string());
  net::WebSocketClientConfig config;
  config.server = cloud_->gateway->remote();
  config.target = url.substr(url.find("/1.0"));
  boost::asio::io_context& io = client.io();
  auto socket = wait_for(io, net::open_websocket(config));
  ASSERT_TRUE(socket);
  (*socket)->send(R"({"type":"discover"})");
  run_for(io, 500ms);
  (*socket)->close();
  run_for(io, 500ms);
  EXPECT_TRUE(becomes(client, id_of(session), "active"));
  std::this_thread::sleep_for(30s);
  EXPECT_EQ(status_of(client, id_of(session)), "active");
  EXPECT_TRUE(becomes(client, id_of(session), "terminated", 60s));
  EXPECT_NE(client.ask("GET", "/1.0/sessions/" + id_of(session)).raw.body.find("idle"), std::string::npos);
}

TEST_F(Lifecycle, MetricsMatchTheEvents) {
  GatewayClient client(*cloud_->gateway, cloud_->account("counting"));
  const std::string created = R"(anbox_stream_gateway_http_requests_total{handler="create_new_session",code="201"})";
  const std::string missing = R"(anbox_stream_gateway_http_requests_total{handler="get_session",code="404"})";
  const double created_before = std::max(0.0, figure(created)), missing_before = std::max(0.0, figure(missing));
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(id_of(make(client, R"({"app":"pong"})")));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.ask("GET", "/1.0/sessions/none").status, 404U);
  for (const std::string& id : ids) EXPECT_TRUE(becomes(client, id, "active"));
  EXPECT_EQ(figure(created), created_before + 3);
  EXPECT_EQ(figure(missing), missing_before + 2);
  EXPECT_EQ(figure(R"(anbox_stream_gateway_sessions_total{status="active"})"), 3);
  EXPECT_EQ(figure("anbox_stream_gateway_agents_total"), 1);
  for (const std::string& id : ids) {
    EXPECT_EQ(client.ask("DELETE", "/1.0/sessions/" + id, R"({"sync":true})").status, 200U);
  }
  EXPECT_TRUE(eventually([] { return figure(R"(anbox_stream_gateway_sessions_total{status="active"})") <= 0; }));
}

TEST_F(Lifecycle, AMissingAgentIsReportedAndItsSessionReturnsWithIt) {
  GatewayClient client(*cloud_->gateway, cloud_->account("waiting"));
  const std::string id = id_of(make(client, R"({"app":"pong","joinable":true,"idle_time_min":5})"));
  ASSERT_TRUE(becomes(client, id, "active"));
  EXPECT_EQ(figure("anbox_stream_gateway_agents_unresponsive"), 0);
  cloud_->agent->kill();
  EXPECT_TRUE(eventually([] { return figure("anbox_stream_gateway_agents_unresponsive") == 1; }, 25s));
  cloud_->agent->start();
  EXPECT_TRUE(eventually([] { return figure("anbox_stream_gateway_agents_unresponsive") == 0; }, 15s));
  EXPECT_TRUE(eventually([&] { return client.ask("POST", "/1.0/sessions/" + id + "/join").status == 200; }, 20s));
  Client admin(cloud_->ams->local());
  EXPECT_EQ(admin.get("/1.0/instances").metadata().as_array().size(), 1U) << "no second one";
  EXPECT_EQ(client.ask("DELETE", "/1.0/sessions/" + id, R"({"sync":true})").status, 200U);
}

}  // namespace
}  // namespace redan::cloud::test
