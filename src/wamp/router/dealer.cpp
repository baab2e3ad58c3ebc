#include "wamp/router/dealer.hpp"

#include <algorithm>

#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

constexpr std::array<std::string_view, 5> kPolicies = {"single", "first", "last", "roundrobin", "random"};

bool is_set(const Dict& options, std::string_view key) {
  const Value* value = options.find(key);
  return value != nullptr && value->boolean().value_or(false);
}

/// It was invoked once; a late or repeated answer is ignored.
bool was_invoked(const Session& session, Id invocation) {
  return invocation != 0 && invocation <= session.last_invocation;
}

}  // namespace

std::optional<InvocationPolicy> parse_invocation_policy(const Value* option) {
  if (option == nullptr || option->is_null()) return InvocationPolicy::single;
  const auto text = option->text();
  for (std::size_t i = 0; text && i < kPolicies.size(); ++i) {
    if (*text == kPolicies[i]) return static_cast<InvocationPolicy>(i);
  }
  return std::nullopt;
}

// Registrations.

void Dealer::register_procedure(Session& session, const Register& message, Outbox& outbox) {
  const auto refuse = [&](std::string_view error, std::string_view why) {
    outbox.refuse(session, MessageType::register_, message.request, error, why);
  };
  const auto policy = parse_invocation_policy(message.options.find("invoke"));
  if (!policy) return refuse(uris::kInvalidArgument, "an unknown way to share a procedure");
  const bool discloses = is_set(message.options, "disclose_caller");
  if (discloses && !disclosure_) return refuse(uris::kDisclosureDisallowed, "this realm discloses no caller");
  if (session.registrations.size() >= limits_.max_registrations) {
    return refuse(uris::kTooMany, "too many registrations");
  }
  const auto known = procedures_.find(message.procedure);
  if (known == procedures_.end()) {
    Id id = random_id(random_);
    while (registrations_.contains(id)) id = random_id(random_);
    procedures_.emplace(message.procedure, id);
    registrations_.emplace(id, Registration{id, message.procedure, *policy, {{&session, discloses}}});
    session.registrations.insert(id);
    return outbox.send(session.connection, Registered{message.request, id});
  }
  Registration& registration = registrations_.at(known->second);
  if (registration.policy != *policy) {
    return refuse(uris::kOtherInvocationPolicy, "the procedure is registered with another policy");
  }
  if (*policy == InvocationPolicy::single || session.registrations.contains(registration.id)) {
    return refuse(uris::kProcedureAlreadyExists, "the procedure is registered already");
  }
  registration.callees.push_back({&session, discloses});
  session.registrations.insert(registration.id);
  outbox.send(session.connection, Registered{message.request, registration.id});
}

void Dealer::unregister(Session& session, const Unregister& message, Outbox& outbox) {
  if (session.registrations.erase(message.registration) == 0) {
    return outbox.refuse(session, MessageType::unregister, message.request, uris::kNoSuchRegistration,
                         "this session has no such registration");
  }
  leave(session, message.registration);
  outbox.send(session.connection, Unregistered{message.request, {}});
}

void Dealer::leave(Session& session, Id id) {
  const auto at = registrations_.find(id);
  Registration& registration = at->second;
  std::erase_if(registration.callees, [&](const Callee& callee) { return callee.session == &session; });
  if (!registration.callees.empty()) return;
  procedures_.erase(registration.procedure);
  registrations_.erase(at);
}

// Calls.

void Dealer::call(TimePoint now, Session& session, Call message, Outbox& outbox) {
  const auto refuse = [&](std::string_view error, std::string_view why) {
    outbox.refuse(session, MessageType::call, message.request, error, why);
  };
  const auto known = procedures_.find(message.procedure);
  if (known == procedures_.end()) return refuse(uris::kNoSuchProcedure, "no callee has registered this procedure");
  if (is_set(message.options, "disclose_me") && !disclosure_) {
    return refuse(uris::kDisclosureDisallowed, "this realm discloses no caller");
  }
  if (const auto wrong = typing_.violation(Traffic::call, message.procedure, message.payload, message.options)) {
    return refuse(uris::kInvalidArgument, *wrong);
  }
  Registration& registration = registrations_.at(known->second);
  const Callee callee = choose(registration);
  // It would take the ciphertext for its arguments (WAMP, "Payload Passthru Mode").
  if (!callee.session->as_callee.include(message.payload, message.options)) {
    return refuse(uris::kFeatureNotSupported, "the callee does not read encrypted payloads of this kind");
  }
  make_room(*callee.session);
  if (const auto why = full(session, *callee.session)) return refuse(uris::kTooMany, *why);
  invoke(now, session, std::move(message), registration, callee, outbox);
}

