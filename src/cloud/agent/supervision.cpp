// The lifecycle of a session at its agent. One task per session examines its state and performs what is due.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/agent/session.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::agent {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kTick{1'000};
constexpr std::chrono::milliseconds kRequestTimeout{2'000};
constexpr std::chrono::seconds kStall{1};            ///< a tick delayed by more than this: the process was suspended
constexpr std::chrono::seconds kGrace{3};            ///< for a runtime to reconnect before AMS is asked about it
constexpr std::chrono::seconds kLookEvery{5};        ///< between checks on an instance without a runtime
constexpr std::chrono::seconds kUnclaimedGrace{10};  ///< for a runtime that is reconnecting to this agent or to another
constexpr std::chrono::seconds kGoodbye{2};          ///< for a runtime to end by itself
constexpr std::chrono::seconds kLastReport{60};

}  // namespace

// Limits the rate at which a runtime's reports are forwarded.
std::chrono::milliseconds Agent::until_next_report(const Session& session) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(session.next_report - net::now());
  return std::clamp(left, std::chrono::milliseconds(1), kTick);
}

net::Task<void> Agent::pause(SessionPtr session, std::chrono::milliseconds time) {
  if (stopped_) co_return;
  session->timer.expires_after(time);
  co_await session->timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

net::Task<void> Agent::supervise(SessionPtr session) {
  while (!stopped_ && !session->gone) {
    if (session->owned == Session::Owned::unclaimed && !session->ending) co_await claim(session);
    if (session->gone || stopped_) break;
    if (session->ending) {
      co_await finish(session);
      break;
    }
    session->report_due |= session->owned == Session::Owned::ours && net::now() >= session->confirm_at;
    if (session->report_due && net::now() >= session->next_report) co_await report(session);
    if (!session->gone && !session->ending) co_await look_after(session);
    if (session->ending || session->gone) continue;
    const TimePoint before = net::now();
    const auto time = session->report_due ? until_next_report(*session) : kTick;
    co_await pause(session, time);
    forgive_stall(session, net::now() - before - time);
  }
  if (stopped_) co_return;
  drop(session);
}

// Time during which this process was suspended is not counted, because no message could reach it.
void Agent::forgive_stall(const SessionPtr& session, Duration stall) {
  if (stall < kStall) return;
  const TimePoint now = net::now();
  session->detached_at = std::min(session->detached_at + stall, now);
  session->idle_since = std::min(session->idle_since + stall, now);
  session->user_deadline += stall;
}

// Ownership.

net::Task<void> Agent::claim(SessionPtr session) {
  const bool attached = session->socket != nullptr;
  if (!attached && !session->ending && net::now() - session->detached_at < kUnclaimedGrace) co_return;
  const api::Claim claim{session->spec.session, config_.id, session->instance, attached};
  auto reply =
      co_await bus_.request(api::subject::agent(config_.id, "claim"), api::message_text(claim), kRequestTimeout);
  if (!reply) co_return;  // retried at the next check
  const auto ok = api::parse_reply(*reply);
  if (!ok) {
    if (ok.error().status == 404) {
      session->owned = Session::Owned::nobodys;
      end(session, "no gateway knows this session", api::SessionStatus::terminated);
    } else if (ok.error().code == name(errc::session_fenced)) {
      session->gone = true;
    }
    co_return;
  }
  auto spec = api::parse<api::SessionSpec>(*ok);
  if (!spec || spec->session != session->spec.session) co_return;
  session->spec = std::move(*spec);
  session->owned = Session::Owned::ours;
  session->report_number = 0;
  session->report_due = session->was_attached;
  session->idle_since = net::now();
  await_user(*session, session->spec.user_timeout);
  listen(session);
  if (session->socket) (void)bus_.publish(api::subject::session(session->spec.session, "ready"), "{}");
  log("session " + session->spec.session + " claimed");
}

// Reports the latest state to the gateways, and repeats the report until a gateway has accepted it.
net::Task<void> Agent::report(SessionPtr session) {
  session->report_due = false;
  session->next_report = net::now() + api::kReportInterval;
  session->confirm_at = net::now() + config_.confirm_interval;
  const api::StateReport report{session->spec.session, config_.id,       session->spec.fence, ++session->report_number,
                                session->status,       session->message, session->clients};
  auto reply =
      co_await bus_.request(api::subject::agent(config_.id, "state"), api::message_text(report), kRequestTimeout);
  const auto ok = reply ? api::parse_reply(*reply) : api::refuse(api::refusal_of(reply.error()));
  if (ok) co_return;
  if (ok.error().code == name(errc::session_fenced)) {
    log("session " + session->spec.session + " is another agent's by now");
    session->gone = true;
  } else if (ok.error().code == name(errc::session_unknown)) {
    if (!session->ending) end(session, "no gateway knows this session", api::SessionStatus::terminated);
  } else {
    session->report_due = true;
  }
}

// Liveness.

void Agent::await_user(Session& session, std::int64_t seconds) const {
  session.user_deadline = net::now() + std::chrono::seconds(seconds) + config_.user_grace;
}

/// Why a session whose runtime is connected is no longer needed; "" while it is.
std::string_view Agent::reason_to_end(const Session& session) const {
  const TimePoint now = net::now();
  const api::SessionSpec& spec = session.spec;
  if (spec.idle_time_min > 0 && session.clients == 0 &&
      now - session.idle_since >= config_.idle_unit * spec.idle_time_min) {
    return "idle";
  }
  if (!spec.ends_with_user()) return {};
  if (session.user == api::User::left) return "its user has left";
  // A failed attempt may be repeated while the token is valid.
  if (session.user == api::User::awaited && now >= session.user_deadline) return "its user did not come";
  return {};
}

net::Task<void> Agent::look_after(SessionPtr session) {
  const TimePoint now = net::now();
  if (session->owned != Session::Owned::ours) co_return;
  if (session->socket && !session->is_look_due) {
    const std::string_view reason = reason_to_end(*session);
    if (!reason.empty()) end(session, std::string(reason), api::SessionStatus::terminated);
    co_return;
  }
  const bool told = std::exchange(session->is_look_due, false);
  if (!told && (now - session->detached_at < kGrace || now < session->next_look)) co_return;
  session->next_look = now + kLookEvery;
  auto found = co_await ams_.find(session->instance);
  if (session->ending) co_return;
  if (session->socket && !told) co_return;
  if (!found && found.error().status != 404) session->is_look_due = told;
  const bool gone = !found && found.error().status == 404;
  if (gone || (found && found->has_ended())) {
    const std::string why = found && !found->error_message.empty() ? ": " + found->error_message : "";
    if (session->socket) session->socket->close(4003, "the instance was stopped or removed");
    co_return end(session, "the instance has ended" + why, api::SessionStatus::error);
  }
  if (session->socket) co_return;  // and so it lives
  const auto timeout = session->was_attached ? config_.reconnect_timeout : config_.start_timeout;
  if (net::now() - session->detached_at >= timeout) {
    end(session, session->was_attached ? "the instance does not come back" : "the instance did not start in time",
        api::SessionStatus::error);
  }
}

void Agent::attach(const Runtime& runtime, std::shared_ptr<net::WebSocket> socket) {
  if (stopped_) return socket->close(1001, "the agent ends");
  auto found = sessions_.find(runtime.session);
  SessionPtr session = found == sessions_.end() ? nullptr : found->second;
  if (session && session->instance != runtime.instance) return socket->close(1008, "another instance has this session");
  if (!session) {
    api::SessionSpec spec;
    spec.session = runtime.session;
    session = add(std::move(spec), runtime.instance);
    session->owned = Session::Owned::unclaimed;
  }
  if (session->socket) session->socket->close(4000, "another connection of this instance");
  session->socket = socket;
  session->was_attached = true;
  // The socket's handlers hold the session; the session releases the socket when it closes.
  socket->on_message = [this, session](std::string_view text) { on_report(session, text); };
  socket->on_binary = [this, session](Bytes frame) { on_frame(session, frame); };
  socket->on_close = [this, session, which = socket.get()] { on_detached(session, which); };
  if (session->ending) return socket->send(api::message_text(api::Terminate{session->ending->reason}));
  if (session->owned == Session::Owned::ours) {
    (void)bus_.publish(api::subject::session(session->spec.session, "ready"), "{}");
  }
  session->wake();
}

void Agent::on_detached(const SessionPtr& session, const net::WebSocket* socket) {
  if (session->socket.get() != socket) return;
  session->socket.reset();
  session->detached_at = session->next_look = net::now();
  session->wake();
}

void Agent::on_report(const SessionPtr& session, std::string_view text) {
  const auto report = api::parse<api::RuntimeReport>(text);
  if (!report || session->ending) return;
  session->figures = report->statistics;
  if (session->clients != 0 && report->clients == 0) session->idle_since = net::now();
  if (std::exchange(session->user, report->user) != report->user) session->wake();
  if (session->status == report->status && session->message == report->message && session->clients == report->clients) {
    return;
  }
  session->clients = report->clients;
  if (report->status == api::SessionStatus::error || report->status == api::SessionStatus::terminated) {
    return end(session, report->message, report->status);
  }
  session->status = report->status;
  session->message = report->message;
  session->report_due = true;
  session->wake();
}

void Agent::on_frame(const SessionPtr& session, Bytes frame) {
  if (session->owned != Session::Owned::ours) return;  // the runtime retransmits it
  if (session->ending || session->gone) return;
  ++frames_;
  (void)bus_.publish(api::subject::session(session->spec.session, "up"), as_text(frame));
}

// Termination.

void Agent::end(const SessionPtr& session, std::string reason, api::SessionStatus as, bool force) {
  if (session->ending) {
    session->ending->force |= force;
    return session->wake();
  }
  log("session " + session->spec.session + " ends: " + reason);
  session->ending = Session::Ending{std::move(reason), as, force};
  session->wake();
}

// This agent's state may be outdated: it may have been disconnected, and another agent may own the session. So the
// instance is not ended until a gateway has accepted the report, and not at all if the gateway refuses it (`gone`).
net::Task<void> Agent::report_until_known(SessionPtr session) {
  while (session->report_due && !session->gone && !stopped_) {
    co_await report(session);
    if (session->report_due) co_await pause(session, kTick);
  }
}

// A session whose runtime reconnected and ended before the session was claimed is claimed now: otherwise no gateway
// would learn of its end.
net::Task<void> Agent::finish(SessionPtr session) {
  while (session->owned == Session::Owned::unclaimed && !session->gone && !stopped_) {
    co_await claim(session);
    if (session->owned == Session::Owned::unclaimed) co_await pause(session, kTick);
  }
  if (session->gone || stopped_) co_return;
  const bool ours = session->owned == Session::Owned::ours;
  session->status = api::SessionStatus::terminating;
  session->message = session->ending->reason;
  session->report_due = ours;
  co_await report_until_known(session);
  if (session->gone || stopped_) co_return;
  if (session->socket) session->socket->send(api::message_text(api::Terminate{session->ending->reason}));
  const TimePoint begin = net::now();
  while (session->socket && !session->ending->force && net::now() - begin < kGoodbye && !stopped_) {
    co_await pause(session, std::chrono::milliseconds(100));
  }
  // AMS may be unavailable; the request is repeated, so that no instance is left behind.
  while (!stopped_) {
    const auto done = co_await end_instance(session);
    if (done || done.error().status == 403) break;
    co_await pause(session, kTick);
  }
  session->status = session->ending->as;
  session->clients = 0;
  session->report_due = ours && !session->gone;
  const TimePoint removed = net::now();
  while (session->report_due && !session->gone && !stopped_ && net::now() - removed < kLastReport) {
    co_await report(session);
    if (session->report_due) co_await pause(session, kTick);
  }
  session->gone = true;
}

net::Task<Outcome<void>> Agent::end_instance(SessionPtr session) {
  if (!session->owns_instance()) {
    auto found = co_await ams_.find(session->instance);
    if (found && found->has_ended()) co_return Outcome<void>{};
    co_return co_await ams_.stop(session->instance);
  }
  const bool keep = !session->spec.ephemeral && session->ending->as == api::SessionStatus::terminated;
  if (keep) co_return co_await ams_.stop(session->instance);
  co_return co_await ams_.remove(session->instance);
}

/// Removes the session. A runtime that is still connected belongs to another agent, or ends.
void Agent::drop(const SessionPtr& session) {
  session->gone = true;
  session->commands.reset();
  session->frames.reset();
  if (session->socket) session->socket->close(4001, "this agent does not serve the session any more");
  const auto found = sessions_.find(session->spec.session);
  if (found != sessions_.end() && found->second == session) sessions_.erase(found);
  session->wake();
}

}  // namespace redan::cloud::agent
