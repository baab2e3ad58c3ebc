// An agent between a real AMS, which it queries over mutual TLS, and runtimes and gateways simulated by the tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "base/hex.hpp"
#include "cloud/agent/server.hpp"
#include "cloud/ams/server.hpp"
#include "cloud/bus/link.hpp"
#include "cloud/bus/memory.hpp"
#include "cloud/errors.hpp"
#include "cloud/store/memory.hpp"
#include "net/clock.hpp"
#include "net/tls/x509.hpp"
#include "net/websocket/client.hpp"
#include "tests/cloud/ams/recording_launcher.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace json = boost::json;

class AgentTest : public net::test::HttpFixture {
 protected:
  AgentTest() {
    ams::Config config;
    config.unit = "node-1";
    config.url = "https://127.0.0.1:1";
    ams_ = std::make_unique<ams::Ams>(io, config, *store_, launcher_, *provider_, net::is_issued_by);
    EXPECT_TRUE(run(ams_->start()));
    ams::ServerConfig ams_config;
    ams_config.https = net::TlsListener{{asio::ip::make_address("127.0.0.1"), 0}, credentials("server")};
    ams_config.requests_per_second = 10'000;
    ams_server_ = std::make_unique<ams::Server>(io, *ams_, std::move(ams_config));
    trust("client", trust::Role::agent);
    json::object manifest{{"name", "demo"}, {"image", "redan"}};
    EXPECT_TRUE(run(ams_->add_application(manifest)));
    EXPECT_TRUE(run(ams_->publish_version("demo", 0, true)));
    ams_client_ = std::make_unique<agent::AmsClient>(
        io, net::TlsRemote{"127.0.0.1", ams_server_->port(), pin_of("server"), &net::test::identity("client")});
    play_gateway();
    start_agent();
  }
  ~AgentTest() override {
    runtime_.reset();
    stop_agent();
    ams_->stop();
    ams_server_->stop();
    // The client lives until the loop has stopped: a request may wait for its next attempt.
    io.restart();
    io.run_for(50ms);
  }

  static std::shared_ptr<net::TlsServerCredentials> credentials(const std::string& name) {
    return *net::TlsServerCredentials::make(net::test::identity(name));
  }
  static net::TlsTrust pin_of(const std::string& name) {
    return net::PinnedSha256{net::test::identity(name).fingerprint.digest};
  }
  void trust(const std::string& name, trust::Role role) {
    trust::TrustedCertificate certificate;
    certificate.fingerprint = to_hex(net::test::identity(name).fingerprint.digest.bytes());
    certificate.name = name;
    certificate.role = role;
    certificate.certificate_der = net::test::identity(name).certificate_der;
    EXPECT_TRUE(run(ams_->add_certificate(certificate)));
  }

  void start_agent() {
    announcement_.reset();
    start_agent_alone();
    EXPECT_TRUE(until([&] { return announcement_ && !announcement_->applications.empty(); }));
  }
  void start_agent_alone() {
    agent::Config config;
    config.id = "agent-1";
    config.region = "eu-1";
    config.cluster = "local";
    config.url = "https://127.0.0.1:1";
    config.fingerprint = std::string(64, 'a');
    config.capacity = capacity_;
    config.turn_urls = {"turn:127.0.0.1:3478"};
    config.idle_unit = 200ms;
    config.start_timeout = runtime_timeout_;
    config.reconnect_timeout = runtime_timeout_;
    config.turn_lifetime = turn_lifetime_;
    config.user_grace = 300ms;
    config.confirm_interval = confirm_interval_;
    Secret<64> root, turn;
    std::fill_n(root.fill(64).begin(), 64, 7);
    std::fill_n(turn.fill(64).begin(), 64, 'x');
    agent_ = std::make_unique<agent::Agent>(io, config, *bus_, *ams_client_, *provider_,
                                            std::move(*token::MacaroonKey::prepare(*provider_, root)),
                                            std::move(*token::TurnKey::prepare(*provider_, turn)));
    agent::ServerConfig listen;
    listen.https = net::TlsListener{{asio::ip::make_address("127.0.0.1"), agent_port_}, credentials("other")};
    agent_server_ = std::make_unique<agent::Server>(io, *agent_, std::move(listen));
    ASSERT_TRUE(agent_->start());
  }
  void stop_agent() {
    agent_->stop();
    agent_server_->stop();
    io.restart();
    io.run_for(50ms);
    retired_.emplace_back(std::move(agent_), std::move(agent_server_));
  }

