// A WAMP router without I/O: messages of many connections go in, messages to them come out. One object serves all
// realms; sessions of different realms cannot reach each other.
//
// Sealed payloads and payloads in passthru mode are forwarded unchanged and are not inspected. No payload is logged.
#pragma once

#include "wamp/router/authentication.hpp"
#include "wamp/router/authorization.hpp"
#include "wamp/router/broker.hpp"
#include "wamp/router/dealer.hpp"

namespace redan::wamp {

struct RealmConfig {
  std::string name;
  std::vector<Role> roles{};
  AuthenticationConfig authentication{};
  Typing typing{};
  HistoryLimits history{};
  bool disclosure = false;  ///< whether sessions may disclose themselves, and callees may require it
};

struct RouterLimits {
  std::size_t max_connections = 16'384;
  std::chrono::milliseconds authentication_timeout{10'000};  ///< from connection, or GOODBYE, to WELCOME
  std::size_t max_uri = 512;
  BrokerLimits broker{};
  DealerLimits dealer{};
};

struct RouterConfig {
  std::vector<RealmConfig> realms{};
  RouterLimits limits{};
};

class Router {
 public:
  Router(RouterConfig config, Provider& provider);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Adds a connection; false if there are too many. Ids are never reused.
  [[nodiscard]] bool open(TimePoint now, ConnectionId connection, TransportFacts facts);
  /// Input for a closed connection is ignored.
  void handle_input(TimePoint now, WallTime wall, ConnectionId connection, Message message);
  /// The input was not a message: a protocol violation, or larger than the limit.
  enum class Unreadable : std::uint8_t { malformed, too_large };
  void handle_unreadable(ConnectionId connection, Unreadable why);
  /// The client does not accept a message of this length: what waits for it is told. An EVENT is only dropped.
  void handle_unsendable(ConnectionId connection, MessageType type, Id request);
  /// The transport has closed.
  void close(ConnectionId connection);
  /// Sends GOODBYE to all sessions; they can answer until the transports are closed.
  void shut_down();

  /// The next outputs, in order. Wait has the time of the next timeout.
  RouterOutput poll_output(TimePoint now);

  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t sessions() const { return sessions_; }

 private:
  struct Realm;
  struct Connection;
  struct AwaitHello {};
  struct AwaitAuthenticate {
    Realm* realm = nullptr;
    Id session = 0;
    Dict roles{};
    Attempt attempt{};
  };
  struct Established {
    Realm* realm = nullptr;
    const Role* role = nullptr;
    std::unique_ptr<Session> session{};
  };
  struct AwaitGoodbye {};
  using State = std::variant<AwaitHello, AwaitAuthenticate, Established, AwaitGoodbye>;
  /// One input, with its time and connection.
  struct Turn {
    TimePoint now;
    WallTime wall;
    Connection& connection;
  };

  void on(AwaitHello& state, const Turn& turn, Message message);
  void on(AwaitAuthenticate& state, const Turn& turn, Message message);
  void on(Established& state, const Turn& turn, Message message);
  void on(AwaitGoodbye& state, const Turn& turn, const Message& message);
  void welcome(const Turn& turn, AwaitAuthenticate joining, Principal principal);

  void act(Established& at, const Turn& turn, Subscribe message);
  void act(Established& at, const Turn& turn, const Unsubscribe& message);
  void act(Established& at, const Turn& turn, Publish message);
  void act(Established& at, const Turn& turn, const Register& message);
  void act(Established& at, const Turn& turn, const Unregister& message);
  void act(Established& at, const Turn& turn, Call message);
  void act(Established& at, const Turn& turn, const Cancel& message);
  void act(Established& at, const Turn& turn, Yield message);
  void act(Established& at, const Turn& turn, Error message);
  void act(Established& at, const Turn& turn, const Goodbye& message);
  /// Messages that only routers send, or that are out of place.
  template <class M>
  void act(Established& at, const Turn& turn, const M& message);

  struct Refusal {
    std::string_view error;
    std::string_view text;
  };
  [[nodiscard]] std::optional<Refusal> refusal(const Established& at, Action action, std::optional<Match> match,
                                               const std::string& uri) const;

  void leave(Connection& connection);
  void abort(Connection& connection, std::string_view reason, std::string_view text);
  void drop(Connection& connection);
  void expire(TimePoint now);

  RouterConfig config_;
  std::vector<std::unique_ptr<Realm>> realms_;
  RandomSource& random_;
  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::set<std::pair<TimePoint, ConnectionId>> deadlines_;  ///< of connections that have not joined
  std::size_t sessions_ = 0;
  Outbox outbox_;
};

}  // namespace redan::wamp
