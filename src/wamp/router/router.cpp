// Connections, joining and leaving. Requests of sessions are in requests.cpp.
#include "wamp/router/router.hpp"

#include <algorithm>

#include "wamp/router/realm.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

Dict features(std::initializer_list<std::string_view> names) {
  Dict all;
  for (const std::string_view name : names) all.append(std::string(name), true);
  return {{"features", all}};
}

/// The implemented features, and no others.
Dict router_roles() {
  return {{"broker", features({"publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing",
                               "pattern_based_subscription", "event_history", "payload_transparency",
                               "payload_encryption_cryptobox", "payload_passthru_mode"})},
          {"dealer", features({"caller_identification", "call_canceling", "call_timeout", "progressive_call_results",
                               "shared_registration", "payload_transparency", "payload_encryption_cryptobox",
                               "payload_passthru_mode"})}};
}

bool announces(const Dict& roles, std::string_view role, std::string_view feature) {
  const Value* its = roles.find(role);
  const Dict* said = its == nullptr ? nullptr : its->get_if<Dict>();
  const Value* all = said == nullptr ? nullptr : said->find("features");
  const Dict* names = all == nullptr ? nullptr : all->get_if<Dict>();
  const Value* one = names == nullptr ? nullptr : names->find(feature);
  return one != nullptr && one->boolean().value_or(false);
}

OpaquePayloads opaque_payloads(const Dict& roles, std::string_view role) {
  return {announces(roles, role, "payload_transparency"), announces(roles, role, "payload_passthru_mode")};
}

/// A client must have at least one role (WAMP, "HELLO"); unknown roles are ignored.
const Dict* client_roles(const Dict& details) {
  static constexpr std::array<std::string_view, 4> kRoles = {"publisher", "subscriber", "caller", "callee"};
  const Value* value = details.find("roles");
  const Dict* roles = value == nullptr ? nullptr : value->get_if<Dict>();
  if (roles == nullptr || roles->empty()) return nullptr;
  const auto is_known = [](const Dict::Entry& entry) {
    return std::find(kRoles.begin(), kRoles.end(), entry.first) != kRoles.end();
  };
  const auto is_damaged = [&](const Dict::Entry& entry) {
    return is_known(entry) && entry.second.get_if<Dict>() == nullptr;
  };
  const bool good =
      std::any_of(roles->begin(), roles->end(), is_known) && std::none_of(roles->begin(), roles->end(), is_damaged);
  return good ? roles : nullptr;
}

}  // namespace

Router::Router(RouterConfig config, Provider& provider) : config_(std::move(config)), random_(provider) {
  for (const RealmConfig& realm : config_.realms) {
    realms_.push_back(std::make_unique<Realm>(realm, config_.limits, provider));
  }
}
Router::~Router() = default;

std::size_t Router::connections() const { return connections_.size(); }

bool Router::open(TimePoint now, ConnectionId id, TransportFacts facts) {
  if (connections_.size() >= config_.limits.max_connections) return false;
  const TimePoint deadline = now + config_.limits.authentication_timeout;
  connections_.emplace(id, std::make_unique<Connection>(Connection{id, std::move(facts), deadline}));
  deadlines_.emplace(deadline, id);
  return true;
}

void Router::handle_input(TimePoint now, WallTime wall, ConnectionId id, Message message) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  const Turn turn{now, wall, *at->second};
  std::visit([&](auto& state) { on(state, turn, std::move(message)); }, turn.connection.state);
}

void Router::handle_unreadable(ConnectionId id, Unreadable why) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  if (why == Unreadable::too_large) return abort(*at->second, uris::kPayloadSizeExceeded, "the message is too large");
  abort(*at->second, uris::kProtocolViolation, "this is no message");
}

void Router::handle_unsendable(ConnectionId id, MessageType type, Id request) {
  const auto at = connections_.find(id);
  auto* const joined = at == connections_.end() ? nullptr : std::get_if<Established>(&at->second->state);
  if (joined == nullptr) return;
  Dealer& dealer = joined->realm->dealer;
  if (type == MessageType::invocation) return dealer.undeliver(*joined->session, request, outbox_);
  if (type == MessageType::result || type == MessageType::error) dealer.withhold(*joined->session, request, outbox_);
}

void Router::close(ConnectionId id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  leave(*at->second);
  connections_.erase(at);
}

void Router::shut_down() {
  std::vector<ConnectionId> strangers;
  for (const auto& [id, connection] : connections_) {
    if (std::holds_alternative<Established>(connection->state)) {
      leave(*connection);
      connection->state = AwaitGoodbye{};
      outbox_.send(id, Goodbye{{}, std::string(uris::kSystemShutdown)});
    } else if (!std::holds_alternative<AwaitGoodbye>(connection->state)) {
      strangers.push_back(id);
    }
  }
  for (const ConnectionId id : strangers) {
    abort(*connections_.at(id), uris::kSystemShutdown, "the router shuts down");
  }
}

RouterOutput Router::poll_output(TimePoint now) {
  if (outbox_.empty()) expire(now);
  if (!outbox_.empty()) return outbox_.take();
  TimePoint until = deadlines_.empty() ? kNever : deadlines_.begin()->first;
  for (const auto& realm : realms_) until = std::min(until, realm->dealer.next_deadline());
  return Wait{until};
}

