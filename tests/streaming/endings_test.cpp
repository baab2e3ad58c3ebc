// Every session ends where it should, whatever its client does, and leaves nothing behind: gateways, an agent and an
// AMS in one process, with the sockets of the runtimes between them. Only the streams and the launched programs are
// scripted.
#include <boost/asio/as_tuple.hpp>
#include <random>

#include "cloud/gateway/service.hpp"
#include "cloud/runtime/join_order.hpp"
#include "cloud/runtime/supervisor.hpp"
#include "tests/cloud/agent/agent_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::User;

/// The runtime of one session, without streams: clients connect and leave as the test says.
class ScriptedRuntime {
 public:
  ScriptedRuntime(asio::io_context& io, runtime::SupervisorConfig config)
      : io_(io), supervisor_(std::make_unique<runtime::Supervisor>(io, std::move(config))) {
    supervisor_->on_open = [this](const std::string& link, const api::LinkHello& hello) {
      if (!joins_.admit(hello)) return supervisor_->close(link, "displaced");
      for (const auto& [former, name] : std::map(clients_)) end(former, "displaced");
      clients_[link] = {};
      report();
      expire(link);
    };
    supervisor_->on_message = [this](const std::string& link, std::string_view text) {
      if (text != "discover" && clients_.contains(link)) connect(link, std::string(text));
    };
    supervisor_->on_terminate = [this](const std::string&) { supervisor_->stop(); };
    report();
    asio::co_spawn(io, supervisor_->run(), [this](const std::exception_ptr&, const Result<void>&) { done_ = true; });
  }
  ~ScriptedRuntime() = default;
  ScriptedRuntime(const ScriptedRuntime&) = delete;
  ScriptedRuntime& operator=(const ScriptedRuntime&) = delete;

  void stop() { supervisor_->stop(); }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool has(const std::string& client) const {
    return std::any_of(clients_.begin(), clients_.end(), [&](const auto& entry) { return entry.second == client; });
  }
  /// The connected client disconnects, or its silence is noticed.
  void end_user() {
    for (const auto& [link, name] : std::map(clients_)) {
      if (!name.empty()) end(link, "closed");
    }
    report();
  }

 private:
  void connect(const std::string& link, const std::string& name) {
    clients_[link] = name;
    had_user_ = true;
    report();
  }
  void end(const std::string& link, std::string_view how) {
    clients_.erase(link);
    supervisor_->close(link, how);
  }
  /// A client that does not connect in time is removed.
  void expire(const std::string& link) {
    auto timer = std::make_shared<asio::steady_timer>(io_, 1s);
    timer->async_wait([this, timer, link, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
      if (alive.expired() || !clients_.contains(link) || !clients_[link].empty()) return;
      end(link, "closed");
      report();
    });
  }
  void report() {
    User user = had_user_ ? User::left : User::awaited;
    if (!clients_.empty()) user = User::present;
    const auto connected =
        std::count_if(clients_.begin(), clients_.end(), [](const auto& e) { return !e.second.empty(); });
    supervisor_->report({api::SessionStatus::active, "", connected, {}, user});
  }

  asio::io_context& io_;
  std::unique_ptr<runtime::Supervisor> supervisor_;
  runtime::JoinOrder joins_;
  std::map<std::string, std::string> clients_;  ///< by link; the name of a connected one, "" for others
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  bool had_user_ = false;
  bool done_ = false;
};

enum class Behaviour : std::uint8_t {
  never_connects,         ///< it never opens its socket
  closes,                 ///< it closes its socket before it has connected
  crashes_while_joining,  ///< its socket breaks before it has connected
  leaves,                 ///< it connects, closes its socket, and disconnects
  crashes,                ///< it connects, and is silent from then on
  reopens,                ///< it opens a second socket with its token, which displaces the first, and leaves
  is_displaced,           ///< another client joins, and leaves; the session may idle
  stays_joinable,         ///< it leaves a session that never ends by itself, which is deleted then
};
constexpr std::size_t kBehaviours = 8;

