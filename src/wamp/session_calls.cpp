// Caller and callee (WAMP, "Remote Procedure Calls").
#include "wamp/errors.hpp"
#include "wamp/session.hpp"

namespace redan::wamp {
namespace {

bool is_set(const Dict& options, std::string_view key) {
  const Value* const value = options.find(key);
  return value != nullptr && value->boolean().value_or(false);
}

/// A plaintext ERROR that should be encrypted conveys only what a router may report.
std::string hint(std::string&& error) {
  if (!error.starts_with("wamp.error.")) error.clear();
  return std::move(error);
}

}  // namespace

// Caller.

redan::Result<Id> ClientSession::call(TimePoint now, std::string procedure, Payload payload, Dict options) {
  REDAN_TRY(const auto live, established());
  if (!is_uri(procedure)) return refuse(Errc::invalid_argument);
  if ((live)->requests.size() >= config_.limits.max_requests) return refuse(Errc::too_many);
  const Value* const option = options.find("timeout");
  const auto timeout = option == nullptr ? std::nullopt : option->id();
  if (timeout > kMaxTimeout) return refuse(Errc::invalid_argument);
  Request request{MessageType::call, {procedure}, kNever};
  if (timeout) request.deadline = now + std::chrono::milliseconds(*timeout);
  request.receive_progress = is_set(options, "receive_progress");
  REDAN_TRY(auto outgoing, sealed(procedure, std::move(payload), options));
  if (const auto nonce = nonce_of(outgoing, options)) called_.insert(*nonce);
  REDAN_CHECK(
      send_payload(Call{live->last_request + 1, std::move(options), std::move(procedure), std::move(outgoing)}));
  return begin(*live, std::move(request));
}

redan::Result<void> ClientSession::cancel(Id request, std::string_view mode) {
  REDAN_TRY(const auto live, established());
  const auto at = (live)->requests.find(request);
  const bool known = mode == "skip" || mode == "kill" || mode == "killnowait";
  if (!known || at == (live)->requests.end() || at->second.type != MessageType::call) {
    return refuse(Errc::invalid_argument);
  }
  if ((live)->dealer_cancels) {
    at->second.canceled = true;
    send(Cancel{request, {{"mode", mode}}});
    return {};
  }
  finish(*live, request, MessageType::call);
  outputs_.emplace_back(Failed{request, {errc::wamp_canceled}});
  return {};
}

void ClientSession::act(Established& state, Result&& message) {
  const auto at = state.requests.find(message.request);
  const bool progress = is_set(message.details, "progress");
  if (at != state.requests.end() && progress && !at->second.receive_progress) {
    return violation("an unrequested progressive result");
  }
  std::optional<Request> finished;
  if (at == state.requests.end() || at->second.type != MessageType::call || !progress) {
    finished = finish(state, message.request, MessageType::call);
    if (!finished) return;
  }
  const std::string& procedure = finished ? finished->pattern.uri : at->second.pattern.uri;
  Protection how;
  auto payload = opened(Party::originator, procedure, std::move(message.payload), message.details, called_, 0, how);
  if (payload) {
    outputs_.emplace_back(Returned{message.request, progress, std::move(*payload), std::move(message.details)});
    return;
  }
  if (!finished) {
    finish(state, message.request, MessageType::call);
    if (state.dealer_cancels) send(Cancel{message.request, {{"mode", "killnowait"}}});
  }
  outputs_.emplace_back(Failed{message.request, {payload.error()}});
}

void ClientSession::act(Established& state, Error&& message) {
  const auto finished = finish(state, message.request, message.type);
  if (!finished) return;
  Failure failure{errc::wamp_error, std::move(message.error)};
  if (message.type != MessageType::call) {
    failure.payload = std::move(message.payload);
  } else if (auto payload =
                 opened_error(finished->pattern.uri, failure.uri, std::move(message.payload), message.details)) {
    failure.payload = std::move(*payload);
  } else {
    failure.code = payload.error();
    failure.uri = hint(std::move(failure.uri));
  }
  if (finished->canceled && failure.uri == "wamp.error.canceled") failure.code = errc::wamp_canceled;
  outputs_.emplace_back(Failed{message.request, std::move(failure)});
}

redan::Result<Payload> ClientSession::opened_error(std::string_view procedure, std::string_view error,
                                                   Payload&& payload, const Dict& attributes) {
  if (config_.key_ring == nullptr) {
    if (payload.sealed) return refuse(errc::wamp_no_key);
    return std::move(payload);
  }
  const auto nonce = nonce_of(payload, attributes);
  auto clear = config_.key_ring->open_error(Party::originator, procedure, error, std::move(payload), attributes);
  if (clear && nonce && !called_.insert(*nonce)) return refuse(errc::wamp_replayed);
  return clear;
}

// Callee.

void ClientSession::act(Established& state, Invocation&& message) {
  const Id id = message.request;
  if (state.invocations.contains(id)) return violation("an INVOCATION twice");
  const auto at = state.registrations.find(message.registration);
  if (at == state.registrations.end()) return refuse_invocation(id, "wamp.error.no_such_procedure");
  if (state.invocations.size() >= config_.limits.max_invocations) return refuse_invocation(id, "redan.error.too_many");
  const auto procedure = uri_of(at->second, message.details.find("procedure"));
  if (!procedure) return refuse_invocation(id, errc::wamp_uri_mismatch, at->second.uri);
  Protection how;
  auto payload = opened(Party::responder, *procedure, std::move(message.payload), message.details, invoked_, 0, how);
  if (!payload) return refuse_invocation(id, payload.error(), *procedure);
  state.invocations.emplace(id, Answering{*procedure, how});
  const bool progress = is_set(message.details, "receive_progress");
  outputs_.emplace_back(Invoked{id, message.registration, *procedure, how.encrypted(), progress, std::move(*payload),
                                std::move(message.details)});
}

void ClientSession::refuse_invocation(Id invocation, Errc why, std::string_view procedure) {
  refuse_invocation(invocation, encryption_error_uri(why));
  outputs_.emplace_back(Refused{why, std::string(procedure)});
}

void ClientSession::refuse_invocation(Id invocation, std::string_view error) {
  send(Error{MessageType::invocation, invocation, {}, std::string(error), {}});
}

void ClientSession::act(Established& state, Interrupt&& message) {
  const auto at = state.invocations.find(message.request);
  if (at == state.invocations.end()) return;  // our answer is on its way
  const Value* const mode = message.options.find("mode");
  // The dealer has already answered the caller, and accepts no more for this call.
  const bool forgotten = mode != nullptr && mode->text() == "killnowait";
  if (forgotten) state.invocations.erase(at);
  outputs_.emplace_back(Interrupted{message.request, forgotten});
}

redan::Result<void> ClientSession::yield(Id invocation, Payload payload, Dict options) {
  REDAN_TRY(const auto live, established());
  const auto at = (live)->invocations.find(invocation);
  if (at == (live)->invocations.end() || options.find("enc_algo") != nullptr) return refuse(Errc::invalid_argument);
  if (!seals(at->second)) {
    if (payload.sealed) return refuse(Errc::invalid_argument);
  } else {
    REDAN_TRY(auto sealed, config_.key_ring->seal(Party::responder, at->second.procedure, std::move(payload), options,
                                                  provider_, &at->second.protection));
    payload = std::move(sealed);
    if (const auto nonce = nonce_of(payload, options)) invoked_.insert(*nonce);
  }
  if (!is_set(options, "progress")) (live)->invocations.erase(at);
  const auto sent = send_payload(Yield{invocation, std::move(options), std::move(payload)});
  if (!sent) {
    live->invocations.erase(invocation);
    refuse_invocation(invocation, "wamp.error.payload_size_exceeded");
  }
  return sent;
}

redan::Result<void> ClientSession::fail(Id invocation, std::string error, Payload payload) {
  REDAN_TRY(const auto live, established());
  const auto at = (live)->invocations.find(invocation);
  if (at == (live)->invocations.end() || payload.sealed || !is_uri(error)) return refuse(Errc::invalid_argument);
  const Answering answering = std::move(at->second);
  (live)->invocations.erase(at);
  Dict details;
  if (seals(answering)) {
    auto sealed = config_.key_ring->seal_error(Party::responder, answering.procedure, error, std::move(payload),
                                               details, provider_, &answering.protection);
    if (!sealed) {
      refuse_invocation(invocation, encryption_error_uri(sealed.error()));
      return refuse(sealed.error());
    }
    payload = std::move(*sealed);
    if (const auto nonce = nonce_of(payload, details)) invoked_.insert(*nonce);
  }
  const auto sent = send_payload(
      Error{MessageType::invocation, invocation, std::move(details), std::move(error), std::move(payload)});
  if (!sent) refuse_invocation(invocation, "wamp.error.payload_size_exceeded");
  return sent;
}

bool ClientSession::seals(const Answering& answering) const {
  return config_.key_ring != nullptr &&
         (answering.protection.encrypted() || config_.key_ring->is_required(answering.procedure));
}

}  // namespace redan::wamp
