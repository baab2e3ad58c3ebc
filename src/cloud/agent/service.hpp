// The stream agent: the bridge between gateways, which manage clients, and instances, which stream. It requests an
// instance from AMS for each session, issues it a token for that session alone, relays signalling between bus and
// runtime without parsing it, creates TURN credentials, ends idle sessions, and reports the state of each session to
// the gateways.
//
// The agent holds no authoritative state: AMS manages the instances, the gateways manage the sessions. An agent that
// was killed finds its instances by their tag, and its runtimes reconnect to it. It claims their sessions again; the
// fence that it receives with a claim invalidates everything that an agent sent before. Established media does not
// depend on the agent.
//
// All calls are made on the loop, which has stopped when an Agent is destroyed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "cloud/agent/ams_client.hpp"
#include "cloud/api/agent.hpp"
#include "cloud/api/stream_figures.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/token/macaroon.hpp"
#include "cloud/token/turn_credential.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::cloud::agent {

using api::Outcome;

/// The location of the runtimes' macaroons.
inline constexpr std::string_view kAgentLocation = "anbox-stream-agent";

struct Config {
  std::string id;  ///< a subject token; unique and stable across restarts
  std::string region, cluster;
  std::string url;          ///< this agent's URL for runtimes: "https://192.0.2.1:8443"
  std::string fingerprint;  ///< of its certificate, 64 hexadecimal digits
  std::int64_t capacity = 100;
  std::vector<std::string> stun_urls{}, turn_urls{};
  std::chrono::seconds turn_lifetime{600};
  std::chrono::seconds start_timeout{60};       ///< until the runtime of a new instance connects
  std::chrono::seconds reconnect_timeout{300};  ///< for a disconnected runtime whose instance is running
  std::chrono::milliseconds idle_unit{60'000};  ///< of SessionSpec::idle_time_min: a minute, except in tests
  /// From the last moment of a user's token until its signalling has reached the runtime; includes the creation.
  std::chrono::milliseconds user_grace{30'000};
  std::chrono::milliseconds confirm_interval{60'000};  ///< between reports of a session that does not change
  std::function<void(std::string_view)> log{};         ///< logs one line; it contains no secrets
};

class Agent {
 public:
  /// `turn` is present if the configuration names TURN servers.
  Agent(boost::asio::io_context& io, Config config, bus::Bus& bus, AmsClient& ams, Provider& provider,
        token::MacaroonKey token_key, std::optional<token::TurnKey> turn);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Starts serving. Error: invalid_argument if the id is not a subject token.
  Result<void> start();
  /// Accepts no new sessions and announces its departure; existing sessions continue.
  void drain();
  /// Ends its tasks. Instances keep running, and reconnect to the next agent with this id.
  void stop();

  // For the server: a runtime, identified by its token.

  struct Runtime {
    std::string session, instance;
  };
  /// Checks that this agent issued the token, for this session and this instance. Refusals: 401, 403.
  [[nodiscard]] Outcome<Runtime> identify(std::string_view session, std::string_view instance, std::string_view token);
  /// Checks that AMS has the instance and did not stop it: otherwise 401 token_revoked. 503 if AMS does not answer and
  /// this agent does not know the session.
  [[nodiscard]] net::Task<Outcome<void>> may_attach(Runtime runtime);
  /// Attaches the supervisor socket of such a runtime; a previous socket of the same session is closed.
  void attach(const Runtime& runtime, std::shared_ptr<net::WebSocket> socket);
  [[nodiscard]] Outcome<std::vector<api::IceServer>> ice_servers(const std::string& whose);

  [[nodiscard]] const Config& settings() const { return config_; }
  [[nodiscard]] std::map<api::SessionStatus, std::size_t> sessions_by_status() const;
  [[nodiscard]] std::size_t attached() const;
  /// The latest stream metrics that the runtimes reported, by session.
  [[nodiscard]] std::vector<api::LabelledFigures> stream_figures() const;
  [[nodiscard]] std::uint64_t frames_relayed() const { return frames_; }

 private:
  struct Session;
  using SessionPtr = std::shared_ptr<Session>;

  // service.cpp
  net::Task<void> announce_regularly();
  void announce();
  net::Task<void> create(std::string text, std::string reply_to);
  [[nodiscard]] net::Task<Outcome<api::Created>> make(api::SessionSpec spec);
  [[nodiscard]] std::string user_data(const Session& session);
  void on_command(const SessionPtr& session, const bus::BusMessage& message);
  void listen(const SessionPtr& session);
  [[nodiscard]] net::Task<void> adopt();
  SessionPtr add(api::SessionSpec spec, std::string instance);
  void log(std::string_view line) const;

  // instances.cpp
  net::Task<void> watch_instances();
  [[nodiscard]] net::Task<void> follow(std::shared_ptr<net::WebSocket> events);
  [[nodiscard]] net::Task<void> look_at_all();
  [[nodiscard]] bool is_certain(const Runtime& runtime) const;
  void on_ended_instance(const std::string& name);

  // launched.cpp
  [[nodiscard]] net::Task<void> look_for_launched();
  [[nodiscard]] bool has_room_for(const api::AwaitingInstance& instance) const;
  [[nodiscard]] net::Task<void> host(api::AwaitingInstance instance);

  // supervision.cpp
  net::Task<void> supervise(SessionPtr session);
  [[nodiscard]] net::Task<void> claim(SessionPtr session);
  [[nodiscard]] net::Task<void> report(SessionPtr session);
  [[nodiscard]] net::Task<void> look_after(SessionPtr session);
  [[nodiscard]] net::Task<void> report_until_known(SessionPtr session);
  [[nodiscard]] net::Task<void> finish(SessionPtr session);
  [[nodiscard]] net::Task<Outcome<void>> end_instance(SessionPtr session);
  [[nodiscard]] static std::chrono::milliseconds until_next_report(const Session& session);
  void await_user(Session& session, std::int64_t seconds) const;
  [[nodiscard]] std::string_view reason_to_end(const Session& session) const;
  static void forgive_stall(const SessionPtr& session, Duration stall);
  [[nodiscard]] net::Task<void> pause(SessionPtr session, std::chrono::milliseconds time);
  void on_report(const SessionPtr& session, std::string_view text);
  void on_frame(const SessionPtr& session, Bytes frame);
  void on_detached(const SessionPtr& session, const net::WebSocket* socket);
  void end(const SessionPtr& session, std::string reason, api::SessionStatus as, bool force = false);
  void drop(const SessionPtr& session);

  boost::asio::io_context& io_;
  Config config_;
  bus::Bus& bus_;
  AmsClient& ams_;
  Provider& provider_;
  token::MacaroonKey token_key_;
  std::optional<token::TurnKey> turn_;
  std::map<std::string, SessionPtr> sessions_;
  std::map<std::string, api::Announcement> neighbours_;  ///< agents of this region, as fallbacks for runtimes
  std::vector<std::string> applications_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
  boost::asio::steady_timer announce_timer_, watch_timer_;
  std::shared_ptr<net::WebSocket> events_;
  std::uint64_t frames_ = 0;
  bool is_launch_due_ = false;  ///< an instance may await an agent
  bool draining_ = false;
  bool stopped_ = false;
};

}  // namespace redan::cloud::agent