  /// Answers claims and reports like a gateway.
  void play_gateway() {
    const auto listen = [this](std::string_view subject, std::function<std::string(std::string_view)> answer) {
      auto made = bus_->subscribe(std::string(subject), [this, answer](const bus::BusMessage& message) {
        const std::string text = answer(message.payload);
        if (!message.reply_to.empty()) (void)bus_->publish(message.reply_to, text);
      });
      subscriptions_.push_back(std::move(*made));
    };
    listen(api::subject::kStates, [this](std::string_view text) {
      const auto report = *api::parse<api::StateReport>(text);
      if (report.fence < fence_) return api::reply_text(api::refusal_of(errc::session_fenced));
      if (!claimable_) return api::reply_text(api::refusal_of(errc::session_unknown));
      reports_.push_back(report);
      return api::reply_text(json::object());
    });
    listen(api::subject::kClaims, [this](std::string_view text) {
      claims_.push_back(*api::parse<api::Claim>(text));
      if (!claimable_) return api::reply_text(api::refusal_of(errc::session_unknown));
      api::SessionSpec spec = this->spec();
      spec.session = claims_.back().session;
      spec.fence = ++fence_;
      return api::reply_text(to_json(spec));
    });
    auto heard = bus_->subscribe(std::string(api::subject::kAnnouncements), [this](const bus::BusMessage& message) {
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
  api::Outcome<api::Created> create(const api::SessionSpec& spec) {
    auto reply = run(bus_->request(api::subject::agent("agent-1", "create"), api::message_text(spec), 5000ms));
    if (!reply) return api::refuse(api::refusal_of(reply.error()));
    auto ok = api::parse_reply(*reply);
    if (!ok) return api::refuse(ok.error());
    return *api::parse<api::Created>(*ok);
  }
  api::Outcome<api::CommandReply> command(const api::Command& command, const std::string& session = "s1") {
    auto reply = run(bus_->request(api::subject::session(session, "ctl"), api::message_text(command), 2000ms));
    if (!reply) return api::refuse(api::refusal_of(reply.error()));
    auto ok = api::parse_reply(*reply);
    if (!ok) return api::refuse(ok.error());
    return *api::parse<api::CommandReply>(*ok);
  }

  /// The user data that AMS gave to the instance of a session.
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
  void say(api::SessionStatus status, std::int64_t clients, api::User user = api::User::present) {
    runtime_->send(api::message_text(api::RuntimeReport{status, "", clients, {}, user}));
  }
  /// A session whose runtime has reported this user.
  void begin_session_of(api::User user, const api::SessionSpec& wanted) {
    ASSERT_TRUE(create(wanted));
    ASSERT_EQ(attach_runtime(), 101U);
    runtime_->on_message = [this](std::string_view text) {
      if (api::parse<api::Terminate>(text)) runtime_->close();
    };
    say(api::SessionStatus::active, user == api::User::present ? 1 : 0, user);
    ASSERT_TRUE(reported(api::SessionStatus::active));
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool is_gone() {
    return until([&] { return launcher_.running.empty() && agent_->sessions_by_status().empty(); });
  }
  /// With a client; the session ends after two intervals of 200 ms without one.
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
  std::unique_ptr<store::Store> store_ = store::memory_store(io);
  std::unique_ptr<bus::Bus> bus_ = bus::memory_bus(io);
  RecordingLauncher launcher_;
  std::unique_ptr<ams::Ams> ams_;
  std::unique_ptr<ams::Server> ams_server_;
  std::unique_ptr<agent::AmsClient> ams_client_;
  /// Stopped; their tasks may still be on the loop.
  std::vector<std::pair<std::unique_ptr<agent::Agent>, std::unique_ptr<agent::Server>>> retired_;
  std::unique_ptr<agent::Agent> agent_;
  std::unique_ptr<agent::Server> agent_server_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
  std::optional<api::Announcement> announcement_;
  std::vector<api::StateReport> reports_;
  std::vector<api::Claim> claims_;
  std::int64_t fence_ = 1;
  std::int64_t capacity_ = 2;
  std::uint16_t agent_port_ = 0;  ///< 0: any
  std::chrono::seconds turn_lifetime_{600}, runtime_timeout_{2};
  std::chrono::milliseconds confirm_interval_{60'000};
  bool claimable_ = true;
  std::string token_;
  std::shared_ptr<net::WebSocket> runtime_;
  std::vector<std::string> commands_, frames_;
  bool closed_ = false;
};

}  // namespace redan::cloud::test
