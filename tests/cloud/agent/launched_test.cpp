// An agent makes a session of an instance that was launched through AMS with enable_streaming.
#include "tests/cloud/agent/agent_fixture.hpp"

namespace redan::cloud::test {
namespace {

class LaunchedInstances : public AgentTest {
 protected:
  void launch(const std::string& name = "game") {
    const json::object body{{"name", name}, {"app_id", "demo"}, {"config", {{"enable_streaming", true}}}};
    ASSERT_TRUE(run(ams_->launch(*ams::InstanceRequest::parse(body))));
  }
  [[nodiscard]] std::optional<api::Claim> claim() const {
    const auto found =
        std::find_if(claims_.begin(), claims_.end(), [](const api::Claim& one) { return one.launched.has_value(); });
    if (found == claims_.end()) return std::nullopt;
    return *found;
  }
  /// The session of "game", whose runtime has connected.
  std::string begin() {
    launch();
    EXPECT_TRUE(until([&] { return runs("game"); }));
    const json::object data = user_data("game");
    const std::string session(data.at("session").as_string());
    EXPECT_EQ(attach(session, "game", std::string(data.at("token").as_string())), 101U);
    runtime_->on_message = [this](std::string_view text) {
      if (api::parse<api::Terminate>(text)) runtime_->close();
    };
    say(api::SessionStatus::active, 0, api::User::awaited);
    EXPECT_TRUE(reported(api::SessionStatus::active));
    return session;
  }
  api::InstanceStatus status() { return run(ams_->instance("game"))->value.status; }
};

TEST_F(LaunchedInstances, GetASessionAtTheGateways) {
  const std::string session = begin();
  ASSERT_TRUE(claim());
  EXPECT_EQ(claim()->session, session);
  EXPECT_EQ(claim()->instance, "game");
  EXPECT_FALSE(claim()->attached);
  EXPECT_EQ(*claim()->launched, (api::Launched{"demo", 0, "eu-1", "local", {}}));
  EXPECT_EQ(reports_.back().session, session);
}

TEST_F(LaunchedInstances, AreFoundByAnAgentThatStartsLater) {
  stop_agent();
  launch();
  run_for(300ms);
  EXPECT_FALSE(runs("game"));
  start_agent();
  EXPECT_TRUE(until([&] { return runs("game"); }));
}

TEST_F(LaunchedInstances, AreLeftToOthersByAnAgentWithoutRoom) {
  capacity_ = 1;
  stop_agent();
  start_agent();
  ASSERT_TRUE(create(spec()));
  launch();
  run_for(500ms);
  EXPECT_FALSE(claim());
  EXPECT_FALSE(runs("game"));
}

TEST_F(LaunchedInstances, AreLeftToOthersByAnAgentThatTheGatewaysRefuse) {
  claimable_ = false;
  launch();
  ASSERT_TRUE(until([&] { return claim().has_value(); }));
  run_for(300ms);
  EXPECT_FALSE(runs("game"));
  EXPECT_TRUE(agent_->sessions_by_status().empty());
}

TEST_F(LaunchedInstances, AreStoppedAndKeptWhenTheSessionIsDeleted) {
  const std::string session = begin();
  api::Command removal{api::Command::Kind::remove, fence_, {}, false, "deleted"};
  ASSERT_TRUE(command(removal, session));
  EXPECT_TRUE(reported(api::SessionStatus::terminated));
  EXPECT_FALSE(runs("game"));
  EXPECT_EQ(status(), api::InstanceStatus::stopped);
}

TEST_F(LaunchedInstances, EndTheirSessionWhenTheyStopAndAreKept) {
  begin();
  ASSERT_TRUE(run(ams_->change("game", api::OperationKind::stop, std::nullopt)));
  EXPECT_TRUE(reported(api::SessionStatus::error));
  ASSERT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  EXPECT_EQ(status(), api::InstanceStatus::stopped);
  // Another session begins with the next start.
  const auto before = claims_.size();
  ASSERT_TRUE(run(ams_->change("game", api::OperationKind::start, std::nullopt)));
  EXPECT_TRUE(until([&] { return runs("game"); }));
  EXPECT_EQ(claims_.size(), before + 1);
}

TEST_F(LaunchedInstances, AreServedByTheirAgentAfterItsRestart) {
  const std::string session = begin();
  const std::string token(user_data("game").at("token").as_string());
  stop_agent();
  start_agent();
  ASSERT_EQ(attach(session, "game", token), 101U);
  say(api::SessionStatus::active, 1);
  EXPECT_TRUE(until([&] { return !reports_.empty() && reports_.back().clients == 1; }));
  EXPECT_TRUE(runs("game"));
}

}  // namespace
}  // namespace redan::cloud::test