class Endings : public AgentTest {
 protected:
  Endings() {
    subscriptions_.clear();
    stop_agent();
    capacity_ = 400;
    turn_lifetime_ = 5s;
    runtime_timeout_ = 30s;
    confirm_interval_ = 2s;
    for (int i = 0; i < 2; ++i) units_.push_back(make_unit());
    start_agent_alone();
    EXPECT_TRUE(until([&] { return knows_agent(); }));
    EXPECT_TRUE(run(units_[0]->set_config(administrator(), {{"core.socket_token_lifetime", 10}})));
    EXPECT_TRUE(until([&] { return units_[1]->config().number(gateway::setting::kSocketTokenLife) == 10; }));
  }
  ~Endings() override {
    until([&] { return playing_ == 0; });
    for (auto& [id, runtime] : runtimes_) runtime->stop();
    until([&] {
      return std::all_of(runtimes_.begin(), runtimes_.end(), [](const auto& e) { return e.second->done(); });
    });
    for (auto& unit : units_) unit->stop();
    run_for(100ms);
  }

  std::unique_ptr<gateway::Gateway> make_unit() {
    gateway::Config config;
    config.url = "wss://gw.example:4000";
    config.secrets_key = secrets_key_;
    config.sweep_interval = 1s;
    config.now = [this] { return net::now() + std::chrono::seconds(ahead_); };
    config.wall_time = [this] { return WallTime{net::wall_time().seconds_since_1970 + ahead_}; };
    auto unit = std::make_unique<gateway::Gateway>(io, config, *gateway_store_, *bus_, *provider_);
    EXPECT_TRUE(run(unit->start()));
    return unit;
  }
  static gateway::ApiCaller administrator() {
    return {gateway::local_account(1000), {api::GatewayOperation::admin}, {}, {}, {}};
  }
  bool knows_agent() const {
    return std::all_of(units_.begin(), units_.end(), [](const auto& unit) {
      const api::Announcement* agent = unit->agents().find("agent-1");
      return agent != nullptr && !agent->applications.empty();
    });
  }

  // Runtimes follow the launcher.

  void play_launcher() {
    for (const auto& [id, spec] : launcher_.running) {
      if (runtimes_.contains(id)) continue;
      runtimes_[id] = make_runtime(spec);
      instances_[spec.name] = id;
    }
    for (const auto& [id, runtime] : runtimes_) {
      if (!launcher_.running.contains(id)) runtime->stop();
    }
    std::erase_if(runtimes_,
                  [&](const auto& entry) { return entry.second->done() && !launcher_.running.contains(entry.first); });
  }
  std::unique_ptr<ScriptedRuntime> make_runtime(const ams::LaunchSpec& spec) {
    const json::value document = json::parse(spec.user_data);
    const json::value data = json::parse(document.at("user_data").as_string());
    runtime::SupervisorConfig config;
    config.session = std::string(data.at("session").as_string());
    config.instance = spec.name;
    config.agents.push_back({"127.0.0.1", agent_server_->port(), pin_of("other")});
    config.token = std::string(data.at("token").as_string());
    return std::make_unique<ScriptedRuntime>(io, std::move(config));
  }
  ScriptedRuntime* runtime_of(const std::string& session) {
    const auto id = instances_.find(api::instance_name(session));
    const auto found = id == instances_.end() ? runtimes_.end() : runtimes_.find(id->second);
    return found == runtimes_.end() ? nullptr : found->second.get();
  }

  // Clients.

