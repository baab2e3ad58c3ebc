// Handles the agents' messages from the bus. Each message is delivered to one unit; its effects are committed to the
// store.
#include <boost/asio/co_spawn.hpp>

#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace keys = keys;

using api::Session;
using api::SessionStatus;

constexpr std::size_t kMaxAgents = 256;

}  // namespace

net::Task<void> Gateway::on_announcement(std::string agent, std::string payload, std::string /*reply_to*/) {
  const auto announcement = api::parse<api::Announcement>(payload);
  if (!announcement || announcement->agent != agent || !bus::is_subject_token(agent)) {
    co_return log("an announcement of agent " + agent + " is not understood");
  }
  if (!announcements_.take(agent, config_.now())) co_return;
  if (agents_.find(agent) == nullptr && agents_.all().size() >= kMaxAgents) {
    co_return log("agent " + agent + " is not taken: there are " + std::to_string(kMaxAgents) + " agents");
  }
  auto lease = co_await store_.grant_lease(api::kAgentLease);
  if (!lease) co_return log("agent " + announcement->agent + ": " + std::string(text(lease.error())));
  std::vector<store::Change> changes;
  changes.emplace_back(
      store::Put{keys::at(keys::kAgents, announcement->agent), message_text(*announcement), store::Anything{}, *lease});
  const auto stored = co_await store_.commit(std::move(changes));
  if (!stored) log("agent " + announcement->agent + ": " + std::string(text(stored.error())));
}

net::Task<void> Gateway::on_claim(std::string agent, std::string payload, std::string reply_to) {
  auto claimed = api::parse<api::Claim>(payload);
  if (!claimed || claimed->agent != agent || reply_to.empty()) co_return;
  auto spec = co_await claim(std::move(*claimed));
  const std::string reply = spec ? api::reply_text(to_json(*spec)) : api::reply_text(spec.error());
  static_cast<void>(bus_.publish(reply_to, reply));
}

net::Task<Outcome<api::SessionSpec>> Gateway::claim(api::Claim claim) {
  if (claim.launched) REDAN_CO_CHECK(co_await make_launched(claim));
  auto session = co_await edit_session(claim.session, [&](Session& now) -> Outcome<Edit> {
    const bool revivable = now.status == SessionStatus::error && now.agent_lost;
    if (now.over() && !revivable) return api::refuse(api::refusal_of(errc::session_unknown));
    // The agent missed the request to end the session. The refusal of its claim makes it end the instance, so the
    // session is over.
    if (now.status == SessionStatus::terminating) {
      now.status = SessionStatus::terminated;
      ++now.fence;
      return Edit::write;
    }
    const bool served_elsewhere = !now.agent.empty() && now.agent != claim.agent && agents_.find(now.agent) != nullptr;
    if (!claim.attached && served_elsewhere) return api::refuse(api::refusal_of(errc::session_fenced));
    now.agent = claim.agent;
    now.instance = claim.instance;
    now.agent_lost = false;
    if (revivable) {
      now.status = SessionStatus::active;
      now.status_message.clear();
    }
    ++now.fence;
    now.number = 0;
    return Edit::write;
  });
  if (!session) co_return api::refuse(session.error());
  if (session->over()) co_return api::refuse(api::refusal_of(errc::session_unknown));
  co_return spec_of(*session);
}

net::Task<void> Gateway::on_state(std::string agent, std::string payload, std::string reply_to) {
  auto reported = api::parse<api::StateReport>(payload);
  if (!reported || reported->agent != agent) co_return;
  auto done = co_await report(std::move(*reported));
  if (reply_to.empty()) co_return;
  const std::string reply = done ? api::reply_text(api::json::object()) : api::reply_text(done.error());
  static_cast<void>(bus_.publish(reply_to, reply));
}

net::Task<Outcome<void>> Gateway::report(api::StateReport report) {
  // Reports of an end are not rate-limited; all others are, because a runtime can send them at any rate.
  const bool ends = api::is_over(report.status) || report.status == SessionStatus::terminating;
  if (!ends && sessions_.contains(report.session) && !reports_.take(report.session, config_.now())) {
    co_return api::refuse({429, "too_many_reports", "a session's state is taken once a second", {}, 1});
  }
  auto edited = co_await edit_session(report.session, [&](Session& now) -> Outcome<Edit> {
    if (now.over() && !now.agent_lost) {
      // An agent that still has an instance of the session may delete it, because it is no longer needed.
      if (api::is_over(report.status)) return Edit::nothing;
      return api::refuse(api::refusal_of(errc::session_unknown));
    }
    const bool same_agent = now.agent.empty() || now.agent == report.agent;
    if (report.fence != now.fence || !same_agent) return api::refuse(api::refusal_of(errc::session_fenced));
    if (report.number <= now.number) return Edit::nothing;
    Session before = now;
    now.number = report.number;
    now.agent = report.agent;
    now.clients = report.clients;
    now.agent_lost = false;
    // A session that is being ended does not return to an active state.
    const bool ending = now.status == SessionStatus::terminating;
    if (!ending || api::is_over(report.status)) {
      now.status = report.status;
      now.status_message = report.message;
    }
    // Agents repeat reports regularly, to learn whether the gateways still have the session.
    before.number = now.number;
    return before == now ? Edit::nothing : Edit::write;
  });
  if (!edited) co_return api::refuse(edited.error());
  co_return Outcome<void>{};
}

}  // namespace redan::cloud::gateway
