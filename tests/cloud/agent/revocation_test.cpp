// An instance's credentials end with the instance.
#include "net/http/client.hpp"
#include "tests/cloud/agent/agent_fixture.hpp"

namespace redan::cloud::test {
namespace {

class AgentRevocation : public AgentTest {
 protected:
  AgentRevocation() {
    EXPECT_TRUE(create(spec()));
    EXPECT_EQ(attach_runtime(), 101U);
    say(api::SessionStatus::active, 1);
    EXPECT_TRUE(reported(api::SessionStatus::active));
  }
  void change(api::OperationKind kind) {
    const TimePoint begin = net::now();
    ASSERT_TRUE(run(ams_->change("s-s1", kind, std::nullopt)));
    EXPECT_TRUE(until([&] { return closed_; }));
    const double took = std::chrono::duration<double, std::milli>(net::now() - begin).count();
    std::printf("  a runtime's socket is cut %.0f ms after its instance's end\n", took);
    EXPECT_LT(took, 1'000);
  }
  /// The status of the answer.
  unsigned ask_for_ice_servers(const std::string& token) {
    net::HttpClient client(io, {.server = net::TlsRemote{"127.0.0.1", agent_server_->port(), pin_of("other")}});
    net::HttpRequest request;
    request.method = "GET";
    request.path = "/1.0/sessions/s1/ice-servers";
    request.query = "instance=s-s1";
    request.headers = {{"Authorization", "Macaroon root=" + token}};
    const auto reply = run(client.request(std::move(request)));
    return reply ? reply->status : 0;
  }
};

TEST_F(AgentRevocation, TheTokenOfARemovedInstanceAndItsSocketEndWithinASecond) {
  EXPECT_EQ(ask_for_ice_servers(token_), 200U);
  change(api::OperationKind::remove);
  EXPECT_TRUE(reported(api::SessionStatus::error));
  EXPECT_EQ(attach("s1", "s-s1", token_), 401U);
  EXPECT_EQ(ask_for_ice_servers(token_), 401U);
}

TEST_F(AgentRevocation, TheTokenOfAStoppedInstanceAndItsSocketEndWithinASecond) {
  change(api::OperationKind::stop);
  EXPECT_EQ(attach("s1", "s-s1", token_), 401U);
  EXPECT_EQ(ask_for_ice_servers(token_), 401U);
}

// An event, or a page of a list, may be wrong about it.
TEST_F(AgentRevocation, ARunningInstanceSurvivesAFalseReportOfItsEnd) {
  io.restart();
  io.run_for(2500ms);  // longer than a runtime may stay away
  const std::size_t before = reports_.size();
  ams_->on_event({"lifecycle", {{"action", "instance-stopped"}, {"name", "s-s1"}}});
  io.restart();
  io.run_for(500ms);
  EXPECT_FALSE(closed_);
  EXPECT_EQ(reports_.size(), before);
  EXPECT_EQ(agent_->attached(), 1U);
}

// Its events are sufficient; AMS also limits the agent's rate.
TEST_F(AgentRevocation, AmsIsNotQueriedAboutAnAttachedRuntime) {
  ams_server_->stop();
  EXPECT_EQ(attach("s1", "s-s1", token_), 101U);
  EXPECT_EQ(ask_for_ice_servers(token_), 200U);
}

// For example, AMS restarts and its event is lost.
TEST_F(AgentRevocation, TheEndOfAnInstanceDuringAnOutageOfAmsIsDetectedAfterwards) {
  const std::uint16_t port = ams_server_->port();
  ams_server_->stop();
  io.restart();
  io.run_for(100ms);
  ASSERT_TRUE(run(ams_->change("s-s1", api::OperationKind::remove, std::nullopt)));
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
  EXPECT_FALSE(closed_);
  ams::ServerConfig config;
  config.https = net::TlsListener{{asio::ip::make_address("127.0.0.1"), port}, credentials("server")};
  ams_server_ = std::make_unique<ams::Server>(io, *ams_, std::move(config));
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_EQ(attach("s1", "s-s1", token_), 401U);
}

TEST_F(AgentRevocation, ARuntimeReturnsOnlyToItsOwnSessionWithoutAms) {
  ams_server_->stop();
  EXPECT_EQ(attach("s1", "s-s1", token_), 101U);
  stop_agent();
  start_agent_alone();
  EXPECT_EQ(attach("s1", "s-s1", token_), 503U);
}

TEST_F(AgentRevocation, TurnCredentialsAreValidForTenMinutes) {
  const auto joined = command({api::Command::Kind::join, 1, "s1-c2", false, ""});
  ASSERT_TRUE(joined);
  const std::int64_t expires = std::stoll(joined->ice_servers.at(0).username);
  const std::int64_t now = net::wall_time().seconds_since_1970;
  EXPECT_LE(expires, now + 600);
  EXPECT_GT(expires, now + 500);
}

}  // namespace
}  // namespace redan::cloud::test
