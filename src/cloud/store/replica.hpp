// A unit's copy of a part of the store: loaded as a whole, then kept up to date by a watch, and loaded again when the
// watch is lost. The unit keeps the copy; this keeps it up to date.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "cloud/store/store.hpp"

namespace redan::cloud::store {

struct ReplicaParts {
  std::string prefix;
  /// Replaces the copy by what the store has now. Called again when the watch was lost, until it succeeds.
  std::function<net::Task<Result<void>>()> load;
  std::function<void(const Entry&)> on_put;
  std::function<void(const std::string& key)> on_erase;
  std::function<void()> on_fresh{};             ///< the copy is as new as the store
  std::function<void()> on_event{};             ///< after each of them, and after a loss
  std::function<void(std::string_view)> log{};  ///< logs one line
};

/// All calls are made on the loop, which has stopped when it is destroyed.
class Replica {
 public:
  Replica(boost::asio::io_context& io, Store& store, ReplicaParts parts)
      : io_(io), store_(store), parts_(std::move(parts)) {}

  /// Loads the copy and follows the store from then on.
  [[nodiscard]] net::Task<Result<void>> start();
  void stop();
  /// Everything up to this revision has been delivered.
  [[nodiscard]] Revision seen() const { return seen_; }

 private:
  net::Task<void> start_again();
  void on_watch(const WatchEvent& event);
  void take(const WatchEvent& event);

  boost::asio::io_context& io_;
  Store& store_;
  ReplicaParts parts_;
  std::unique_ptr<Watch> watch_;
  Revision seen_{};
  bool stopped_ = false;
};

}  // namespace redan::cloud::store
