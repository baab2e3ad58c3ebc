// The life of a session: joining, leaving, and incoming messages.
#include "wamp/session.hpp"

#include <algorithm>

#include "wamp/errors.hpp"

namespace redan::wamp {
namespace {

Dict features(std::initializer_list<std::string_view> names, bool encrypts) {
  Dict features;
  for (const std::string_view name : names) features.append(std::string(name), true);
  features.append("payload_passthru_mode", true);
  if (encrypts) {
    features.append("payload_transparency", true);
    features.append("payload_encryption_cryptobox", true);
  }
  return Dict{{"features", std::move(features)}};
}

/// The features that are implemented here or forwarded, and no others.
Dict roles(bool encrypts) {
  return {{"publisher",
           features({"publisher_exclusion", "subscriber_blackwhite_listing", "publisher_identification"}, encrypts)},
          {"subscriber",
           features({"pattern_based_subscription", "publisher_identification", "subscription_revocation"}, encrypts)},
          {"caller",
           features({"progressive_call_results", "call_canceling", "call_timeout", "caller_identification"}, encrypts)},
          {"callee", features({"progressive_call_results", "call_canceling", "caller_identification",
                               "pattern_based_registration", "shared_registration", "registration_revocation"},
                              encrypts)}};
}

std::string text_in(const Dict& details, std::string_view key) {
  const Value* const value = details.find(key);
  return value == nullptr ? std::string() : std::string(value->text().value_or(""));
}

}  // namespace

ClientSession::ClientSession(TimePoint now, SessionConfig config, Provider& provider)
    : config_(std::move(config)),
      provider_(provider),
      state_(Joining{now + config_.limits.join_timeout}),
      called_(config_.limits.max_seen_boxes),
      invoked_(config_.limits.max_seen_boxes),
      events_(config_.limits.max_seen_boxes) {
  Hello hello{config_.realm, {}};
  hello.details["roles"] = roles(config_.key_ring != nullptr);
  introduce(config_.credential, hello.details);
  send(std::move(hello));
}

void ClientSession::handle_input(TimePoint, Bytes bytes) {
  if (ended()) return;
  auto message = read_message(config_.serializer, bytes, config_.limits.decode);
  if (!message) return violation("a message does not parse");
  std::visit([&](auto& state) { on(state, std::move(*message)); }, state_);
}

void ClientSession::handle_close(Failure why) {
  if (const auto* leaving = std::get_if<Leaving>(&state_)) why = leaving->why;
  close(std::move(why));
}

ClientSession::Output ClientSession::poll_output(TimePoint now) {
  expire(now);
  if (!outputs_.empty()) {
    Output first = std::move(outputs_.front());
    outputs_.pop_front();
    return first;
  }
  if (const auto* joining = std::get_if<Joining>(&state_)) return Wait{joining->deadline};
  if (const auto* leaving = std::get_if<Leaving>(&state_)) return Wait{leaving->deadline};
  const auto* live = std::get_if<Established>(&state_);
  return Wait{live == nullptr || live->deadlines.empty() ? kNever : live->deadlines.begin()->first};
}

void ClientSession::leave(TimePoint now, std::string_view reason) {
  if (ended() || std::holds_alternative<Leaving>(state_)) return;
  const Failure why{Errc::closed_locally};
  if (!joined()) {
    send(Abort{{}, std::string(reason)});
    return close(why);
  }
  send(Goodbye{{}, std::string(reason)});
  fail_all(why);
  state_ = Leaving{now + config_.limits.goodbye_timeout, why};
}

// Incoming messages.

void ClientSession::on(Joining& state, Message message) {
  if (auto* challenge = std::get_if<Challenge>(&message)) return on_challenge(state, *challenge);
  if (auto* welcome = std::get_if<Welcome>(&message)) return on_welcome(std::move(*welcome));
  if (auto* abort = std::get_if<Abort>(&message)) return on_abort(std::move(*abort));
  violation("neither WELCOME nor CHALLENGE nor ABORT");
}

void ClientSession::on(Established& state, Message message) {
  std::visit([&](auto& m) { act(state, std::move(m)); }, message);
}

void ClientSession::on(Leaving& state, const Message& message) {
  if (!std::holds_alternative<Goodbye>(message) && !std::holds_alternative<Abort>(message)) return;
  Failure why = std::move(state.why);
  close(std::move(why));
}

void ClientSession::on_challenge(Joining& state, const Challenge& message) {
  if (std::exchange(state.challenged, true)) return violation("a second CHALLENGE");
  auto reply = answer(config_.credential, message, provider_);
  if (reply) return send(std::move(*reply));
  send(Abort{{}, "wamp.error.cannot_authenticate"});
  close({reply.error(), {}, "the router wants " + message.method});
}

void ClientSession::on_welcome(Welcome&& message) {
  Established state;
  state.session = message.session;
  const Value* const roles = message.details.find("roles");
  const Dict* const by_name = roles == nullptr ? nullptr : roles->get_if<Dict>();
  const Value* const dealer = by_name == nullptr ? nullptr : by_name->find("dealer");
  state.dealer_cancels = has_feature(dealer, "call_canceling");
  outputs_.emplace_back(Joined{message.session, std::move(message.details)});
  state_ = std::move(state);
}

void ClientSession::on_abort(Abort&& message) {
  close({errc::wamp_aborted, std::move(message.reason), text_in(message.details, "message")});
}

void ClientSession::act(Established&, Goodbye&& message) {
  send(Goodbye{{}, "wamp.close.goodbye_and_out"});
  close({errc::wamp_aborted, std::move(message.reason), text_in(message.details, "message")});
}

void ClientSession::act(Established&, Abort&& message) { on_abort(std::move(message)); }

bool ClientSession::has_feature(const Value* role, std::string_view name) {
  const Dict* const members = role == nullptr ? nullptr : role->get_if<Dict>();
  const Value* const all = members == nullptr ? nullptr : members->find("features");
  const Dict* const features = all == nullptr ? nullptr : all->get_if<Dict>();
  const Value* const feature = features == nullptr ? nullptr : features->find(name);
  return feature != nullptr && feature->boolean().value_or(false);
}

// Requests.

redan::Result<ClientSession::Established*> ClientSession::established() {
  auto* const live = std::get_if<Established>(&state_);
  if (live == nullptr) return refuse(Errc::not_connected);
  return live;
}

Id ClientSession::begin(Established& state, Request request) {
  const Id id = ++state.last_request;
  if (request.deadline != kNever) state.deadlines.emplace(request.deadline, id);
  state.requests.emplace(id, std::move(request));
  return id;
}

std::optional<ClientSession::Request> ClientSession::finish(Established& state, Id request, MessageType type) {
  const auto at = state.requests.find(request);
  if (at == state.requests.end() || at->second.type != type) {
    // A request that timed out or was canceled here may still be answered.
    const bool late = at == state.requests.end() && request <= state.last_request;
    if (!late) violation("an answer to a request that was never made");
    return std::nullopt;
  }
  Request found = std::move(at->second);
  state.deadlines.erase({found.deadline, request});
  state.requests.erase(at);
  return found;
}

void ClientSession::expire(TimePoint now) {
  if (const auto* joining = std::get_if<Joining>(&state_); joining != nullptr && joining->deadline <= now) {
    return close({errc::wamp_timeout, {}, "the router does not answer to HELLO"});
  }
  if (const auto* leaving = std::get_if<Leaving>(&state_); leaving != nullptr && leaving->deadline <= now) {
    Failure why = leaving->why;
    return close(std::move(why));
  }
  auto* const live = std::get_if<Established>(&state_);
  while (live != nullptr && !live->deadlines.empty() && live->deadlines.begin()->first <= now) {
    const Id id = live->deadlines.begin()->second;
    live->deadlines.erase(live->deadlines.begin());
    const MessageType type = live->requests.extract(id).mapped().type;
    if (type == MessageType::call && live->dealer_cancels) send(Cancel{id, {{"mode", "killnowait"}}});
    outputs_.emplace_back(Failed{id, {errc::wamp_timeout}});
  }
}

// Termination.

void ClientSession::send(Message message) {
  outputs_.emplace_back(Transmit{write_message(config_.serializer, std::move(message))});
}

redan::Result<void> ClientSession::send_payload(Message message) {
  auto bytes = write_message(config_.serializer, std::move(message));
  if (bytes.size() > config_.limits.max_sent) return refuse(errc::wamp_too_large);
  outputs_.emplace_back(Transmit{std::move(bytes)});
  return {};
}

void ClientSession::fail_all(const Failure& why) {
  auto* const live = std::get_if<Established>(&state_);
  if (live == nullptr) return;
  for (const auto& [id, request] : live->requests) outputs_.emplace_back(Failed{id, why});
}

void ClientSession::close(Failure why) {
  if (ended()) return;
  fail_all(why);
  outputs_.emplace_back(Closed{std::move(why)});
  state_ = Ended{};
}

void ClientSession::violation(std::string_view what) {
  send(Abort{{{"message", what}}, "wamp.error.protocol_violation"});
  close({errc::wamp_protocol, {}, std::string(what)});
}

// Encryption.

redan::Result<Payload> ClientSession::opened(Party party, std::string_view uri, Payload&& payload,
                                             const Dict& attributes, SeenBoxes& seen, Id place, Protection& how) {
  if (config_.key_ring == nullptr) {
    if (payload.sealed) return refuse(errc::wamp_no_key);
    return std::move(payload);
  }
  const auto nonce = nonce_of(payload, attributes);
  auto clear = config_.key_ring->open(party, uri, std::move(payload), attributes, &how);
  // The application that opens carried boxes also detects repetitions, and knows more.
  if (clear && !clear->sealed && how.encrypted() && nonce && !seen.insert(*nonce, place))
    return refuse(errc::wamp_replayed);
  return clear;
}

redan::Result<Payload> ClientSession::sealed(std::string_view uri, Payload&& payload, Dict& options,
                                             const Protection* like) {
  if (options.find("enc_algo") != nullptr) return refuse(Errc::invalid_argument);
  if (config_.key_ring == nullptr) {
    if (payload.sealed) return refuse(Errc::invalid_argument);
    return std::move(payload);
  }
  return config_.key_ring->seal(Party::originator, uri, std::move(payload), options, provider_, like);
}

}  // namespace redan::wamp
