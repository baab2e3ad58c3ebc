// The stream agent: the bridge between gateways, which know clients, and instances, which stream. It asks AMS for an
// instance for each session, gives it a token for that session alone, hands signalling on between bus and runtime
// without looking into it, makes TURN credentials, ends sessions that idle, and tells gateways how each session fares.
//
// Truth is elsewhere: instances are AMS's, sessions the gateways'. An agent that was killed finds its instances by
// their tag, and its runtimes come back to it; it claims their sessions anew, and the fence that it gets with a claim
// makes everything stale that an agent said before. Established media does not depend on it.
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

/// Where the macaroons of runtimes are good.
inline constexpr std::string_view kAgentLocation = "anbox-stream-agent";

struct Config {
  std::string id;  ///< a subject token; unique and the same after a restart
  std::string region, cluster;
  std::string url;          ///< how runtimes reach this agent: "https://192.0.2.1:8443"
  std::string fingerprint;  ///< of its certificate, 64 hexadecimal digits
  std::int64_t capacity = 100;
  std::vector<std::string> stun_urls{}, turn_urls{};
  std::chrono::seconds turn_lifetime{600};
  std::chrono::seconds start_timeout{60};       ///< until a new instance's runtime has come
  std::chrono::seconds reconnect_timeout{300};  ///< for a runtime that has gone while its instance runs
  std::chrono::milliseconds idle_unit{60'000};  ///< of SessionSpec::idle_time_min: a minute, but in tests
  std::function<void(std::string_view)> log{};  ///< one line; no secrets in it
};

class Agent {
 public:
  /// `turn` is there if the configuration names TURN servers.
  Agent(boost::asio::io_context& io, Config config, bus::Bus& bus, AmsClient& ams, Provider& provider,
        token::MacaroonKey token_key, std::optional<token::TurnKey> turn);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Begins to serve. invalid_argument if the id is no subject token.
  Result<void> start();
  /// Takes no new sessions and says goodbye; those it has go on.
  void drain();
  /// Ends its tasks. Instances go on, and come back to the next agent of this id.
  void stop();

  // ---- for the server: a runtime, by its token

  struct Runtime {
    std::string session, instance;
  };
  /// The token is one of ours, for this session and this instance. 401, 403.
  [[nodiscard]] Outcome<Runtime> identify(std::string_view session, std::string_view instance, std::string_view token);
  /// AMS has its instance and did not stop it: otherwise 401 token_revoked. 503 if AMS does not answer and we do not
  /// know the session.
  [[nodiscard]] net::Task<Outcome<void>> may_attach(Runtime runtime);
  /// The supervisor socket of such a runtime; a former one of the same session is closed.
  void attach(const Runtime& runtime, std::shared_ptr<net::WebSocket> socket);
  [[nodiscard]] Outcome<std::vector<api::IceServer>> ice_servers(const std::string& whose);

  [[nodiscard]] const Config& settings() const { return config_; }
  [[nodiscard]] std::map<api::SessionStatus, std::size_t> sessions_by_status() const;
  [[nodiscard]] std::size_t attached() const;
  /// What the runtimes said last about their streams, by session.
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

  // supervision.cpp
  net::Task<void> supervise(SessionPtr session);
  [[nodiscard]] net::Task<void> claim(SessionPtr session);
  [[nodiscard]] net::Task<void> report(SessionPtr session);
  [[nodiscard]] net::Task<void> look_after(SessionPtr session);
  [[nodiscard]] net::Task<void> report_until_known(SessionPtr session);
  [[nodiscard]] net::Task<void> finish(SessionPtr session);
  [[nodiscard]] static std::chrono::milliseconds until_next_report(const Session& session);
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
  std::map<std::string, api::Announcement> neighbours_;  ///< agents of our region, for runtimes to fall back on
  std::vector<std::string> applications_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
  boost::asio::steady_timer announce_timer_, watch_timer_;
  std::shared_ptr<net::WebSocket> events_;
  std::uint64_t frames_ = 0;
  bool draining_ = false;
  bool stopped_ = false;
};

}  // namespace redan::cloud::agent