const Dealer::Callee& Dealer::choose(Registration& registration) {
  const std::vector<Callee>& callees = registration.callees;
  switch (registration.policy) {
    case InvocationPolicy::single:
    case InvocationPolicy::first:
      return callees.front();
    case InvocationPolicy::last:
      return callees.back();
    case InvocationPolicy::roundrobin:
      return callees[registration.turn++ % callees.size()];
    case InvocationPolicy::random:
      // The bias is below 2^-32 for any possible number of callees.
      return callees[random_.random_u64() % callees.size()];
  }
  return callees.front();
}

// A callee need not answer a call that was cancelled or has expired. Such invocations must not block other callers.
void Dealer::make_room(Session& callee) {
  if (callee.invocations.size() < limits_.max_invocations || callee.abandoned.empty()) return;
  forget(callee.invocations.at(*callee.abandoned.begin()));
}

std::optional<std::string_view> Dealer::full(const Session& caller, const Session& callee) const {
  if (caller.calls.size() >= limits_.max_calls) return "too many calls wait for their results";
  if (callee.invocations.size() >= limits_.max_invocations) return "the callee has too many calls to answer";
  return std::nullopt;
}

void Dealer::invoke(TimePoint now, Session& caller, Call message, const Registration& registration,
                    const Callee& callee, Outbox& outbox) {
  Session& to = *callee.session;
  Dict details;
  if (is_set(message.options, "disclose_me") || callee.discloses_caller) {
    details.append("caller", caller.id);
    details.append("caller_authid", caller.principal.authid);
    details.append("caller_authrole", caller.principal.authrole);
  }
  const bool progress = is_set(message.options, "receive_progress") && to.callee_progresses;
  if (progress) details.append("receive_progress", true);
  copy_payload_attributes(message.options, details);

  const std::uint64_t number = ++last_number_;
  const TimePoint until = deadline(now, message.options);
  const Id invocation = ++to.last_invocation;
  pendings_.emplace(number,
                    Pending{&caller, message.request, &to, invocation, registration.procedure, progress, until});
  caller.calls.emplace(message.request, number);
  to.invocations.emplace(invocation, number);
  if (until != kNever) deadlines_.emplace(until, number);
  outbox.send(to.connection, Invocation{invocation, registration.id, std::move(details), std::move(message.payload)});
}

TimePoint Dealer::deadline(TimePoint now, const Dict& options) const {
  // One day is the maximum, so that milliseconds cannot overflow.
  constexpr std::uint64_t kMaxMilliseconds = 24ULL * 3600 * 1000;
  const Value* timeout = options.find("timeout");
  const auto wanted = timeout == nullptr ? std::nullopt : timeout->id();
  TimePoint until = kNever;
  if (wanted) until = now + std::chrono::milliseconds(std::min(*wanted, kMaxMilliseconds));
  if (limits_.max_call_time.count() != 0) until = std::min(until, now + limits_.max_call_time);
  return until;
}

// Answers.

bool Dealer::yield(Session& session, Yield message, Outbox& outbox) {
  const auto at = session.invocations.find(message.request);
  if (at == session.invocations.end()) return was_invoked(session, message.request);
  const std::uint64_t number = at->second;
  Pending& pending = pendings_.at(number);
  const bool progress = is_set(message.options, "progress");
  if (progress && !pending.progress) return false;
  if (pending.caller != nullptr) {
    if (!pending.caller->as_caller.include(message.payload, message.options)) {
      end(pending, uris::kFeatureNotSupported, "the caller does not read encrypted payloads of this kind", outbox);
      if (progress) give_up(number);
    } else if (const auto wrong =
                   typing_.violation(Traffic::result, pending.procedure, message.payload, message.options)) {
      end(pending, uris::kInvalidArgument, "the callee's result: " + *wrong, outbox);
      if (progress) give_up(number);
    } else {
      Result result{pending.call, {}, std::move(message.payload)};
      if (progress) result.details.append("progress", true);
      copy_payload_attributes(message.options, result.details);
      outbox.send(pending.caller->connection, std::move(result));
    }
  }
  if (!progress) forget(number);
  return true;
}

