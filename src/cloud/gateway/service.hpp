// The stream gateway: authorizes sessions, places them on agents, and tracks their state. The Relay carries the
// clients' signalling.
//
// This is the logic, without sockets. The Store, which all units of a gateway share, is the only authoritative state.
// Each unit follows it with a watch and keeps a copy of the data that it needs immediately: sessions, agents, accounts.
// Any unit can therefore serve any session.
//
// The fence (api/agent.hpp) determines which agent owns a session: it increases when another agent claims the session,
// and when the gateway gives one up. Late reports and claims carry a lower fence and have no effect.
//
// All calls are made on the loop, which has stopped when a Gateway is destroyed. The refusal of an `Outcome` is sent to
// the client.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>

#include "cloud/api/gateway.hpp"
#include "cloud/api/rate_limit.hpp"
#include "cloud/bus/bus.hpp"
#include "cloud/gateway/agents.hpp"
#include "cloud/gateway/relay.hpp"
#include "cloud/gateway/settings.hpp"
#include "cloud/gateway/tokens.hpp"
#include "cloud/store/replica.hpp"
#include "cloud/store/secrets_key.hpp"
#include "cloud/trust/verifier.hpp"
#include "net/clock.hpp"

namespace redan::cloud::gateway {

using api::GatewayOperation;
using api::Outcome;

struct Config {
  std::string url;  ///< the gateway's URL for clients, for WebSockets: "wss://gw.example:4000"
  /// Encrypts the root key in the store; null: a new key is generated, so that no other unit can decrypt it.
  std::shared_ptr<const store::SecretsKey> secrets_key{};
  std::size_t max_sessions = 100'000;
  std::size_t max_accounts = 1'000;
  std::size_t database_nodes = 1;        ///< of the store
  bool refuses_unknown_members = false;  ///< of requests; otherwise they are ignored and logged
  Duration max_trust_staleness = trust::kMaxTrustStaleness;
  std::chrono::milliseconds create_timeout{10'000};  ///< for an agent to create an instance
  std::chrono::milliseconds command_timeout{5'000};  ///< for all other requests to an agent
  std::chrono::milliseconds sweep_interval{10'000};
  RelayLimits relay{};
  std::function<WallTime()> wall_time = net::wall_time;  ///< replaced in tests
  std::function<TimePoint()> now = net::now;
  std::function<void(std::string_view)> log;  ///< logs one line; it contains no secrets
};

/// The caller, after its token has been verified.
struct ApiCaller {
  std::string account;                                      ///< Account::reference, or local_account()
  std::vector<GatewayOperation> allow{};                    ///< as Account::allow
  std::optional<std::string> operation, session, region{};  ///< the restrictions of the token
  api::Quota quota = api::kUnlimited;

  /// Error: token_scope. A caller whose token is restricted to a session or a region is refused every operation that
  /// does not name it.
  [[nodiscard]] Outcome<void> may(GatewayOperation wanted, std::string_view of_session = {},
                                  std::string_view in_region = {}) const;
  /// Whether the session exists for this caller: its own sessions do, and all sessions for an administrator.
  [[nodiscard]] bool reaches(const api::Session& session) const;
  /// Whether the session may be included in a list for this caller.
  [[nodiscard]] bool sees(const api::Session& session) const;
  [[nodiscard]] bool administrator() const;
};

/// Identifies a user of the Unix socket, who has no account. No account can have this name.
std::string local_account(std::uint32_t uid);

class Gateway {
 public:
  Gateway(boost::asio::io_context& io, Config config, store::Store& store, bus::Bus& bus, Provider& provider);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Loads the store, creates the root key if it does not exist, subscribes to the bus, and follows the store from then
  /// on. Must complete, once, before any other call.
  [[nodiscard]] net::Task<Result<void>> start();
  /// Closes all sockets with an error message, and stops answering on the bus.
  void stop();
  [[nodiscard]] bool started() const { return started_; }
  /// The store answers.
  [[nodiscard]] bool healthy() const { return started_ && !stopped_ && is_fresh(); }
  /// Messages sent while the bus was disconnected are lost: requests announcements from the agents, and retransmits on
  /// all links.
  void on_bus_connected();

  // Authentication (accounts.cpp). Errors: trust_stale, token_revoked (the account does not exist, or the token is not
  // its token), and those of GatewayTokens::verify.
  [[nodiscard]] Result<ApiCaller> admit(std::string_view token);
  struct NewAccount {
    api::Account account;
    std::string token;  ///< returned only here
  };
  [[nodiscard]] net::Task<Outcome<NewAccount>> create_account(std::string name, std::chrono::seconds life,
                                                              std::vector<GatewayOperation> allow,
                                                              api::Quota quota = {});
  /// Closes the account's sockets and removes its shares, on all units; its sessions remain, for administrators.
  [[nodiscard]] net::Task<Outcome<void>> remove_account(std::string name);
  [[nodiscard]] const std::map<std::string, api::Account>& accounts() const { return accounts_; }

  // Sessions (sessions.cpp).
  [[nodiscard]] net::Task<Outcome<api::SessionGrant>> create(ApiCaller caller, api::SessionRequest request,
                                                             std::string idempotency_key);
  /// `screen` changes the members that it has; the others keep the session's values.
  [[nodiscard]] net::Task<Outcome<api::SessionGrant>> join(ApiCaller caller, std::string id, api::json::object screen);
  [[nodiscard]] net::Task<Outcome<api::Session>> session(ApiCaller caller, std::string id);
  struct RemoveRequest {
    bool force = false;  ///< does not wait for the runtime, and succeeds even if the agent does not answer
    bool sync = false;   ///< returns when the session has ended
  };
  [[nodiscard]] net::Task<Outcome<void>> remove(ApiCaller caller, std::string id, RemoveRequest request);
  /// Removes each session separately; the outcomes are in the order of the ids.
  [[nodiscard]] net::Task<std::vector<Outcome<void>>> remove_all(ApiCaller caller, std::vector<std::string> ids,
                                                                 RemoveRequest request);
  /// The session as clients see it.
  [[nodiscard]] api::Session shown(api::Session session) const;
  /// The sessions that the caller may see, from this unit's copy.
  [[nodiscard]] std::vector<api::Session> visible(const ApiCaller& caller) const;

  // Shares (shares.cpp).
  [[nodiscard]] net::Task<Outcome<api::Share>> share(ApiCaller caller, std::string session, api::ShareRequest request);
  [[nodiscard]] Outcome<api::Share> find_share(const ApiCaller& caller, GatewayOperation operation,
                                               const std::string& id) const;
  [[nodiscard]] net::Task<Outcome<api::Share>> change_share(ApiCaller caller, std::string id, api::ShareChange change);
  /// Also closes the signalling sockets of clients that joined with this share.
  [[nodiscard]] net::Task<Outcome<void>> remove_share(ApiCaller caller, std::string id);
  /// The bearer of a share's token joins as a viewer.
  [[nodiscard]] net::Task<Outcome<api::SessionGrant>> connect(std::string session, api::ShareType type,
                                                              std::string token);
  /// The URL of a share, including its token.
  [[nodiscard]] std::string share_url(const api::Share& share);
  [[nodiscard]] bool sees_share(const ApiCaller& caller, const api::Share& share) const;
  [[nodiscard]] const std::map<std::string, api::Share>& shares() const { return shares_; }

  // Signalling (sockets.cpp).
  struct SocketAdmission {
    SocketClaims claims;
    std::string over;  ///< the session has ended: the reason, for the client
  };
  /// Whether the bearer may open a socket of this session. Refusals: 401, 403, 404.
  [[nodiscard]] net::Task<Outcome<SocketAdmission>> admit_socket(std::string token, std::string session);
  /// Whether the account and the share for which a socket was granted still exist.
  [[nodiscard]] bool stands(const SocketClaims& claims) const;
  [[nodiscard]] Relay& relay() { return relay_; }

  // Configuration (config.cpp).
  [[nodiscard]] const Settings& config() const { return settings_; }
  [[nodiscard]] net::Task<Outcome<void>> set_config(ApiCaller caller, api::json::object changes);

  /// One run of the periodic sweep: ended sessions, lost agents, sessions without an agent, expired shares.
  [[nodiscard]] net::Task<void> sweep_once();

  [[nodiscard]] const Agents& agents() const { return agents_; }
  struct Known {
    api::Session session;
    store::Revision revision{};
    store::Revision created{};  ///< orders concurrent requests
  };
  [[nodiscard]] const std::map<std::string, Known>& sessions() const { return sessions_; }
  [[nodiscard]] const Config& settings() const { return config_; }
  [[nodiscard]] api::UnknownMembers unknown_members() const { return {config_.refuses_unknown_members, config_.log}; }

 private:
  enum class Edit : std::uint8_t { write, nothing };
  using Editing = std::function<Outcome<Edit>(api::Session&)>;

  [[nodiscard]] net::Task<Result<void>> load();
  [[nodiscard]] net::Task<Result<void>> ensure_root_key();
  [[nodiscard]] store::ReplicaParts replica_parts();
  [[nodiscard]] Result<void> listen();
  void on_put(const store::Entry& entry);
  void on_erase(const std::string& key);
  /// Checks `done` after each event of the watch; returns false when `timeout` expires.
  [[nodiscard]] net::Task<bool> until(std::function<bool()> done, Duration timeout);
  /// Waits until the watch has delivered this commit, so that its effects are known to this unit.
  [[nodiscard]] net::Task<void> caught_up(store::Revision revision);
  void log(std::string_view line) const;
  [[nodiscard]] bool is_fresh() const { return fresh_ && config_.now() - *fresh_ <= config_.max_trust_staleness; }
  [[nodiscard]] WallTime wall_time() const { return config_.wall_time(); }
  [[nodiscard]] std::int64_t seconds() const { return wall_time().seconds_since_1970; }

  // Messages from agents (reports.cpp). `agent` is the one in the subject: the bus permits only this agent to publish
  // there.
  net::Task<void> on_announcement(std::string agent, std::string payload, std::string reply_to);
  net::Task<void> on_claim(std::string agent, std::string payload, std::string reply_to);
  net::Task<void> on_state(std::string agent, std::string payload, std::string reply_to);
  [[nodiscard]] net::Task<Outcome<api::SessionSpec>> claim(api::Claim claim);
  /// Makes the session that the claim announces, unless it exists (launched.cpp).
  [[nodiscard]] net::Task<Outcome<void>> make_launched(api::Claim claim);
  [[nodiscard]] Outcome<void> may_announce(const api::Claim& claim) const;
  [[nodiscard]] net::Task<Outcome<void>> report(api::StateReport report);

  [[nodiscard]] api::SessionSpec spec_of(const api::Session& session) const;
  void remember(const api::Session& session, store::Revision revision, store::Revision created);
  [[nodiscard]] bool is_current(std::string_view account) const;
  [[nodiscard]] std::string maker_of(const api::Share& share) const;
  [[nodiscard]] bool stands(const api::Share& share) const;
  /// Closes all sockets whose account or share no longer exists.
  void cut_off();
  /// The number of this account's sessions that have not ended and are older than `before`.
  [[nodiscard]] std::size_t count_sessions(const std::string& account, store::Revision before) const;
  [[nodiscard]] std::size_t count_shares(const std::string& account) const;
  [[nodiscard]] net::Task<Outcome<Known>> read_session(std::string id);
  /// Reads, changes and writes a session, and retries if another writer was faster. Returns its new state. `also` is
  /// committed with it.
  [[nodiscard]] net::Task<Outcome<api::Session>> edit_session(std::string id, Editing edit,
                                                              std::vector<store::Change> also = {});
  [[nodiscard]] net::Task<Outcome<api::SessionGrant>> create_new(ApiCaller caller, api::SessionRequest request,
                                                                 std::string idempotency, std::string request_sha256);
  /// The session that a previous request with this key created; nullopt if there is none, or it no longer exists.
  [[nodiscard]] net::Task<Outcome<std::optional<api::SessionGrant>>> repeat(std::string idempotency,
                                                                            std::string request_sha256);
  [[nodiscard]] net::Task<void> forget(const api::Session& session);
  [[nodiscard]] net::Task<Outcome<std::vector<api::IceServer>>> place(api::Session session,
                                                                      std::vector<std::string> agents);
  [[nodiscard]] net::Task<Outcome<void>> settle(api::Session session, api::Created created, std::string region);
  net::Task<void> give_up(api::Session session, std::string why);
  [[nodiscard]] net::Task<Outcome<void>> write_off(std::string id, std::int64_t fence);
  [[nodiscard]] net::Task<Outcome<void>> ended(std::string id);
  struct Batch;
  net::Task<void> remove_next(std::shared_ptr<Batch> batch, ApiCaller caller, RemoveRequest request);
  // Sessions that their agent does not know (checks.cpp).
  struct Check {
    TimePoint due;
    std::optional<TimePoint> unserved_since{};
    bool running = false;
  };
  void check_sessions();
  net::Task<void> check_session(api::Session session);
  enum class Due : std::uint8_t { nothing, erasing, failing, ending, losing };
  [[nodiscard]] Due due_for(const api::Session& session);
  net::Task<void> sweep();
  [[nodiscard]] net::Task<void> sweep_session(Known known);
  [[nodiscard]] net::Task<void> sweep_share(api::Share share);
  [[nodiscard]] net::Task<Outcome<std::string>> command(std::string session, api::Command command);
  [[nodiscard]] Outcome<api::SessionGrant> grant(api::Session session, SocketClaims claims,
                                                 std::vector<api::IceServer> ice_servers);

  boost::asio::io_context& io_;
  Config config_;
  store::Store& store_;
  bus::Bus& bus_;
  Provider& provider_;
  Relay relay_;
  std::optional<Tokens> tokens_;
  store::Replica replica_;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
  std::optional<TimePoint> fresh_;  ///< when the store last confirmed that no event was missed
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiting_;
  std::map<std::string, api::Account> accounts_;
  std::map<std::string, Known> sessions_;
  std::map<std::string, api::Share> shares_;
  std::map<std::string, api::IdempotencyRecord> idempotency_;
  Settings settings_;
  Agents agents_;
  std::map<std::string, Check> checks_;  ///< by session
  std::size_t checks_running_ = 0;
  api::RateLimit announcements_{2};  ///< by agent
  api::RateLimit reports_{2};        ///< by session
  boost::asio::steady_timer sweep_timer_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace redan::cloud::gateway
