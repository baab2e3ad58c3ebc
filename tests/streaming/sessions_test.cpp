// A session from its making to its end, through gateway, NATS, agent, AMS and runtime.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cloud/gateway/relay.hpp"
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

  static inline std::unique_ptr<Cloud> cloud_;
};

TEST_F(Sessions, AClientGetsASessionAndItsRuntimeAnswersToDiscover) {
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

}  // namespace
}  // namespace redan::cloud::test
