// Instances that are launched with enable_streaming wait for a stream agent.
#include "cloud/api/agent.hpp"
#include "tests/cloud/ams/ams_fixture.hpp"

namespace redan::cloud::test {
namespace {

class Streaming : public AmsFixture {
 protected:
  Streaming() {
    trust("client", trust::Role::operate);
    trust("other", trust::Role::agent);
  }

  static json::object request(const std::string& name) {
    return {{"name", name}, {"app_id", "demo"}, {"config", {{"enable_streaming", true}}}};
  }
  /// The operation.
  std::string launch_streaming(json::object body = request("game")) {
    const Answer answer = ask("client", "POST", "/1.0/instances", body);
    EXPECT_EQ(answer.status, 202U) << json::serialize(answer.body);
    return std::string(answer.metadata().at("id").as_string());
  }
  /// The name and the session of each instance that awaits an agent.
  std::map<std::string, std::string> awaiting() {
    const Answer answer = ask("other", "GET", "/internal/1.0/streams");
    std::map<std::string, std::string> all;
    for (const json::value& one : answer.metadata().as_array()) {
      all[one.at("name").as_string().c_str()] = one.at("session").as_string().c_str();
    }
    return all;
  }
  Answer take(const std::string& session, const std::string& instance = "game",
              const std::string& data = R"({"token":"t","extra_data":""})") {
    return ask("other", "PUT", "/internal/1.0/instances/" + instance + "/stream",
               {{"session", session}, {"agent", "agent-1"}, {"user_data", data}});
  }
  json::object operation(const std::string& id) {
    return ask("client", "GET", "/1.0/operations/" + id).metadata().as_object();
  }
  json::object instance(const std::string& name = "game") {
    return ask("client", "GET", "/1.0/instances/" + name).metadata().as_object();
  }
  bool becomes(const std::string& status) {
    return until([&] { return instance().at("status").as_string() == status; });
  }
  void start_again() {
    ASSERT_EQ(ask("client", "PATCH", "/1.0/instances/game", {{"desired_status", "running"}}).status, 202U);
  }
  /// Of the instance that runs.
  json::object runtime_data() {
    const json::value document = json::parse(launcher_->running.begin()->second.user_data);
    return json::parse(document.at("user_data").as_string()).as_object();
  }
};

TEST_F(Streaming, AnInstanceStartsOnceAnAgentHasItsSession) {
  json::object body = request("game");
  body["user_data"] = "mine";
  const std::string id = launch_streaming(body);
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const std::string session = awaiting().at("game");
  EXPECT_EQ(instance().at("tags"), (json::array{json::string("session=" + session)}));
  io.restart();
  io.run_for(300ms);
  EXPECT_TRUE(launcher_->running.empty());
  EXPECT_EQ(operation(id).at("status"), "Running");

  EXPECT_EQ(take(session).status, 200U);
  ASSERT_TRUE(until([&] { return !launcher_->running.empty(); }));
  EXPECT_EQ(runtime_data(), (json::object{{"token", "t"}, {"extra_data", "mine"}}));
  EXPECT_TRUE(awaiting().empty());
  EXPECT_TRUE(until([&] { return operation(id).at("status") == "Success"; }));
  EXPECT_EQ(instance().at("tags"), (json::array{json::string("session=" + session), "agent=agent-1"}));
  for (const auto& member : instance()) EXPECT_EQ(json::serialize(member.value()).find("\"t\""), std::string::npos);
}

TEST_F(Streaming, OnlyTheFirstAgentTakesAnInstance) {
  launch_streaming();
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const std::string session = awaiting().at("game");
  EXPECT_EQ(take("another").status, 409U);
  EXPECT_EQ(take(session, "game", "no JSON").status, 400U);
  EXPECT_EQ(take(session).status, 200U);
  EXPECT_EQ(take(session).status, 409U);
  EXPECT_EQ(take(session, "unknown").status, 404U);
}

TEST_F(Streaming, ALaunchFailsWithoutAnAgent) {
  agent_timeout_ = 300ms;
  restart();
  const std::string id = launch_streaming();
  ASSERT_TRUE(until([&] { return operation(id).at("status") == "Failure"; }));
  EXPECT_NE(json::serialize(operation(id).at("err")).find("no stream agent"), std::string::npos);
  EXPECT_TRUE(becomes("error"));
  EXPECT_TRUE(awaiting().empty()) << "an agent that comes too late cannot take it";
  EXPECT_TRUE(launcher_->running.empty());
}

TEST_F(Streaming, ALaunchThatWaitsSurvivesARestartOfAms) {
  const std::string id = launch_streaming();
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const std::string session = awaiting().at("game");
  restart();
  EXPECT_EQ(awaiting().at("game"), session);
  EXPECT_EQ(take(session).status, 200U);
  EXPECT_TRUE(until([&] { return operation(id).at("status") == "Success"; }));
  EXPECT_FALSE(launcher_->running.empty());
}

TEST_F(Streaming, WaitingInstancesHoldUpNoOthers) {
  for (int i = 0; i < 20; ++i) launch_streaming(request("game-" + std::to_string(i)));
  launch();
  EXPECT_EQ(launcher_->running.size(), 1U);
}

TEST_F(Streaming, AnInstanceThatIsStartedAgainGetsAnotherSession) {
  launch_streaming();
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const std::string first = awaiting().at("game");
  EXPECT_EQ(take(first).status, 200U);
  ASSERT_TRUE(becomes("started"));
  start_again();
  EXPECT_TRUE(awaiting().empty()) << "it runs";
  ASSERT_EQ(ask("client", "PATCH", "/1.0/instances/game", {{"desired_status", "stopped"}}).status, 202U);
  ASSERT_TRUE(becomes("stopped"));
  start_again();
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const std::string second = awaiting().at("game");
  EXPECT_NE(second, first);
  EXPECT_EQ(instance().at("tags"), (json::array{json::string("session=" + second)}));
  EXPECT_EQ(take(second).status, 200U);
  EXPECT_TRUE(becomes("started"));
}

TEST_F(Streaming, AnInstanceThatIsOnlyRecordedAwaitsNoAgent) {
  json::object body = request("game");
  body["no_start"] = true;
  launch_streaming(body);
  ASSERT_TRUE(until([&] { return ask("client", "GET", "/1.0/instances/game").status == 200; }));
  io.restart();
  io.run_for(200ms);
  EXPECT_TRUE(awaiting().empty());
  start_again();
  EXPECT_TRUE(until([&] { return awaiting().contains("game"); }));
}

TEST_F(Streaming, AnInstanceOfAnAgentsSessionStartsAtOnce) {
  json::object body = request("s-1");
  body["tags"] = json::array{"session=1", "agent=agent-1"};
  launch_streaming(body);
  EXPECT_TRUE(until([&] { return !launcher_->running.empty(); }));
}

TEST_F(Streaming, AnImageWithoutAnApplicationIsRefused) {
  const json::object body{{"name", "game"}, {"image_id", "redan"}, {"config", {{"enable_streaming", true}}}};
  const Answer answer = ask("client", "POST", "/1.0/instances", body);
  EXPECT_EQ(answer.status, 400U);
  EXPECT_NE(json::serialize(answer.body).find("config.enable_streaming"), std::string::npos);
}

TEST_F(Streaming, TheScreenIsThatOfTheRequest) {
  json::object body = request("game");
  body["config"].as_object()["display"] = {{"width", 640}, {"height", 0}, {"fps", 0}, {"density", 0}};
  launch_streaming(body);
  ASSERT_TRUE(until([&] { return awaiting().contains("game"); }));
  const Answer answer = ask("other", "GET", "/internal/1.0/streams");
  const auto found = api::awaiting_instance_from_json(answer.metadata().as_array().at(0));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->app, "demo");
  EXPECT_EQ(found->screen, (api::Screen{.width = 640}));
}

}  // namespace
}  // namespace redan::cloud::test
