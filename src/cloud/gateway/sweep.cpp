// Time-dependent changes of sessions, shares and idempotency keys. Every unit sweeps; a change that two units make at
// once takes effect once.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace asio = boost::asio;
namespace keys = keys;

using api::Session;
using api::SessionStatus;

constexpr std::int64_t kAgentTimeout = 60;      ///< after its lease has expired
constexpr std::int64_t kCreationTimeout = 150;  ///< for a unit that may have died while creating the session
constexpr std::int64_t kEndingTimeout = 120;    ///< for an agent that does not report that it has ended a session
constexpr std::int64_t kIdempotencyKept = 600;

}  // namespace

net::Task<void> Gateway::sweep() {
  while (!stopped_) {
    sweep_timer_.expires_after(config_.sweep_interval);
    co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!stopped_) co_await sweep_once();
  }
}

net::Task<void> Gateway::sweep_once() {
  // If this unit's copy is old, an agent or a session that appears lost may have returned.
  if (!is_fresh()) co_return;
  std::vector<Known> due;
  for (const auto& [id, known] : sessions_) {
    if (due_for(known.session) != Due::nothing) due.push_back(known);
  }
  for (Known& known : due) co_await sweep_session(std::move(known));
  check_sessions();
  std::vector<api::Share> expired;
  for (const auto& [id, share] : shares_) {
    if (!stands(share)) expired.push_back(share);
  }
  for (const api::Share& share : expired) co_await sweep_share(share);
  std::vector<std::string> forgotten;
  for (const auto& [id, record] : idempotency_) {
    if (record.created_at + kIdempotencyKept <= seconds()) forgotten.push_back(id);
  }
  for (const std::string& id : forgotten) {
    const auto erased = co_await store_.erase(keys::at(keys::kIdempotency, id));
    if (!erased) co_return;
  }
}

Gateway::Due Gateway::due_for(const Session& session) {
  if (session.over()) {
    const std::int64_t kept = settings_.number(setting::kSessionRetention);
    return session.updated_at + kept <= seconds() ? Due::erasing : Due::nothing;
  }
  if (session.agent.empty()) {
    return session.created_at + kCreationTimeout <= seconds() ? Due::failing : Due::nothing;
  }
  if (session.status == SessionStatus::terminating && session.updated_at + kEndingTimeout <= seconds()) {
    return Due::ending;
  }
  const auto lost = agents_.lost_since(session.agent, wall_time());
  return lost && lost->seconds_since_1970 + kAgentTimeout <= seconds() ? Due::losing : Due::nothing;
}

net::Task<void> Gateway::sweep_session(Known known) {
  const Due due = due_for(known.session);
  if (due == Due::erasing) {
    std::vector<store::Change> changes;
    changes.emplace_back(store::Erase{keys::at(keys::kSessions, known.session.id), store::Unchanged{known.revision}});
    for (const std::string& share : known.session.shares) {
      changes.emplace_back(store::Erase{keys::at(keys::kShares, share), store::Anything{}});
    }
    const auto erased = co_await store_.commit(std::move(changes));
    if (!erased && erased.error() != errc::store_conflict) log("an ended session could not be erased");
    co_return;
  }
  // Checked again, because an agent may have returned meanwhile.
  const auto edited = co_await edit_session(known.session.id, [&](Session& now) -> Outcome<Edit> {
    if (due_for(now) != due) return Edit::nothing;
    if (due == Due::ending) {  // keeps its fence: the agent may still be removing the instance
      now.status = SessionStatus::terminated;
      now.status_message = "its agent does not say that it has ended it";
      return Edit::write;
    }
    const bool ending = now.status == SessionStatus::terminating;
    now.status = ending ? SessionStatus::terminated : SessionStatus::error;
    now.status_message = due == Due::losing ? "its agent is lost" : "its creation was interrupted";
    now.agent_lost = due == Due::losing && !ending;
    if (!now.agent_lost) ++now.fence;
    return Edit::write;
  });
  if (!edited) log("session " + known.session.id + ": " + edited.error().message);
}

net::Task<void> Gateway::sweep_share(api::Share share) {
  relay_.end_share(share.id, "the share has expired");
  std::vector<store::Change> also;
  also.emplace_back(store::Erase{keys::at(keys::kShares, share.id), store::Anything{}});
  auto edited = co_await edit_session(
      share.session,
      [&](Session& now) -> Outcome<Edit> {
        std::erase(now.shares, share.id);
        return Edit::write;
      },
      also);
  if (edited || edited.error().status != 404) co_return;
  const auto erased = co_await store_.commit(std::move(also));
  if (!erased) log("an expired share could not be erased: " + share.id);
}

}  // namespace redan::cloud::gateway
