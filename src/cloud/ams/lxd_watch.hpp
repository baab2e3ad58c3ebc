// Detects LXD instances that end by themselves.
//
// LXD's events only trigger a check; the check determines the actual state. Lost, duplicate and early events are
// therefore harmless. All watched instances are checked when a new connection for events is established, and every 30
// seconds.
#pragma once

#include <functional>

#include "cloud/ams/lxd_client.hpp"

namespace redan::cloud::ams {

class LxdWatch {
 public:
  using Ended = std::function<void(const std::string& id, const std::string& why)>;
  using Say = std::function<void(std::string_view line)>;

  /// Starts at once, for the instances of `unit`.
  LxdWatch(boost::asio::io_context& io, std::shared_ptr<LxdClient> client, std::string unit, Ended ended, Say log);
  ~LxdWatch();
  LxdWatch(const LxdWatch&) = delete;
  LxdWatch& operator=(const LxdWatch&) = delete;

  /// Watches a running instance. It is checked soon, because it may have ended already.
  void add(const std::string& id);
  /// No further callbacks are made for this instance.
  void remove(const std::string& id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::cloud::ams
