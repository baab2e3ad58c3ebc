// The agents that have announced themselves, and the choice of an agent for a session.
#pragma once

#include <map>
#include <set>

#include "cloud/api/agent.hpp"
#include "cloud/api/envelope.hpp"

namespace redan::cloud::gateway {

class Agents {
 public:
  void put(api::Announcement announcement);
  /// The agent's lease expired at `now`.
  void erase(const std::string& agent, WallTime now);
  void clear() { agents_.clear(); }

  [[nodiscard]] const api::Announcement* find(const std::string& agent) const;
  [[nodiscard]] const std::map<std::string, api::Announcement>& all() const { return agents_; }

  /// The agents that can accept a session of this application in this region ("": any): the least loaded first, those
  /// that report that they are full last. Draining agents are excluded.
  [[nodiscard]] std::vector<std::string> candidates(std::string_view app, std::string_view region) const;
  /// Why candidates() has none.
  [[nodiscard]] api::Refusal no_candidate(std::string_view app) const;
  /// A session was placed on this agent; its announcements do not include it yet.
  void note_placed(const std::string& agent) { ++placed_[agent]; }

  /// The number of known agents whose lease expired within the last day without a goodbye message.
  [[nodiscard]] std::size_t unresponsive(WallTime now) const;
  /// The time since which the agent is lost; nullopt if it is present. An unknown agent counts as lost from the first
  /// call.
  std::optional<WallTime> lost_since(const std::string& agent, WallTime now);

 private:
  [[nodiscard]] double load(const api::Announcement& agent) const;

  std::map<std::string, api::Announcement> agents_;
  std::map<std::string, std::int64_t> placed_;  ///< since their last announcement
  std::map<std::string, WallTime> lost_;        ///< without a goodbye message
};

}  // namespace redan::cloud::gateway
