// Publisher and subscriber (WAMP, "Publish and Subscribe").
#include "wamp/errors.hpp"
#include "wamp/session.hpp"

namespace redan::wamp {
namespace {

bool is_set(const Dict& options, std::string_view key) {
  const Value* const value = options.find(key);
  return value != nullptr && value->boolean().value_or(false);
}

/// The next component of a URI, and whether more follow.
std::pair<std::string_view, bool> take_part(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return {part, dot != std::string_view::npos};
}

bool fits_wildcard(std::string_view pattern, std::string_view uri) {
  for (;;) {
    const auto [wanted, more_wanted] = take_part(pattern);
    const auto [part, more] = take_part(uri);
    if ((!wanted.empty() && wanted != part) || more_wanted != more) return false;
    if (!more) return true;
  }
}

}  // namespace

std::optional<ClientSession::Match> ClientSession::parse_match(const Dict& options) {
  const Value* const option = options.find("match");
  if (option == nullptr || option->text() == "exact") return Match::exact;
  if (option->text() == "prefix") return Match::prefix;
  if (option->text() == "wildcard") return Match::wildcard;
  return std::nullopt;
}

bool ClientSession::is_well_formed(const Pattern& pattern) {
  return pattern.match == Match::exact ? is_uri(pattern.uri) : is_uri_pattern(pattern.uri);
}

std::optional<std::string> ClientSession::uri_of(const Pattern& pattern, const Value* said) {
  if (pattern.match == Match::exact) {
    // Routers need not repeat it, but must not contradict it.
    if (said != nullptr && said->text() != pattern.uri) return std::nullopt;
    return pattern.uri;
  }
  const auto uri = said == nullptr ? std::nullopt : said->text();
  if (!uri || !is_uri(*uri)) return std::nullopt;
  const bool fits = pattern.match == Match::prefix ? uri->starts_with(pattern.uri) : fits_wildcard(pattern.uri, *uri);
  if (!fits) return std::nullopt;
  return std::string(*uri);
}

// Requests.

redan::Result<Id> ClientSession::subscribe(TimePoint now, std::string topic, Dict options) {
  return enter(now, MessageType::subscribe, std::move(topic), std::move(options));
}

redan::Result<Id> ClientSession::register_procedure(TimePoint now, std::string procedure, Dict options) {
  return enter(now, MessageType::register_, std::move(procedure), std::move(options));
}

redan::Result<Id> ClientSession::enter(TimePoint now, MessageType type, std::string uri, Dict options) {
  REDAN_TRY(const auto live, established());
  const auto match = parse_match(options);
  if (!match || !is_well_formed({uri, *match})) return refuse(Errc::invalid_argument);
  if ((live)->requests.size() >= config_.limits.max_requests) return refuse(Errc::too_many);
  const Id id = begin(*live, {type, {uri, *match}, now + config_.limits.request_timeout});
  if (type == MessageType::subscribe) {
    send(Subscribe{id, std::move(options), std::move(uri)});
  } else {
    send(Register{id, std::move(options), std::move(uri)});
  }
  return id;
}

redan::Result<Id> ClientSession::unsubscribe(TimePoint now, Id subscription) {
  return undo(now, MessageType::unsubscribe, subscription);
}

redan::Result<Id> ClientSession::unregister(TimePoint now, Id registration) {
  return undo(now, MessageType::unregister, registration);
}

redan::Result<Id> ClientSession::undo(TimePoint now, MessageType type, Id subject) {
  REDAN_TRY(const auto live, established());
  const bool subscription = type == MessageType::unsubscribe;
  const auto& granted = subscription ? (live)->subscriptions : (live)->registrations;
  if (!granted.contains(subject)) return refuse(Errc::invalid_argument);
  if ((live)->requests.size() >= config_.limits.max_requests) return refuse(Errc::too_many);
  Request request{type, {}, now + config_.limits.request_timeout};
  request.subject = subject;
  const Id id = begin(*live, std::move(request));
  if (subscription) {
    send(Unsubscribe{id, subject});
  } else {
    send(Unregister{id, subject});
  }
  return id;
}

redan::Result<Id> ClientSession::publish(TimePoint now, std::string topic, Payload payload, Dict options) {
  REDAN_TRY(const auto live, established());
  if (!is_uri(topic)) return refuse(Errc::invalid_argument);
  const bool acknowledge = is_set(options, "acknowledge");
  if (acknowledge && (live)->requests.size() >= config_.limits.max_requests) return refuse(Errc::too_many);
  // One copy for each key of the ring; the last one is acknowledged.
  const auto audience = config_.key_ring == nullptr ? std::vector<Protection>(1) : config_.key_ring->audience(topic);
  for (std::size_t i = 0; i + 1 < audience.size(); ++i) {
    Dict unacknowledged = options;
    unacknowledged.erase("acknowledge");
    Payload copy = payload;
    REDAN_TRY(auto outgoing, sealed(topic, std::move(copy), unacknowledged, &audience[i]));
    REDAN_CHECK(send_payload(Publish{live->last_request + 1, std::move(unacknowledged), topic, std::move(outgoing)}));
    ++live->last_request;
  }
  REDAN_TRY(auto outgoing, sealed(topic, std::move(payload), options, &audience.back()));
  Request request{MessageType::publish, {topic}, now + config_.limits.request_timeout};
  REDAN_CHECK(send_payload(Publish{live->last_request + 1, std::move(options), std::move(topic), std::move(outgoing)}));
  return acknowledge ? begin(*live, std::move(request)) : ++live->last_request;
}

// Incoming messages.

void ClientSession::act(Established& state, Published&& message) {
  if (!finish(state, message.request, MessageType::publish)) return;
  outputs_.emplace_back(Granted{message.request, message.publication});
}

void ClientSession::act(Established& state, Subscribed&& message) {
  on_granted(state, message.request, message.subscription, MessageType::subscribe);
}

void ClientSession::act(Established& state, Registered&& message) {
  on_granted(state, message.request, message.registration, MessageType::register_);
}

void ClientSession::on_granted(Established& state, Id request, Id id, MessageType type) {
  auto finished = finish(state, request, type);
  if (!finished) return;
  auto& granted = type == MessageType::subscribe ? state.subscriptions : state.registrations;
  // Subscribing twice returns the same id; another topic must have another id.
  const auto [at, is_new] = granted.emplace(id, finished->pattern);
  if (!is_new && at->second != finished->pattern) return violation("an id that stands for something else");
  outputs_.emplace_back(Granted{request, id});
}

void ClientSession::act(Established& state, Unsubscribed&& message) {
  on_undone(state, message.request, message.details, MessageType::unsubscribe);
}

void ClientSession::act(Established& state, Unregistered&& message) {
  on_undone(state, message.request, message.details, MessageType::unregister);
}

void ClientSession::on_undone(Established& state, Id request, const Dict& details, MessageType type) {
  const bool registration = type == MessageType::unregister;
  auto& granted = registration ? state.registrations : state.subscriptions;
  if (request != 0) {
    const auto finished = finish(state, request, type);
    if (!finished) return;
    granted.erase(finished->subject);
    outputs_.emplace_back(Granted{request, finished->subject});
    return;
  }
  const Value* const said = details.find(registration ? "registration" : "subscription");
  const auto id = said == nullptr ? std::nullopt : said->id();
  if (id && granted.erase(*id) == 1) outputs_.emplace_back(Revoked{*id, registration});
}

void ClientSession::act(Established& state, Event&& message) {
  const auto at = state.subscriptions.find(message.subscription);
  if (at == state.subscriptions.end()) return;  // it was sent before we unsubscribed
  const auto topic = uri_of(at->second, message.details.find("topic"));
  if (!topic) {
    outputs_.emplace_back(Refused{errc::wamp_uri_mismatch, at->second.uri});
    return;
  }
  Protection how;
  auto payload = opened(Party::responder, *topic, std::move(message.payload), message.details, events_, at->first, how);
  if (!payload) {
    outputs_.emplace_back(Refused{payload.error(), *topic});
    return;
  }
  outputs_.emplace_back(Delivered{message.subscription, message.publication, *topic, how.encrypted(),
                                  std::move(*payload), std::move(message.details)});
}

}  // namespace redan::wamp
