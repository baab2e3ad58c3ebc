// An agent's behaviour towards gateways and runtimes.
#include "tests/cloud/agent/agent_fixture.hpp"

namespace redan::cloud::test {
namespace {

TEST_F(AgentTest, AnnouncesWhatItCanHost) {
  EXPECT_EQ(announcement_->agent, "agent-1");
  EXPECT_EQ(announcement_->region, "eu-1");
  EXPECT_EQ(announcement_->applications, (std::vector<std::string>{"demo"}));
  EXPECT_EQ(announcement_->capacity, 2);
  announcement_.reset();
  ASSERT_TRUE(bus_->publish(api::subject::kHello, "{}"));
  EXPECT_TRUE(until([&] { return announcement_.has_value(); }));
}

// Together the manifests are longer than the largest answer.
TEST_F(AgentTest, LearnsApplicationsWithManifestsOfAnySize) {
  for (int i = 0; i < 14; ++i) {
    const std::string name = "heavy-" + std::to_string(i);
    json::object manifest{{"name", name}, {"image", "redan"}, {"padding", std::string(700'000, 'x')}};
    ASSERT_TRUE(run(ams_->add_application(manifest))) << name;
  }
  json::object hidden{{"name", "hidden"}, {"image", "redan"}};
  ASSERT_TRUE(run(ams_->add_application(hidden)));
  ASSERT_TRUE(run(ams_->publish_version("hidden", 0, false)));
  const auto names = run(ams_client_->applications());
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->size(), 15U);
  EXPECT_EQ(std::count(names->begin(), names->end(), "hidden"), 0);
  EXPECT_EQ(run(ams_client_->applications()), *names) << "unchanged: 304";
  ASSERT_TRUE(run(ams_->publish_version("hidden", 0, true)));
  EXPECT_TRUE(until([&] { return run(ams_client_->applications())->size() == 16; }));
}

TEST_F(AgentTest, CreatesAnInstanceForASessionAndCredentialsForItsClient) {
  const auto created = create(spec());
  ASSERT_TRUE(created);
  EXPECT_EQ(created->instance, "s-s1");
  ASSERT_EQ(created->ice_servers.size(), 1U);
  EXPECT_TRUE(created->ice_servers[0].username.ends_with(":s1-c1"));
  EXPECT_FALSE(created->ice_servers[0].password.empty());
  const auto instance = run(ams_->instance("s-s1"));
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->value.tags, (std::vector<std::string>{"session=s1", "agent=agent-1"}));
  ASSERT_EQ(attach_runtime(), 101U);
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(reported(api::SessionStatus::active));
}

TEST_F(AgentTest, HostsAnApplicationWithDotsInItsName) {
  json::object manifest{{"name", "com.example.demo"}, {"image", "redan"}};
  ASSERT_TRUE(run(ams_->add_application(manifest)));
  ASSERT_TRUE(run(ams_->publish_version("com.example.demo", 0, true)));
  ASSERT_TRUE(until([&] { return announcement_->applications.size() == 2; }));
  api::SessionSpec wanted = spec();
  wanted.app = "com.example.demo";
  ASSERT_TRUE(create(wanted));
  EXPECT_EQ(attach_runtime(), 101U);
}

TEST_F(AgentTest, CreatesOneInstanceForARepeatedRequest) {
  ASSERT_TRUE(create(spec()));
  ASSERT_TRUE(create(spec()));
  EXPECT_TRUE(until([&] { return launcher_.running.size() == 1; }));
}

TEST_F(AgentTest, RefusesSessionsThatItCannotHost) {
  api::SessionSpec unknown = spec();
  unknown.app = "no-such-app";
  EXPECT_EQ(create(unknown).error().status, 404U);
  ASSERT_TRUE(create(spec("s1")));
  ASSERT_TRUE(create(spec("s2")));
  EXPECT_EQ(create(spec("s3")).error().code, "agent_busy");
  agent_->drain();
  EXPECT_EQ(create(spec("s4")).error().code, "agent_busy");
}

TEST_F(AgentTest, LeavesAnInstanceThatAnotherPartyCreatedForTheSession) {
  const json::object body{{"name", "s-s1"}, {"app_id", "demo"}};
  ASSERT_TRUE(run(ams_->launch(*ams::InstanceRequest::parse(body))));
  ASSERT_TRUE(until([&] { return runs("s-s1"); }));
  EXPECT_EQ(create(spec()).error().status, 409U);
  EXPECT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  io.restart();
  io.run_for(300ms);
  EXPECT_TRUE(runs("s-s1"));
}

TEST_F(AgentTest, AdmitsARuntimeWithItsOwnTokenOnly) {
  ASSERT_TRUE(create(spec("s1")));
  ASSERT_TRUE(create(spec("s2")));
  ASSERT_TRUE(until([&] { return runs("s-s1") && runs("s-s2"); }));
  const std::string token(user_data("s-s1").at("token").as_string());
  EXPECT_EQ(attach("s1", "s-s1", ""), 401U);
  EXPECT_EQ(attach("s1", "s-s1", "rubbish"), 401U);
  EXPECT_EQ(attach("s2", "s-s2", token), 403U);
  EXPECT_EQ(attach("s1", "s-s2", token), 403U);
  EXPECT_EQ(attach("s2", "s-s1", token), 403U);
  std::string altered = token;
  altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(attach("s1", "s-s1", altered), 401U);
  EXPECT_EQ(attach("s1", "s-s1", token, true), 101U);
  EXPECT_EQ(attach("s1", "s-s1", token), 101U);
}

TEST_F(AgentTest, RefusesATokenWithoutAnInstance) {
  Secret<64> root;
  std::fill_n(root.fill(64).begin(), 64, 7);
  auto key = *token::MacaroonKey::prepare(*provider_, root);
  auto macaroon = *token::Macaroon::mint(key, agent::kAgentLocation, "s1");
  ASSERT_TRUE(macaroon.add_first_party(*provider_, "2100-01-01T00:00:00Z"));
  EXPECT_EQ(attach("s1", "s-s1", macaroon.text()), 403U);
}

TEST_F(AgentTest, LeavesASessionToItsOwnInstance) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  const std::shared_ptr<net::WebSocket> own = runtime_;
  const auto own_closed = std::make_shared<bool>(false);  // the socket closes after the test, too
  own->on_close = [own_closed] { *own_closed = true; };
  // Another instance with a valid token, which was to serve the session before.
  const json::object body{{"name", "s-other"}, {"app_id", "demo"}};
  ASSERT_TRUE(run(ams_->launch(*ams::InstanceRequest::parse(body))));
  ASSERT_TRUE(until([&] { return runs("s-other"); }));
  Secret<64> root;
  std::fill_n(root.fill(64).begin(), 64, 7);
  auto key = *token::MacaroonKey::prepare(*provider_, root);
  auto macaroon = *token::Macaroon::mint(key, agent::kAgentLocation, "s1");
  for (const char* caveat : {"instance=s-other", "op=signal", "2100-01-01T00:00:00Z"}) {
    ASSERT_TRUE(macaroon.add_first_party(*provider_, caveat));
  }
  EXPECT_EQ(attach("s1", "s-other", macaroon.text()), 101U);
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_FALSE(*own_closed);
  EXPECT_EQ(agent_->attached(), 1U);
}

TEST_F(AgentTest, ForwardsFramesWithoutInspectingThem) {
  ASSERT_TRUE(create(spec()));
  std::vector<std::string> up;
  bool ready = false;
  const auto listening = *bus_->subscribe(api::subject::session("s1", "up"),
                                          [&](const bus::BusMessage& message) { up.emplace_back(message.payload); });
  const auto hearing =
      *bus_->subscribe(api::subject::session("s1", "ready"), [&](const bus::BusMessage&) { ready = true; });
  ASSERT_EQ(attach_runtime(), 101U);
  EXPECT_TRUE(until([&] { return ready; }));
  ASSERT_TRUE(bus_->publish(api::subject::session("s1", "down"), "to the runtime"));
  EXPECT_TRUE(until([&] { return frames_.size() == 1; }));
  EXPECT_EQ(frames_.front(), "to the runtime");
  runtime_->send_binary("to the gateway");
  EXPECT_TRUE(until([&] { return up.size() == 1; }));
  EXPECT_EQ(up.front(), "to the gateway");
}

TEST_F(AgentTest, PublishesTheMetricsOfItsStreams) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  api::RuntimeReport report{api::SessionStatus::active, "", 1, {{"packets_sent", 7}, {"made_up", 8}}};
  runtime_->send(api::message_text(report));
  const auto page = [&] {
    std::string out;
    api::write_stream_figures(out, agent_->stream_figures());
    return out;
  };
  EXPECT_TRUE(until([&] { return !page().empty(); }));
  EXPECT_EQ(page(), "# TYPE webrtc_packets_sent counter\nwebrtc_packets_sent{session=\"s1\"} 7\n");
}

TEST_F(AgentTest, EndsASessionWithItsInstance) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  api::Command remove{api::Command::Kind::remove, 1, "", false, "deleted by a client"};
  ASSERT_TRUE(command(remove));
  EXPECT_TRUE(until([&] { return !commands_.empty(); }));
  EXPECT_EQ(api::parse<api::Terminate>(commands_.back())->reason, "deleted by a client");
  runtime_->close();
  EXPECT_TRUE(reported(api::SessionStatus::terminated));
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
  EXPECT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  EXPECT_EQ(command(remove).error().code, "bus_no_responders");
}

