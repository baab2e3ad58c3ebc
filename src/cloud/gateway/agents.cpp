#include "cloud/gateway/agents.hpp"

#include <algorithm>

#include "cloud/errors.hpp"

namespace redan::cloud::gateway {
namespace {

constexpr std::int64_t kRemembered = 24 * 3600;
constexpr std::size_t kMaxLost = 1000;

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

void Agents::put(api::Announcement announcement) {
  placed_.erase(announcement.agent);
  lost_.erase(announcement.agent);
  std::string agent = announcement.agent;
  agents_.insert_or_assign(std::move(agent), std::move(announcement));
}

void Agents::erase(const std::string& agent, WallTime now) {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return;
  if (!found->second.draining && lost_.size() < kMaxLost) lost_.emplace(agent, now);
  placed_.erase(agent);
  agents_.erase(found);
}

const api::Announcement* Agents::find(const std::string& agent) const {
  const auto found = agents_.find(agent);
  return found == agents_.end() ? nullptr : &found->second;
}

double Agents::load(const api::Announcement& agent) const {
  const auto placed = placed_.find(agent.agent);
  const std::int64_t sessions = agent.sessions + (placed == placed_.end() ? 0 : placed->second);
  return static_cast<double>(sessions) / static_cast<double>(std::max<std::int64_t>(agent.capacity, 1));
}

std::vector<std::string> Agents::candidates(std::string_view app, std::string_view region) const {
  std::vector<std::pair<double, std::string>> loaded;
  for (const auto& [id, agent] : agents_) {
    if (agent.draining || agent.capacity <= 0) continue;
    if (!region.empty() && agent.region != region) continue;
    if (contains(agent.applications, app)) loaded.emplace_back(load(agent), id);
  }
  std::sort(loaded.begin(), loaded.end());
  std::vector<std::string> ids;
  for (auto& [by, id] : loaded) ids.push_back(std::move(id));
  return ids;
}

api::Refusal Agents::no_candidate(std::string_view app) const {
  api::Refusal refusal = api::refusal_of(errc::session_no_agent);
  const auto knows = [app](const auto& entry) { return contains(entry.second.applications, app); };
  if (agents_.empty()) {
    refusal.message = "no agent has reported to this gateway yet";
    refusal.hint = "try again in some seconds; then see that an agent runs and that both have the same bus";
  } else if (std::none_of(agents_.begin(), agents_.end(), knows)) {
    refusal.code = "app_unknown";
    refusal.message = "no agent knows an application named " + std::string(app);
    refusal.hint = "compare the name with amc application list; agents learn of a new one within five seconds";
  }
  return refusal;
}

std::size_t Agents::unresponsive(WallTime now) const {
  return static_cast<std::size_t>(std::count_if(lost_.begin(), lost_.end(), [&](const auto& entry) {
    return now.seconds_since_1970 - entry.second.seconds_since_1970 < kRemembered;
  }));
}

std::optional<WallTime> Agents::lost_since(const std::string& agent, WallTime now) {
  if (agents_.contains(agent)) return std::nullopt;
  const auto found = lost_.find(agent);
  if (found != lost_.end()) return found->second;
  if (lost_.size() < kMaxLost) lost_.emplace(agent, now);
  return now;
}

}  // namespace redan::cloud::gateway
