// The watches of a store that learns of its changes within this process: memory and SQLite. Events are queued for each
// watch and delivered in order by the loop, so a watch is never called from within a call of the store.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cloud/store/rules.hpp"

namespace redan::cloud::store {

class Watchers {
 public:
  using Handler = std::function<void(const WatchEvent&)>;

  explicit Watchers(boost::asio::io_context& io) : io_(io) {}
  ~Watchers() { end(); }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  /// `missed` is delivered first: the changes after `since` that came before this call and, at the end, the revision up
  /// to which they go. Later changes follow.
  std::unique_ptr<Watch> add(std::string_view prefix, Revision since, Handler handler, std::vector<WatchEvent> missed);
  /// Delivers the event to each watch that it concerns. Called in the order of the commits.
  void notify(const WatchEvent& event);

  /// Delivers WatchLost to watches that need changes after an older revision than this.
  void lose_older_than(Revision revision);
  /// Ends all watches without an event.
  void end();

  [[nodiscard]] bool empty();

  struct Target;

 private:
  void drop_ended();

  boost::asio::io_context& io_;
  std::vector<std::weak_ptr<Target>> targets_;
};

/// 0 for WatchLost.
Revision revision_of(const WatchEvent& event);

}  // namespace redan::cloud::store
