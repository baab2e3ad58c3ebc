// An agent between a real AMS, which is asked over mutual TLS, and runtimes and gateways that the tests play.
#include "cloud/agent/server.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "base/hex.hpp"
#include "cloud/ams/server.hpp"
#include "cloud/bus/link.hpp"
#include "cloud/bus/memory.hpp"
#include "cloud/store/memory.hpp"
#include "net/clock.hpp"
#include "net/websocket_client.hpp"
#include "net/x509.hpp"
#include "tests/net/http_fixture.hpp"

namespace redan::cloud {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace json = boost::json;

/// Says that what it was asked for happened, and remembers it.
class RecordingLauncher : public Launcher {
 public:
  net::Task<LaunchResult<void>> launch(LaunchSpec spec) override {
    running[spec.id] = spec;
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<void>> stop(std::string id) override {
    running.erase(id);
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<void>> remove(std::string id) override {
    running.erase(id);
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<Existence>> find(std::string id) override {
    co_return running.contains(id) ? Existence::running : Existence::absent;
  }
  net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() override {
    std::vector<FoundInstance> all;
    for (const auto& [id, spec] : running) all.push_back({id, Existence::running});
    co_return all;
  }
  net::Task<LaunchResult<std::string>> log(std::string, std::size_t) override { co_return std::string(); }

  std::map<std::string, LaunchSpec> running;
};

class AgentTest : public net::test::HttpFixture {
 protected:
  AgentTest() {
    AmsConfig config;
    config.unit = "node-1";
    config.url = "https://127.0.0.1:1";
    ams_ = std::make_unique<Ams>(io, config, *store_, launcher_, *provider_, net::is_issued_by);
    EXPECT_TRUE(run(ams_->start()));
    AmsServerConfig ams_config;
    ams_config.https = net::TlsListener{{asio::ip::make_address("127.0.0.1"), 0}, credentials("server")};
    ams_server_ = std::make_unique<AmsServer>(io, *ams_, std::move(ams_config));
    trust("client", Role::agent);
    json::object manifest{{"name", "demo"}, {"image", "redan"}};
    EXPECT_TRUE(run(ams_->add_application(manifest)));
    EXPECT_TRUE(run(ams_->publish_version("demo", 0, true)));
    ams_client_ = std::make_unique<AmsClient>(
        io, net::TlsRemote{"127.0.0.1", ams_server_->port(), pin_of("server"), &net::test::identity("client")});
    play_gateway();
    start_agent();
  }
  ~AgentTest() override {
    runtime_.reset();
    stop_agent();
    ams_->stop();
    ams_server_->stop();
    ams_client_.reset();
    io.restart();
    io.run_for(50ms);
  }

  static std::shared_ptr<net::TlsServerCredentials> credentials(const std::string& name) {
    return *net::TlsServerCredentials::make(net::test::identity(name));
  }
  static net::TlsTrust pin_of(const std::string& name) {
    return net::PinnedSha256{net::test::identity(name).fingerprint.digest};
  }
  void trust(const std::string& name, Role role) {
    TrustedCertificate certificate;
    certificate.fingerprint = to_hex(net::test::identity(name).fingerprint.digest.bytes());
    certificate.name = name;
    certificate.role = role;
    certificate.certificate_der = net::test::identity(name).certificate_der;
    EXPECT_TRUE(run(ams_->add_certificate(certificate)));
  }

  void start_agent() {
    AgentConfig config;
    config.id = "agent-1";
    config.region = "eu-1";
    config.cluster = "local";
    config.url = "https://127.0.0.1:1";
    config.fingerprint = std::string(64, 'a');
    config.capacity = 2;
    config.turn_urls = {"turn:127.0.0.1:3478"};
    config.idle_unit = 200ms;
    config.start_patience = 2s;
    Secret<64> root, turn;
    std::fill_n(root.fill(64).begin(), 64, 7);
    std::fill_n(turn.fill(64).begin(), 64, 'x');
    agent_ = std::make_unique<Agent>(io, config, *bus_, *ams_client_, *provider_,
                                     std::move(*MacaroonKey::prepare(*provider_, root)),
                                     std::move(*TurnKey::prepare(*provider_, turn)));
    AgentServerConfig listen;
    listen.https = net::TlsListener{{asio::ip::make_address("127.0.0.1"), 0}, credentials("other")};
    agent_server_ = std::make_unique<AgentServer>(io, *agent_, std::move(listen));
    ASSERT_TRUE(agent_->start());
    EXPECT_TRUE(until([&] { return announcement_ && !announcement_->applications.empty(); }));
  }
  void stop_agent() {
    agent_->stop();
    agent_server_->stop();
    io.restart();
    io.run_for(50ms);
    agent_server_.reset();
    agent_.reset();
  }

  /// Answers claims and reports as gateways do.
  void play_gateway() {
    const auto listen = [this](std::string_view subject, std::function<std::string(std::string_view)> answer) {
      auto made = bus_->subscribe(std::string(subject), [this, answer](const BusMessage& message) {
        const std::string text = answer(message.payload);
        if (!message.reply_to.empty()) (void)bus_->publish(message.reply_to, text);
      });
      subscriptions_.push_back(std::move(*made));
    };
    listen(api::subject::kStates, [this](std::string_view text) {
      const auto report = *api::parse<api::StateReport>(text);
      if (report.fence < fence_) return api::reply_text(api::refusal_of(Errc::session_fenced));
      reports_.push_back(report);
      return api::reply_text(json::object());
    });
    listen(api::subject::kClaims, [this](std::string_view text) {
      claims_.push_back(*api::parse<api::Claim>(text));
      if (!claimable_) return api::reply_text(api::refusal_of(Errc::session_unknown));
      api::SessionSpec spec = this->spec();
      spec.session = claims_.back().session;
      spec.fence = ++fence_;
      return api::reply_text(to_json(spec));
    });
    auto heard = bus_->subscribe(std::string(api::subject::kAnnouncements), [this](const BusMessage& message) {
      announcement_ = api::parse<api::Announcement>(message.payload);
    });
    subscriptions_.push_back(std::move(*heard));
  }

  static api::SessionSpec spec(const std::string& session = "s1") {
    api::SessionSpec spec;
    spec.session = session;
    spec.fence = 1;
    spec.app = "demo";
    spec.client = session + "-c1";
    return spec;
  }
  Outcome<api::Created> create(const api::SessionSpec& spec) {
    auto reply = run(bus_->request(api::subject::agent("agent-1", "create"), api::message_text(spec), 5000ms));
    if (!reply) return api::refuse(api::refusal_of(reply.error()));
    auto ok = api::parse_reply(*reply);
    if (!ok) return api::refuse(ok.error());
    return *api::parse<api::Created>(*ok);
  }
  Outcome<api::CommandReply> command(const api::Command& command, const std::string& session = "s1") {
    auto reply = run(bus_->request(api::subject::session(session, "ctl"), api::message_text(command), 2000ms));
    if (!reply) return api::refuse(api::refusal_of(reply.error()));
    auto ok = api::parse_reply(*reply);
    if (!ok) return api::refuse(ok.error());
    return *api::parse<api::CommandReply>(*ok);
  }

  /// What AMS gave the instance of a session.
  json::object user_data(const std::string& name) {
    for (const auto& [id, spec] : launcher_.running) {
      if (spec.name != name) continue;
      const json::value document = json::parse(spec.user_data);
      return json::parse(document.at("user_data").as_string()).as_object();
    }
    ADD_FAILURE() << "no instance " << name;
    return {};
  }
  bool runs(const std::string& name) {
    return std::any_of(launcher_.running.begin(), launcher_.running.end(),
                       [&](const auto& entry) { return entry.second.name == name; });
  }
  /// The status of the answer; 101 if it is open.
  unsigned attach(const std::string& session, const std::string& instance, const std::string& token,
                  bool in_query = false) {
    net::WebSocketClientConfig config;
    config.server = net::TlsRemote{"127.0.0.1", agent_server_->port(), pin_of("other")};
    config.target = "/1.0/sessions/" + session + "/sockets/supervisor?instance=" + instance;
    if (in_query) {
      config.target += "&token=" + token;
    } else if (!token.empty()) {
      config.headers = {{"Authorization", "Macaroon root=" + token}};
    }
    auto opened = run(net::open_websocket(std::move(config)));
    if (!opened) return opened.error().status;
    runtime_ = *opened;
    runtime_->on_message = [this](std::string_view text) { commands_.emplace_back(text); };
    runtime_->on_binary = [this](Bytes frame) { frames_.emplace_back(as_text(frame)); };
    runtime_->on_close = [this] { closed_ = true; };
    return 101;
  }
  unsigned attach_runtime(const std::string& session = "s1") {
    EXPECT_TRUE(until([&] { return runs("s-" + session); }));
    token_ = std::string(user_data("s-" + session).at("token").as_string());
    return attach(session, "s-" + session, token_);
  }
  void say(api::SessionStatus status, std::int64_t clients) {
    runtime_->send(api::message_text(api::RuntimeReport{status, "", clients, {}}));
  }
  /// With a client; it ends when it has had none for twice 200 ms.
  void begin_session_that_may_idle() {
    api::SessionSpec idle = spec();
    idle.idle_time_min = 2;
    ASSERT_TRUE(create(idle));
    ASSERT_EQ(attach_runtime(), 101U);
    say(api::SessionStatus::active, 1);
    ASSERT_TRUE(reported(api::SessionStatus::active));
  }
  bool reported(api::SessionStatus status) {
    return until([&] { return !reports_.empty() && reports_.back().status == status; });
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<Store> store_ = memory_store(io);
  std::unique_ptr<Bus> bus_ = memory_bus(io);
  RecordingLauncher launcher_;
  std::unique_ptr<Ams> ams_;
  std::unique_ptr<AmsServer> ams_server_;
  std::unique_ptr<AmsClient> ams_client_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<AgentServer> agent_server_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::optional<api::Announcement> announcement_;
  std::vector<api::StateReport> reports_;
  std::vector<api::Claim> claims_;
  std::int64_t fence_ = 1;
  bool claimable_ = true;
  std::string token_;
  std::shared_ptr<net::WebSocket> runtime_;
  std::vector<std::string> commands_, frames_;
  bool closed_ = false;
};

TEST_F(AgentTest, AnnouncesWhatItCanHost) {
  EXPECT_EQ(announcement_->agent, "agent-1");
  EXPECT_EQ(announcement_->region, "eu-1");
  EXPECT_EQ(announcement_->applications, (std::vector<std::string>{"demo"}));
  EXPECT_EQ(announcement_->capacity, 2);
  announcement_.reset();
  ASSERT_TRUE(bus_->publish(api::subject::kHello, "{}"));
  EXPECT_TRUE(until([&] { return announcement_.has_value(); }));
}

// Together the manifests are longer than any answer may be.
TEST_F(AgentTest, LearnsOfApplicationsWhateverTheirManifestsWeigh) {
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

TEST_F(AgentTest, MakesAnInstanceForASessionAndCredentialsForItsClient) {
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

TEST_F(AgentTest, AnswersTheSameRequestTwiceWithOneInstance) {
  ASSERT_TRUE(create(spec()));
  ASSERT_TRUE(create(spec()));
  EXPECT_TRUE(until([&] { return launcher_.running.size() == 1; }));
}

TEST_F(AgentTest, RefusesWhatItCannotHost) {
  api::SessionSpec unknown = spec();
  unknown.app = "no-such-app";
  EXPECT_EQ(create(unknown).error().status, 404U);
  ASSERT_TRUE(create(spec("s1")));
  ASSERT_TRUE(create(spec("s2")));
  EXPECT_EQ(create(spec("s3")).error().code, "agent_busy");
  agent_->drain();
  EXPECT_EQ(create(spec("s4")).error().code, "agent_busy");
}

TEST_F(AgentTest, LeavesAnInstanceAloneThatSomebodyElseMadeForTheSession) {
  const json::object body{{"name", "s-s1"}, {"app_id", "demo"}};
  ASSERT_TRUE(run(ams_->launch(*InstanceRequest::parse(body))));
  ASSERT_TRUE(until([&] { return runs("s-s1"); }));
  EXPECT_EQ(create(spec()).error().status, 409U);
  EXPECT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  io.restart();
  io.run_for(300ms);
  EXPECT_TRUE(runs("s-s1"));
}

TEST_F(AgentTest, LetsARuntimeInWithItsOwnTokenOnly) {
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

TEST_F(AgentTest, RefusesATokenThatIsBoundToNoInstance) {
  Secret<64> root;
  std::fill_n(root.fill(64).begin(), 64, 7);
  auto key = *MacaroonKey::prepare(*provider_, root);
  auto macaroon = *Macaroon::mint(key, kAgentLocation, "s1");
  ASSERT_TRUE(macaroon.add_first_party(*provider_, "2100-01-01T00:00:00Z"));
  EXPECT_EQ(attach("s1", "s-s1", macaroon.text()), 403U);
}

TEST_F(AgentTest, HandsFramesOnWithoutLookingIntoThem) {
  ASSERT_TRUE(create(spec()));
  std::vector<std::string> up;
  bool ready = false;
  const auto listening = *bus_->subscribe(api::subject::session("s1", "up"),
                                          [&](const BusMessage& message) { up.emplace_back(message.payload); });
  const auto hearing = *bus_->subscribe(api::subject::session("s1", "ready"), [&](const BusMessage&) { ready = true; });
  ASSERT_EQ(attach_runtime(), 101U);
  EXPECT_TRUE(until([&] { return ready; }));
  ASSERT_TRUE(bus_->publish(api::subject::session("s1", "down"), "to the runtime"));
  EXPECT_TRUE(until([&] { return frames_.size() == 1; }));
  EXPECT_EQ(frames_.front(), "to the runtime");
  runtime_->send_binary("to the gateway");
  EXPECT_TRUE(until([&] { return up.size() == 1; }));
  EXPECT_EQ(up.front(), "to the gateway");
}

TEST_F(AgentTest, ShowsTheFiguresOfItsStreams) {
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

TEST_F(AgentTest, EndsASessionThatIdles) {
  begin_session_that_may_idle();
  io.restart();
  io.run_for(1500ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(reported(api::SessionStatus::terminated));
  EXPECT_EQ(reports_.back().message, "idle");
}

TEST_F(AgentTest, ReportsAnInstanceThatNeverComes) {
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

TEST_F(AgentTest, KeepsAStaleGatewayOut) {
  ASSERT_TRUE(create(spec()));
  api::Command stale{api::Command::Kind::remove, 0, "", false, "old"};
  EXPECT_EQ(command(stale).error().code, "session_fenced");
  EXPECT_TRUE(runs("s-s1") || until([&] { return runs("s-s1"); }));
}

TEST_F(AgentTest, PassesOnOneReportASecondAndNoneThatIsLong) {
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

TEST_F(AgentTest, LetsGoOfASessionThatAnotherAgentHasByNow) {
  ASSERT_TRUE(create(spec()));
  ASSERT_EQ(attach_runtime(), 101U);
  api::Command newer{api::Command::Kind::join, 2, "c2", false, ""};
  EXPECT_EQ(command(newer).error().code, "session_fenced");
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_TRUE(runs("s-s1"));
}

// It was cut off: its runtime has gone to another agent, whose claim raised the fence.
TEST_F(AgentTest, LeavesTheInstanceOfASessionThatAnotherAgentClaimedWhenItEndsForIt) {
  begin_session_that_may_idle();
  fence_ = 2;
  say(api::SessionStatus::active, 0);
  EXPECT_TRUE(until([&] { return closed_; }));
  EXPECT_TRUE(until([&] { return agent_->sessions_by_status().empty(); }));
  EXPECT_TRUE(commands_.empty()) << "the runtime was told to end";
  EXPECT_TRUE(runs("s-s1"));
}

TEST_F(AgentTest, EndsNothingBeforeAGatewayHasHeardOfIt) {
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

TEST_F(AgentTest, CountsNoTimeInWhichItDidNotRun) {
  ASSERT_TRUE(create(spec()));
  EXPECT_TRUE(until([&] { return runs("s-s1"); }));
  std::this_thread::sleep_for(3s);  // longer than an instance may take to come
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
}  // namespace redan::cloud