  net::Task<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(io, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  std::chrono::milliseconds some_time() {
    return std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 300)(random_));
  }
  gateway::Gateway& some_unit() { return *units_[random_() % units_.size()]; }

  /// Opens a socket with a grant's token; returns the client at the relay of `unit`, 0 if it is refused.
  net::Task<gateway::Relay::ClientId> open_socket(gateway::Gateway& unit, api::SessionGrant grant) {
    std::string token = grant.url.substr(grant.url.find("token=") + 6);
    auto admitted = co_await unit.admit_socket(std::move(token), grant.session.id);
    if (!admitted || !admitted->over.empty()) co_return 0;
    const auto client = unit.relay().attach(admitted->claims, {[](const std::string&) {}, [] {}});
    co_return client ? *client : 0;
  }
  /// Opens a socket, connects, and closes the socket. False if it is not connected in time.
  net::Task<bool> connect(api::SessionGrant grant) {
    gateway::Gateway& unit = some_unit();
    const std::string session = grant.session.id;
    const auto client = co_await open_socket(unit, std::move(grant));
    if (client == 0) co_return false;
    const std::string me = "client " + std::to_string(++last_client_);
    unit.relay().receive(client, me);
    bool connected = false;
    for (int i = 0; i < 200 && !connected; ++i) {
      co_await pause(50ms);
      const ScriptedRuntime* runtime = runtime_of(session);
      connected = runtime != nullptr && runtime->has(me);
    }
    unit.relay().detach(client);
    co_return connected;
  }
  net::Task<void> leave(std::string session) {
    co_await pause(some_time());
    if (ScriptedRuntime* runtime = runtime_of(session)) runtime->end_user();
  }

  net::Task<void> behave(Behaviour behaviour, api::SessionGrant grant) {
    const std::string session = grant.session.id;
    co_await pause(some_time());
    if (behaviour == Behaviour::never_connects) co_return;
    if (behaviour == Behaviour::closes || behaviour == Behaviour::crashes_while_joining) {
      gateway::Gateway& unit = some_unit();
      const auto client = co_await open_socket(unit, grant);
      if (client == 0) co_return;
      if (behaviour == Behaviour::closes) unit.relay().receive(client, "discover");
      co_await pause(some_time());
      unit.relay().detach(client);
      co_return;
    }
    bool connected = co_await connect(grant);
    if (connected && behaviour == Behaviour::reopens) connected = co_await connect(grant);
    if (connected && behaviour == Behaviour::is_displaced) {
      auto joined = co_await some_unit().join(administrator(), session, {});
      if (joined) {
        note(*joined);
        connected = co_await connect(std::move(*joined));
      }
    }
    if (behaviour == Behaviour::crashes) co_await pause(1s);  // until its silence is noticed
    co_await leave(session);
    if (behaviour != Behaviour::stays_joinable) co_return;
    co_await pause(1500ms);
    stayed_ += is_over(status_of(session)) ? 0 : 1;
    co_await remove(session);
  }
  net::Task<void> remove(std::string session) {
    for (int i = 0; i < 20; ++i) {
      const auto removed = co_await some_unit().remove(administrator(), session, {});
      if (removed) co_return;
      co_await pause(500ms);  // the agent is restarting
    }
  }

  void note(const api::SessionGrant& grant) {
    for (const api::IceServer& one : grant.ice_servers) credentials_.push_back(one.username);
  }
  api::SessionStatus status_of(const std::string& session) const {
    const auto found = units_[0]->sessions().find(session);
    return found == units_[0]->sessions().end() ? api::SessionStatus::error : found->second.session.status;
  }

  static api::SessionRequest request_for(Behaviour behaviour) {
    api::SessionRequest request;
    request.app = "demo";
    request.joinable = behaviour == Behaviour::is_displaced || behaviour == Behaviour::stays_joinable;
    request.idle_time_min = behaviour == Behaviour::is_displaced ? 5 : 0;
    return request;
  }
  net::Task<void> play_one(Behaviour behaviour) {
    // The agent is full at times: the client asks again.
    for (int i = 0; i < 100; ++i) {
      auto grant = co_await some_unit().create(administrator(), request_for(behaviour), {});
      if (grant) {
        made_[grant->session.id] = behaviour;
        note(*grant);
        co_await behave(behaviour, std::move(*grant));
        break;
      }
      co_await pause(500ms);
    }
    --playing_;
  }

  /// Plays this many sessions; `between` is called often, and may restart units.
  void play(
      std::size_t count, const std::function<void(std::size_t)>& between = [](std::size_t) {}) {
    std::size_t begun = 0;
    const auto everything_has_ended = [&] {
      play_launcher();
      between(begun);
      for (; begun < count && playing_ < 200; ++begun) {
        ++playing_;
        asio::co_spawn(io, play_one(static_cast<Behaviour>(random_() % kBehaviours)), asio::detached);
      }
      return begun == count && playing_ == 0 && launcher_.running.empty() && agent_->sessions_by_status().empty() &&
             alive(*units_[0]) == 0 && alive(*units_[1]) == 0;
    };
    const TimePoint end = net::now() + 100s;
    bool ended = everything_has_ended();
    for (; !ended && net::now() < end; ended = everything_has_ended()) run_for(20ms);
    for (const auto& [id, behaviour] : made_) {
      EXPECT_TRUE(ended || is_over(status_of(id))) << id << " after behaviour " << static_cast<int>(behaviour);
    }
    EXPECT_TRUE(ended) << begun << " begun, " << playing_ << " playing, " << launcher_.running.size() << " instances";
  }
  static std::size_t alive(const gateway::Gateway& unit) {
    return static_cast<std::size_t>(std::count_if(unit.sessions().begin(), unit.sessions().end(),
                                                  [](const auto& one) { return !one.second.session.over(); }));
  }

  void expect_nothing_left() {
    EXPECT_EQ(agent_->attached(), 0U);
    EXPECT_TRUE(until([&] {
      play_launcher();
      return runtimes_.empty();
    })) << runtimes_.size()
        << " runtimes";
    EXPECT_EQ(run(ams_client_->list())->size(), 0U) << "instances";
    for (const auto& unit : units_) {
      EXPECT_TRUE(until([&] { return unit->relay().clients() == 0; })) << "sockets";
    }
    const std::int64_t now = net::wall_time().seconds_since_1970 + turn_lifetime_.count();
    for (const std::string& name : credentials_) {
      EXPECT_LE(std::stoll(name.substr(0, name.find(':'))), now) << "credentials for TURN";
    }
    // Their records expire.
    ahead_ += 3601;
    for (const auto& unit : units_) {
      EXPECT_TRUE(until([&] { return unit->sessions().empty(); })) << "sessions";
    }
    EXPECT_EQ(run(gateway_store_->list("/gateway/1.0/sessions/", {}, 10))->entries.size(), 0U);
  }

  std::mt19937 random_{20'261'130};
  std::unique_ptr<store::Store> gateway_store_ = store::memory_store(io);
  std::shared_ptr<const store::SecretsKey> secrets_key_ = store::SecretsKey::fresh(*provider_);
  std::int64_t ahead_ = 0;  ///< of the real time, at the gateways
  std::vector<std::unique_ptr<gateway::Gateway>> units_;
  std::map<std::string, std::unique_ptr<ScriptedRuntime>> runtimes_;  ///< by instance
  std::map<std::string, std::string> instances_;                      ///< ids by name
  std::map<std::string, Behaviour> made_;
  std::vector<std::string> credentials_;
  std::size_t last_client_ = 0;
  std::size_t playing_ = 0;
  std::size_t stayed_ = 0;
  TimePoint restart_at_{};
  std::vector<std::unique_ptr<gateway::Gateway>> retired_;  ///< stopped
};

