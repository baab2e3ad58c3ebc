// The agents that have announced themselves, and which of them should get a session.
#pragma once

#include <map>
#include <set>

#include "cloud/api/agent.hpp"

namespace redan::cloud::gateway {

class Agents {
 public:
  void put(api::Announcement announcement);
  /// Its lease ended at `now`.
  void erase(const std::string& agent, WallTime now);
  void clear() { agents_.clear(); }

  [[nodiscard]] const api::Announcement* find(const std::string& agent) const;
  [[nodiscard]] const std::map<std::string, api::Announcement>& all() const { return agents_; }

  /// Those that may take a session of this application, in this region ("": any): the least loaded first, those that
  /// say they are full last, none that drains.
  [[nodiscard]] std::vector<std::string> candidates(std::string_view app, std::string_view region) const;
  /// A session went there, which its announcements do not count yet.
  void note_placed(const std::string& agent) { ++placed_[agent]; }

  /// Known agents whose lease ended without a goodbye, within the last day.
  [[nodiscard]] std::size_t unresponsive(WallTime now) const;
  /// Since when it is lost; nullopt if it is there. An agent never heard of counts from the first question.
  std::optional<WallTime> lost_since(const std::string& agent, WallTime now);

 private:
  [[nodiscard]] double load(const api::Announcement& agent) const;

  std::map<std::string, api::Announcement> agents_;
  std::map<std::string, std::int64_t> placed_;  ///< since their last announcement
  std::map<std::string, WallTime> lost_;        ///< and said no goodbye
};

}  // namespace redan::cloud::gateway
