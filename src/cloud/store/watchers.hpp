// The watches of a store that learns of its changes in this process: memory and SQLite. Events wait in a queue of each
// watch, from which the loop tells them in order, so a watch is never told from within a call of the store.
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

  /// `missed` is what the watch is told first: the changes after `since` that came before this call and, at the end, up
  /// to which revision they go. It is told later of what comes after that one.
  std::unique_ptr<Watch> add(std::string_view prefix, Revision since, Handler handler, std::vector<WatchEvent> missed);
  /// Tells each watch that it concerns. In the order of the commits.
  void notify(const WatchEvent& event);

  /// Tells WatchLost to those that wait for changes after an older revision than this.
  void lose_older_than(Revision revision);
  /// Ends all watches silently.
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