/// Why a session of such a client ends.
std::string_view reason_after(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::never_connects:
    case Behaviour::closes:
    case Behaviour::crashes_while_joining:
      return "its user did not come";
    case Behaviour::leaves:
    case Behaviour::crashes:
    case Behaviour::reopens:
      return "its user has left";
    case Behaviour::is_displaced:
      return "idle";
    case Behaviour::stays_joinable:
      break;
  }
  return "deleted by local:1000";
}

TEST_F(Endings, AThousandSessionsEndWhereTheyShouldAndLeaveNothing) {
  play(1000);
  ASSERT_EQ(made_.size(), 1000U);
  std::map<Behaviour, std::size_t> counts;
  for (const auto& [id, behaviour] : made_) {
    const api::Session& session = units_[0]->sessions().at(id).session;
    EXPECT_EQ(session.status, api::SessionStatus::terminated) << id;
    EXPECT_EQ(session.status_message, reason_after(behaviour)) << id << " " << static_cast<int>(behaviour);
    ++counts[behaviour];
  }
  EXPECT_EQ(counts.size(), kBehaviours);
  EXPECT_EQ(stayed_, counts[Behaviour::stays_joinable]) << "a session that never ends by itself stays";
  expect_nothing_left();
}

// Some sessions fail then; none may stay.
TEST_F(Endings, NoSessionSurvivesTheRestartOfUnits) {
  int restarts = 0;
  play(200, [&](std::size_t begun) {
    if (restarts == 0 && begun >= 200) {
      ++restarts;
      restart_at_ = net::now() + 500ms;
    } else if (restarts == 1 && net::now() >= restart_at_) {
      ++restarts;
      agent_port_ = agent_server_->port();
      stop_agent();
      start_agent_alone();
      restart_at_ = net::now() + 500ms;
    } else if (restarts == 2 && net::now() >= restart_at_) {
      ++restarts;
      units_[1]->stop();
      retired_.push_back(std::exchange(units_[1], make_unit()));
      restart_at_ = net::now() + 5s;
    } else if ((restarts == 3 || restarts == 4) && net::now() >= restart_at_) {
      ++restarts;
      ahead_ += 90;  // the gateways' time: what was interrupted is noticed
      restart_at_ = net::now() + 3s;
    }
  });
  EXPECT_GE(restarts, 3);
  expect_nothing_left();
}

}  // namespace
}  // namespace redan::cloud::test
