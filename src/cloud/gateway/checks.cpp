// Checks that the agents still serve their sessions. An agent that restarts after the instance of a session has ended
// does not know of that session, and reports nothing about it.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "cloud/errors.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace asio = boost::asio;

using api::Session;
using api::SessionStatus;

constexpr std::size_t kAtOnce = 64;
constexpr std::chrono::seconds kCheckEvery{60};
constexpr std::chrono::seconds kUnservedTimeout{60};  ///< an agent that has restarted adopts its sessions meanwhile

}  // namespace

void Gateway::check_sessions() {
  std::erase_if(checks_, [this](const auto& entry) { return !sessions_.contains(entry.first); });
  const TimePoint now = config_.now();
  std::vector<std::pair<TimePoint, const Session*>> due;
  for (const auto& [id, known] : sessions_) {
    const Session& session = known.session;
    // The sweep handles the others.
    const bool settled = session.status == SessionStatus::created || session.status == SessionStatus::active;
    if (!settled || session.agent.empty() || agents_.find(session.agent) == nullptr) {
      // An agent that comes back has its time to adopt the session.
      if (const auto kept = checks_.find(id); kept != checks_.end()) kept->second.unserved_since.reset();
      continue;
    }
    Check& check = checks_.try_emplace(id, Check{now + kCheckEvery}).first->second;
    if (!check.running && now >= check.due) due.emplace_back(check.due, &session);
  }
  // Those that have waited longest come first, so that none waits for ever.
  std::sort(due.begin(), due.end());
  for (const auto& [since, session] : due) {
    if (checks_running_ >= kAtOnce) break;
    checks_.at(session->id).running = true;
    ++checks_running_;
    asio::co_spawn(io_, check_session(*session), asio::detached);
  }
}

// An agent that does not answer may still serve the session; only its absence from the session's subject counts.
net::Task<void> Gateway::check_session(Session session) {
  api::Command wanted{api::Command::Kind::check, session.fence, {}, false, {}};
  const auto reply = co_await command(session.id, std::move(wanted));
  --checks_running_;
  const auto found = checks_.find(session.id);
  if (stopped_ || found == checks_.end()) co_return;
  const TimePoint now = config_.now();
  Check& check = found->second;
  check.running = false;
  const bool served = reply || reply.error().code != name(errc::bus_no_responders);
  check.due = served ? now + kCheckEvery : now;
  if (served) {
    check.unserved_since.reset();
    co_return;
  }
  if (!check.unserved_since) check.unserved_since = now;
  if (now - *check.unserved_since < kUnservedTimeout) co_return;
  const auto edited = co_await edit_session(session.id, [&](Session& stored) -> Outcome<Edit> {
    if (stored.over() || stored.fence != session.fence || stored.agent != session.agent) return Edit::nothing;
    stored.status = SessionStatus::error;
    stored.status_message = "its agent does not serve it";
    stored.agent_lost = true;  // a late claim revives it
    return Edit::write;
  });
  if (!edited) log("session " + session.id + ": " + edited.error().message);
}

}  // namespace redan::cloud::gateway
