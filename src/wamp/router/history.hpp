// The last events of each topic that the realm keeps. Bounded in events per topic, and in total.
#pragma once

#include <list>

#include "wamp/router/pattern.hpp"

namespace redan::wamp {

struct HistoryLimits {
  std::size_t events_per_topic = 0;  ///< 0: nothing is kept
  std::size_t max_events = 10'000;
  std::size_t max_bytes = 16 * 1024 * 1024;
};

struct PastEvent {
  std::string topic;
  Id publication = 0;
  Dict details{};
  Payload payload{};
};

class History {
 public:
  explicit History(const HistoryLimits& limits) : limits_(limits) {}

  [[nodiscard]] bool keeps() const { return limits_.events_per_topic != 0; }
  /// The oldest event of its topic, then the oldest of all, make room. An event larger than the whole history is not
  /// kept.
  void add(PastEvent event);
  /// The last `limit` events that match the pattern, oldest first.
  [[nodiscard]] std::vector<const PastEvent*> last(Match match, std::string_view pattern, std::size_t limit) const;

 private:
  struct Retained {
    PastEvent event;
    std::size_t bytes = 0;
  };
  using RetainedEvents = std::list<Retained>;
  void drop(RetainedEvents::iterator oldest);

  HistoryLimits limits_;
  RetainedEvents events_;  ///< oldest first
  std::unordered_map<std::string, std::list<RetainedEvents::iterator>> by_topic_;
  std::size_t bytes_ = 0;
};

}  // namespace redan::wamp
