// Tracks which instances still exist: the end of an instance ends its session, closes its socket and invalidates its
// token. AMS's events only trigger a check, and the check determines the actual state, so lost and duplicate events are
// harmless.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "cloud/agent/session.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::agent {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kPause{1};       // before AMS is dialled again
constexpr std::chrono::seconds kLookAtAll{30};  // in case an event is lost

}  // namespace

// Tokens.

Outcome<Agent::Runtime> Agent::identify(std::string_view session, std::string_view instance, std::string_view token) {
  const auto macaroon = token::Macaroon::parse(token);
  if (!macaroon) return api::refuse(api::refusal_of(macaroon.error()));
  token::MacaroonRequest request{net::wall_time()};
  request.operation = "signal";
  request.instance = instance;
  const auto claims = macaroon->verify(token_key_, kAgentLocation, request);
  if (!claims) return api::refuse(api::refusal_of(claims.error()));
  // Every token that this agent mints is bound to an instance.
  const bool bound = std::any_of(macaroon->caveats.begin(), macaroon->caveats.end(), [](const token::Caveat& caveat) {
    return caveat.identifier.starts_with("instance=");
  });
  if (claims->identifier != session || !bound) return api::refuse(api::refusal_of(errc::token_scope));
  return Runtime{std::string(session), std::string(instance)};
}

// look_after() checks once what AMS's events report; until then an attached runtime is considered valid.
bool Agent::is_certain(const Runtime& runtime) const {
  const auto known = sessions_.find(runtime.session);
  if (known == sessions_.end() || !events_) return false;
  const Session& session = *known->second;
  return session.socket && session.instance == runtime.instance && !session.is_look_due && !session.ending &&
         !session.gone;
}

net::Task<Outcome<void>> Agent::may_attach(Runtime runtime) {
  if (is_certain(runtime)) co_return Outcome<void>{};
  auto found = co_await ams_.find(runtime.instance);
  const bool has_ended = found ? found->has_ended() : found.error().status == 404;
  if (has_ended) co_return api::refuse(api::refusal_of(errc::token_revoked));
  // If AMS does not answer, a runtime can reconnect only to a session that this agent has.
  const auto known = sessions_.find(runtime.session);
  const bool is_known = known != sessions_.end() && known->second->instance == runtime.instance &&
                        !known->second->ending && !known->second->gone;
  if (!found && !is_known) co_return api::refuse(found.error());
  co_return Outcome<void>{};
}

// Events.

net::Task<void> Agent::watch_instances() {
  while (!stopped_) {
    auto opened = co_await ams_.events();
    if (stopped_) {
      if (opened) (*opened)->connection().close();
      break;
    }
    if (opened) co_await follow(std::move(*opened));
    if (stopped_) break;
    watch_timer_.expires_after(kPause);
    co_await watch_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// Runs until the connection ends.
net::Task<void> Agent::follow(std::shared_ptr<net::WebSocket> events) {
  events_ = events;
  bool open = true;
  events->on_message = [this](std::string_view text) {
    const auto event = InstanceEvent::parse(text);
    if (event && event->kind == InstanceEvent::Kind::ended) on_ended_instance(event->name);
    if (event && event->kind == InstanceEvent::Kind::created) {
      is_launch_due_ = true;
      watch_timer_.cancel();
    }
  };
  events->on_close = [this, &open] {
    open = false;
    watch_timer_.cancel();
  };
  // After subscribing: finds what happened before the first event.
  for (TimePoint next_look = net::now(); open && !stopped_;) {
    if (net::now() >= next_look) {
      co_await look_at_all();
      next_look = net::now() + kLookAtAll;
      is_launch_due_ = true;
    }
    if (is_launch_due_ && open && !stopped_) co_await look_for_launched();
    if (is_launch_due_ || !open || stopped_) continue;
    watch_timer_.expires_after(next_look - net::now());
    co_await watch_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  events->on_message = nullptr;
  events->on_close = nullptr;
  events->connection().close();
  events_.reset();
}

void Agent::on_ended_instance(const std::string& name) {
  for (const auto& [id, session] : sessions_) {
    if (session->instance != name) continue;
    session->is_look_due = true;
    session->wake();
  }
}

// Checks the sessions whose runtime is connected; the others are checked in any case. A list of several pages may lack
// an existing instance, because AMS changes it meanwhile; a missing instance is therefore only marked for a check.
net::Task<void> Agent::look_at_all() {
  auto listed = co_await ams_.list();
  if (!listed) co_return log("AMS does not list the instances: " + listed.error().message);
  std::set<std::string> running;
  for (const ListedInstance& instance : *listed) {
    if (!instance.has_ended()) running.insert(instance.name);
  }
  for (const auto& [id, session] : sessions_) {
    if (!session->socket || running.contains(session->instance)) continue;
    session->is_look_due = true;
    session->wake();
  }
}

}  // namespace redan::cloud::agent
