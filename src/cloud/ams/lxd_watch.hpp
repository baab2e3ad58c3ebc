// Notices that instances in LXD ended by themselves.
//
// LXD's events say when to look, and looking says what happened: so an event that was lost, came twice or came early
// does no harm. All watched instances are looked at when the connection for events is new, and every 30 seconds.
#pragma once

#include <functional>

#include "cloud/ams/lxd_client.hpp"

namespace redan::cloud::ams {

class LxdWatch {
 public:
  using Ended = std::function<void(const std::string& id, const std::string& why)>;
  using Say = std::function<void(std::string_view line)>;

  /// Begins at once, for the instances of `unit`.
  LxdWatch(boost::asio::io_context& io, std::shared_ptr<LxdClient> client, std::string unit, Ended ended, Say log);
  ~LxdWatch();
  LxdWatch(const LxdWatch&) = delete;
  LxdWatch& operator=(const LxdWatch&) = delete;

  /// It runs. Looked at soon, for it may have ended already.
  void add(const std::string& id);
  /// Nothing is told of it any more.
  void remove(const std::string& id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::cloud::ams
