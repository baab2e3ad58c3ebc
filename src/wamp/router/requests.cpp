// A session's requests: checks permissions, then calls the broker or the dealer.
#include <algorithm>

#include "wamp/router/realm.hpp"
#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

/// Requests whose ids count up in a session (WAMP, "IDs", session scope).
template <class M>
constexpr bool kCounted =
    std::is_same_v<M, Subscribe> || std::is_same_v<M, Unsubscribe> || std::is_same_v<M, Publish> ||
    std::is_same_v<M, Register> || std::is_same_v<M, Unregister> || std::is_same_v<M, Call>;

bool is_set(const Dict& options, std::string_view key) {
  const Value* value = options.find(key);
  return value != nullptr && value->boolean().value_or(false);
}

}  // namespace

void Router::on(Established& state, const Turn& turn, Message message) {
  std::visit(
      [&](auto& request) {
        using M = std::decay_t<decltype(request)>;
        if constexpr (kCounted<M>) {
          if (request.request != state.session->last_request + 1) {
            return abort(turn.connection, uris::kProtocolViolation, "request ids count from 1 in steps of 1");
          }
          ++state.session->last_request;
        }
        act(state, turn, std::move(request));
      },
      message);
}

/// Whether the URI, or all URIs that match the pattern, may be used in this way.
std::optional<Router::Refusal> Router::refusal(const Established& at, Action action, std::optional<Match> match,
                                               const std::string& uri) const {
  if (!match) return Refusal{uris::kInvalidArgument, "an unknown way of matching"};
  if (uri.size() > config_.limits.max_uri || !is_well_formed(*match, uri)) {
    return Refusal{uris::kInvalidUri, "this is no URI"};
  }
  const bool offers = action == Action::register_ || action == Action::publish;
  if (offers && uri.starts_with(uris::kReserved)) return Refusal{uris::kInvalidUri, "this URI is reserved"};
  if (!at.role->allows(action, *match, uri, at.session->principal)) {
    return Refusal{uris::kNotAuthorized, "this role may not do that"};
  }
  return std::nullopt;
}

// Publish and subscribe.

void Router::act(Established& at, const Turn&, Subscribe message) {
  const auto match = parse_match(message.options.find("match"));
  if (const auto no = refusal(at, Action::subscribe, match, message.topic)) {
    return outbox_.refuse(*at.session, MessageType::subscribe, message.request, no->error, no->text);
  }
  // Events of the meta API: a subscription to what never comes would look like success.
  if (message.topic.starts_with(uris::kReserved)) {
    return outbox_.refuse(*at.session, MessageType::subscribe, message.request, uris::kFeatureNotSupported,
                          "this router publishes no meta events");
  }
  at.realm->broker.subscribe(*at.session, message, *match, outbox_);
}

void Router::act(Established& at, const Turn&, const Unsubscribe& message) {
  at.realm->broker.unsubscribe(*at.session, message, outbox_);
}

void Router::act(Established& at, const Turn&, Publish message) {
  if (const auto no = refusal(at, Action::publish, Match::exact, message.topic)) {
    if (!is_set(message.options, "acknowledge")) return;
    return outbox_.refuse(*at.session, MessageType::publish, message.request, no->error, no->text);
  }
  at.realm->broker.publish(*at.session, std::move(message), outbox_);
}

// Remote procedure calls.

void Router::act(Established& at, const Turn&, const Register& message) {
  auto match = parse_match(message.options.find("match"));
  // Pattern-based registrations are not announced.
  if (match != Match::exact) match.reset();
  if (const auto no = refusal(at, Action::register_, match, message.procedure)) {
    return outbox_.refuse(*at.session, MessageType::register_, message.request, no->error, no->text);
  }
  at.realm->dealer.register_procedure(*at.session, message, outbox_);
}

void Router::act(Established& at, const Turn&, const Unregister& message) {
  at.realm->dealer.unregister(*at.session, message, outbox_);
}

void Router::act(Established& at, const Turn& turn, Call message) {
  if (const auto no = refusal(at, Action::call, Match::exact, message.procedure)) {
    return outbox_.refuse(*at.session, MessageType::call, message.request, no->error, no->text);
  }
  if (message.procedure == uris::kGetEvents) return at.realm->broker.get_events(*at.session, message, outbox_);
  at.realm->dealer.call(turn.now, *at.session, std::move(message), outbox_);
}

void Router::act(Established& at, const Turn&, const Cancel& message) {
  at.realm->dealer.cancel(*at.session, message, outbox_);
}

void Router::act(Established& at, const Turn& turn, Yield message) {
  if (at.realm->dealer.yield(*at.session, std::move(message), outbox_)) return;
  abort(turn.connection, uris::kProtocolViolation, "YIELD that no invocation waits for");
}

void Router::act(Established& at, const Turn& turn, Error message) {
  if (!is_uri(message.error)) return abort(turn.connection, uris::kProtocolViolation, "ERROR without a URI");
  if (at.realm->dealer.error(*at.session, std::move(message), outbox_)) return;
  abort(turn.connection, uris::kProtocolViolation, "ERROR that no invocation waits for");
}

// The rest.

template <class M>
void Router::act(Established&, const Turn& turn, const M&) {
  if constexpr (std::is_same_v<M, Abort>) return drop(turn.connection);
  abort(turn.connection, uris::kProtocolViolation, "a session may not send this");
}

}  // namespace redan::wamp