TEST_F(AgentTest, EndsAnIdleSession) {
  begin_session_that_may_idle();
  io.restart();
  io.run_for(1500ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(reported(api::SessionStatus::terminated));
  EXPECT_EQ(reports_.back().message, "idle");
}

TEST_F(AgentTest, ReportsAnInstanceThatNeverConnects) {
  ASSERT_TRUE(create(spec()));
  EXPECT_TRUE(reported(api::SessionStatus::error));
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
}

TEST_F(AgentTest, ReportsAnInstanceThatEnds) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  say(api::SessionStatus::active, 0);
  ASSERT_TRUE(reported(api::SessionStatus::active));
  const std::string id = launcher_.running.begin()->first;
  launcher_.running.clear();
  runtime_->close();
  launcher_.on_exit(id, "it was killed by signal 9");
  EXPECT_TRUE(reported(api::SessionStatus::error));
  EXPECT_NE(reports_.back().message.find("signal 9"), std::string::npos);
}

TEST_F(AgentTest, RefusesAStaleGateway) {
  ASSERT_TRUE(create(spec()));
  api::Command stale{api::Command::Kind::remove, 0, "", false, "old"};
  EXPECT_EQ(command(stale).error().code, "session_fenced");
  EXPECT_TRUE(runs("s-s1") || until([&] { return runs("s-s1"); }));
}

