// Sessions of instances that were launched through AMS with enable_streaming: the agent that serves one announces it
// with its claim. They belong to no account, administrators reach them, and they end with their instance.
#include <algorithm>

#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

using api::Session;

/// No account can have this name.
constexpr std::string_view kOwner = "ams:";

Session session_of(const api::Claim& claim, std::int64_t now) {
  const api::Launched& launched = *claim.launched;
  Session session;
  session.id = claim.session;
  session.account = kOwner;
  session.region = launched.region;
  session.cluster = launched.cluster;
  session.wanted.app = launched.app;
  session.wanted.app_version = launched.app_version;
  session.wanted.screen = launched.screen;
  session.wanted.ephemeral = false;
  session.wanted.joinable = true;
  session.joins = 0;
  session.created_at = session.updated_at = session.user_until = now;
  return session;
}

}  // namespace

// Agents are bound by the limits that they announce, so that one of them cannot fill the store.
Outcome<void> Gateway::may_announce(const api::Claim& claim) const {
  const api::Announcement* agent = agents_.find(claim.agent);
  if (!api::is_name(claim.session) || agent == nullptr) return api::refuse(api::refusal_of(errc::session_no_agent));
  const auto its = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    return entry.second.session.agent == claim.agent && !entry.second.session.over();
  });
  if (its >= agent->capacity || sessions_.size() >= config_.max_sessions) {
    return api::refuse(api::refusal_of(Errc::too_many));
  }
  return {};
}

// Several agents may announce the same session. It is made once, and belongs to the first that claims it then.
net::Task<Outcome<void>> Gateway::make_launched(api::Claim claim) {
  const auto known = co_await read_session(claim.session);
  if (known || known.error().status != 404) co_return Outcome<void>{};
  REDAN_CO_CHECK(may_announce(claim));
  const Session session = session_of(claim, seconds());
  std::vector<store::Change> changes;
  changes.emplace_back(store::Put{keys::at(keys::kSessions, session.id), to_record(session), store::Absent{}, {}});
  const auto stored = co_await store_.commit(std::move(changes));
  if (!stored && stored.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(stored.error()));
  co_return Outcome<void>{};
}

}  // namespace redan::cloud::gateway