bool Dealer::error(Session& session, Error message, Outbox& outbox) {
  const auto at = session.invocations.find(message.request);
  if (message.type != MessageType::invocation) return false;
  if (at == session.invocations.end()) return was_invoked(session, message.request);
  const std::uint64_t number = at->second;
  const Pending& pending = pendings_.at(number);
  if (pending.caller != nullptr) {
    Error answer{MessageType::call, pending.call, {}, std::move(message.error), {}};
    if (pending.caller->as_caller.include(message.payload, message.details)) {
      answer.payload = std::move(message.payload);
      copy_payload_attributes(message.details, answer.details);
    }
    outbox.send(pending.caller->connection, std::move(answer));
  }
  forget(number);
  return true;
}

// Calls that end in other ways.

void Dealer::undeliver(Session& callee, Id invocation, Outbox& outbox) {
  const auto at = callee.invocations.find(invocation);
  if (at == callee.invocations.end()) return;
  const std::uint64_t number = at->second;
  Pending& pending = pendings_.at(number);
  if (pending.caller != nullptr) end(pending, uris::kPayloadSizeExceeded, "too large for the callee", outbox);
  forget(number);
}

void Dealer::withhold(Session& caller, Id call, Outbox& outbox) {
  outbox.refuse(caller, MessageType::call, call, uris::kPayloadSizeExceeded, "the answer is too large for the caller");
  const auto at = caller.calls.find(call);
  if (at == caller.calls.end()) return;
  const std::uint64_t number = at->second;
  interrupt(pendings_.at(number), "killnowait", outbox);
  give_up(number);
}

void Dealer::cancel(Session& session, const Cancel& message, Outbox& outbox) {
  const auto at = session.calls.find(message.request);
  // The result may have crossed it.
  if (at == session.calls.end()) return;
  const std::uint64_t number = at->second;
  Pending& pending = pendings_.at(number);
  const Value* option = message.options.find("mode");
  const std::string_view mode = option == nullptr ? "killnowait" : option->text().value_or("killnowait");
  const bool skip = mode == "skip" || !pending.callee->callee_cancels;
  if (!skip) interrupt(pending, mode == "kill" ? mode : "killnowait", outbox);
  if (!skip && mode == "kill") return;
  end(pending, uris::kCanceled, "the caller canceled it", outbox);
  give_up(number);
}

void Dealer::interrupt(const Pending& pending, std::string_view mode, Outbox& outbox) {
  if (!pending.callee->callee_cancels) return;
  outbox.send(pending.callee->connection, Interrupt{pending.invocation, {{"mode", mode}}});
}

void Dealer::end(Pending& pending, std::string_view error, std::string_view text, Outbox& outbox) {
  outbox.refuse(*pending.caller, MessageType::call, pending.call, error, text);
}

void Dealer::give_up(std::uint64_t number) {
  Pending& pending = pendings_.at(number);
  if (pending.caller != nullptr) pending.caller->calls.erase(pending.call);
  pending.caller = nullptr;
  pending.callee->abandoned.insert(pending.invocation);
  if (pending.deadline != kNever) deadlines_.erase({pending.deadline, number});
  pending.deadline = kNever;
}

void Dealer::forget(std::uint64_t number) {
  give_up(number);
  const auto at = pendings_.find(number);
  at->second.callee->invocations.erase(at->second.invocation);
  at->second.callee->abandoned.erase(at->second.invocation);
  pendings_.erase(at);
}

void Dealer::expire(TimePoint now, Outbox& outbox) {
  while (next_deadline() <= now) {
    const std::uint64_t number = deadlines_.begin()->second;
    Pending& pending = pendings_.at(number);
    interrupt(pending, "killnowait", outbox);
    end(pending, uris::kTimeout, "the call took too long", outbox);
    give_up(number);
  }
}

void Dealer::remove(Session& session, Outbox& outbox) {
  for (const Id id : session.registrations) leave(session, id);
  session.registrations.clear();
  const auto waiting = session.invocations;
  for (const auto& [invocation, number] : waiting) {
    Pending& pending = pendings_.at(number);
    if (pending.caller != nullptr && pending.caller != &session) {
      end(pending, uris::kCanceled, "the callee has gone", outbox);
    }
    forget(number);
  }
  const auto calls = session.calls;
  for (const auto& [call, number] : calls) {
    interrupt(pendings_.at(number), "killnowait", outbox);
    give_up(number);
  }
}

}  // namespace redan::wamp