TEST_F(AgentTest, ForwardsOneReportASecondAndNoLongOnes) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  say(api::SessionStatus::active, 0);
  ASSERT_TRUE(reported(api::SessionStatus::active));
  const std::size_t before = reports_.size();
  for (int i = 1; i <= 48; ++i) {
    runtime_->send(api::message_text(api::RuntimeReport{
        api::SessionStatus::active, std::string(10'000, static_cast<char>('a' + i % 26)), i % 3, {{"made_up", i}}}));
  }
  say(api::SessionStatus::active, 7);
  EXPECT_TRUE(until([&] { return reports_.back().clients == 7; })) << "the newest state arrives";
  EXPECT_LE(reports_.size() - before, 2U);
  for (const api::StateReport& report : reports_) EXPECT_LE(report.message.size(), api::kMaxStatusMessage);
}

TEST_F(AgentTest, ReleasesASessionThatAnotherAgentHasClaimed) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  api::Command newer{api::Command::Kind::join, 2, "c2", false, ""};
  EXPECT_EQ(command(newer).error().code, "session_fenced");
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_TRUE(runs("s-s1"));
}

// It was cut off: its runtime has connected to another agent, whose claim raised the fencing token.
TEST_F(AgentTest, LeavesTheInstanceOfASessionThatAnotherAgentClaimed) {
  begin_session_that_may_idle();
  fence_ = 2;
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  EXPECT_TRUE(commands_.empty()) << "the runtime was told to end";
  EXPECT_TRUE(runs("s-s1"));
}

TEST_F(AgentTest, EndsNoInstanceBeforeAGatewayHasAcceptedTheReport) {
  begin_session_that_may_idle();
  subscriptions_.clear();
  say(api::SessionStatus::active, 0);
  io.restart();
  io.run_for(3s);
  EXPECT_TRUE(runs("s-s1"));
  EXPECT_TRUE(commands_.empty()) << "the runtime was told to end";
  play_gateway();
  EXPECT_TRUE(reported(api::SessionStatus::terminated));
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
}

TEST_F(AgentTest, IgnoresTheTimeInWhichItDidNotRun) {
  ASSERT_TRUE(create(spec()));
  EXPECT_TRUE(until([&] { return runs("s-s1"); }));
  std::this_thread::sleep_for(3s);  // longer than the time limit for an instance to connect
  io.restart();
  io.run_for(500ms);
  EXPECT_TRUE(reports_.empty());
  ASSERT_EQ(attach_runtime(), 101U);
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(reported(api::SessionStatus::active));
}

TEST_F(AgentTest, FindsItsSessionsAgainAfterARestart) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  stop_agent();
  EXPECT_TRUE(until([&] { return closed_; }));
  announcement_.reset();
  start_agent();
  ASSERT_EQ(attach("s1", "s-s1", token_), 101U);
  EXPECT_TRUE(until([&] { return !claims_.empty(); }));
  EXPECT_TRUE(claims_.back().attached);
  say(api::SessionStatus::active, 1);
  ASSERT_TRUE(reported(api::SessionStatus::active));
  EXPECT_EQ(reports_.back().fence, 2);
  api::Command join{api::Command::Kind::join, 2, "s1-c2", false, ""};
  const auto joined = command(join);
  ASSERT_TRUE(joined);
  EXPECT_TRUE(joined->ice_servers.at(0).username.ends_with(":s1-c2"));
}

TEST_F(AgentTest, ReportsARuntimeThatFailsBeforeItsSessionIsClaimed) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  stop_agent();
  subscriptions_.clear();
  start_agent_alone();
  ASSERT_EQ(attach("s1", "s-s1", token_), 101U);
  say(api::SessionStatus::error, 0);
  io.restart();
  io.run_for(500ms);
  EXPECT_TRUE(reports_.empty());
  play_gateway();
  EXPECT_TRUE(reported(api::SessionStatus::error));
  EXPECT_EQ(reports_.back().fence, 2);
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
}

TEST_F(AgentTest, EndsAnInstanceWhoseSessionNoGatewayKnows) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  stop_agent();
  announcement_.reset();
  claimable_ = false;
  start_agent();
  ASSERT_EQ(attach("s1", "s-s1", token_), 101U);
  EXPECT_TRUE(until([&] { return launcher_.running.empty(); }));
}

}  // namespace
}  // namespace redan::cloud::test