void Router::expire(TimePoint now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    abort(*connections_.at(deadlines_.begin()->second), uris::kTimeout, "joining took too long");
  }
  for (const auto& realm : realms_) realm->dealer.expire(now, outbox_);
}

// Joining.

void Router::on(AwaitHello&, const Turn& turn, Message message) {
  Connection& connection = turn.connection;
  const auto* hello = std::get_if<Hello>(&message);
  // A client that declines the router's offer sends ABORT and leaves.
  if (std::holds_alternative<Abort>(message)) return drop(connection);
  if (hello == nullptr) return abort(connection, uris::kProtocolViolation, "there is no session yet");
  const Dict* roles = client_roles(hello->details);
  if (roles == nullptr) return abort(connection, uris::kProtocolViolation, "HELLO names no roles of a client");
  const auto realm =
      std::find_if(realms_.begin(), realms_.end(), [&](const auto& each) { return each->config.name == hello->realm; });
  if (realm == realms_.end()) return abort(connection, uris::kNoSuchRealm, "there is no such realm");

  AwaitAuthenticate joining{realm->get(), random_id(random_), *roles};
  Admission admission = (*realm)->authenticator.begin(hello->details, connection.facts, joining.session, turn.wall);
  if (const auto* reason = std::get_if<std::string_view>(&admission)) {
    return abort(connection, *reason, "this client is not let in");
  }
  if (auto* principal = std::get_if<Principal>(&admission)) return welcome(turn, std::move(joining), *principal);
  auto& challenged = std::get<Challenged>(admission);
  joining.attempt = std::move(challenged.attempt);
  outbox_.send(connection.id, std::move(challenged.challenge));
  connection.state = std::move(joining);
}

void Router::on(AwaitAuthenticate& state, const Turn& turn, Message message) {
  const auto* authenticate = std::get_if<Authenticate>(&message);
  if (std::holds_alternative<Abort>(message)) return drop(turn.connection);
  if (authenticate == nullptr) return abort(turn.connection, uris::kProtocolViolation, "AUTHENTICATE was expected");
  const auto principal = state.realm->authenticator.finish(state.attempt, *authenticate, turn.wall);
  if (!principal) return abort(turn.connection, uris::kAuthenticationFailed, "this client is not let in");
  welcome(turn, std::move(state), *principal);
}

void Router::welcome(const Turn& turn, AwaitAuthenticate joining, Principal principal) {
  Connection& connection = turn.connection;
  const Role* role = joining.realm->find_role(principal.authrole);
  if (role == nullptr) return abort(connection, uris::kNoSuchRole, "there is no such role");
  const Dict details{{"realm", joining.realm->config.name},    {"authid", principal.authid},
                     {"authrole", principal.authrole},         {"authmethod", principal.authmethod},
                     {"authprovider", principal.authprovider}, {"roles", router_roles()}};
  auto session = std::make_unique<Session>(Session{connection.id, joining.session, std::move(principal)});
  session->callee_cancels = announces(joining.roles, "callee", "call_canceling");
  session->callee_progresses = announces(joining.roles, "callee", "progressive_call_results");
  session->as_caller = opaque_payloads(joining.roles, "caller");
  session->as_callee = opaque_payloads(joining.roles, "callee");
  session->as_subscriber = opaque_payloads(joining.roles, "subscriber");
  deadlines_.erase({connection.deadline, connection.id});
  connection.deadline = kNever;
  connection.state = Established{joining.realm, role, std::move(session)};
  ++sessions_;
  outbox_.send(connection.id, Welcome{joining.session, details});
}

// Leaving.

void Router::on(AwaitGoodbye&, const Turn& turn, const Message& message) {
  // Messages that it sent before it received GOODBYE are dropped.
  if (std::holds_alternative<Goodbye>(message)) drop(turn.connection);
}

void Router::act(Established&, const Turn& turn, const Goodbye&) {
  Connection& connection = turn.connection;
  leave(connection);
  outbox_.send(connection.id, Goodbye{{}, std::string(uris::kGoodbyeAndOut)});
  // The transport may carry another session.
  connection.deadline = turn.now + config_.limits.authentication_timeout;
  deadlines_.emplace(connection.deadline, connection.id);
  connection.state = AwaitHello{};
}

void Router::leave(Connection& connection) {
  if (connection.deadline != kNever) deadlines_.erase({connection.deadline, connection.id});
  connection.deadline = kNever;
  auto* at = std::get_if<Established>(&connection.state);
  if (at == nullptr || at->session == nullptr) return;
  at->realm->broker.remove(*at->session);
  at->realm->dealer.remove(*at->session, outbox_);
  at->session.reset();
  --sessions_;
}

void Router::abort(Connection& connection, std::string_view reason, std::string_view text) {
  outbox_.send(connection.id, Abort{{{"message", text}}, std::string(reason)});
  drop(connection);
}

void Router::drop(Connection& connection) {
  leave(connection);
  outbox_.close(connection.id);
  connections_.erase(ConnectionId(connection.id));
}

}  // namespace redan::wamp
