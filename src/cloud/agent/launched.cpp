// Instances that were launched through AMS with enable_streaming. An agent with room claims the session of such an
// instance, which makes the session at the gateways, and supplies the runtime's user data, which starts the instance.
#include <algorithm>

#include "cloud/agent/session.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::agent {
namespace {

constexpr std::chrono::milliseconds kRequestTimeout{2'000};

}  // namespace

net::Task<void> Agent::look_for_launched() {
  is_launch_due_ = false;
  auto awaiting = co_await ams_.awaiting();
  if (!awaiting) co_return log("AMS does not list the instances that await an agent: " + awaiting.error().message);
  for (api::AwaitingInstance& instance : *awaiting) {
    if (!stopped_ && has_room_for(instance)) co_await host(std::move(instance));
  }
}

bool Agent::has_room_for(const api::AwaitingInstance& instance) const {
  const bool offered = std::find(applications_.begin(), applications_.end(), instance.app) != applications_.end();
  return !draining_ && offered && bus::is_subject_token(instance.session) && !sessions_.contains(instance.session) &&
         static_cast<std::int64_t>(sessions_.size()) < config_.capacity;
}

// Another agent may be faster, and several of these requests may be repeated after a crash: the gateways give the
// session to one agent, and AMS accepts the user data once.
net::Task<void> Agent::host(api::AwaitingInstance instance) {
  const api::Claim claim{
      instance.session, config_.id, instance.name, false,
      api::Launched{instance.app, instance.app_version, config_.region, config_.cluster, instance.screen}};
  auto reply =
      co_await bus_.request(api::subject::agent(config_.id, "claim"), api::message_text(claim), kRequestTimeout);
  if (stopped_ || !reply) co_return;  // repeated at the next look
  const auto ok = api::parse_reply(*reply);
  auto spec = ok ? api::parse<api::SessionSpec>(*ok) : std::nullopt;
  if (!ok && ok.error().code != name(errc::session_fenced)) {
    log("instance " + instance.name + " gets no session: " + ok.error().message);
  }
  if (!spec || spec->session != instance.session || sessions_.contains(instance.session)) co_return;
  const SessionPtr session = add(std::move(*spec), instance.name);
  listen(session);
  auto taken = co_await ams_.take(instance.name, instance.session, config_.id, user_data(*session));
  if (taken) co_return log("session " + instance.session + " created for instance " + instance.name);
  end(session, "AMS did not start the instance: " + taken.error().message, api::SessionStatus::error);
}

}  // namespace redan::cloud::agent
