// All watches of one etcd store, over one stream that reports every entry of the prefix, and the beacon. It runs while
// there are watches, and resumes at another endpoint where it broke off.
#pragma once

#include "cloud/store/etcd_cluster.hpp"
#include "cloud/store/etcd_json.hpp"
#include "cloud/store/etcd_keys.hpp"

namespace redan::cloud::store {

class EtcdFeed {
 public:
  EtcdFeed(boost::asio::io_context& io, std::shared_ptr<EtcdCluster> cluster, EtcdKeys keys);
  /// Ends the stream and, silently, all watches.
  ~EtcdFeed();
  EtcdFeed(const EtcdFeed&) = delete;
  EtcdFeed& operator=(const EtcdFeed&) = delete;

  std::unique_ptr<Watch> watch(std::string_view prefix, Revision since, std::function<void(const WatchEvent&)> handler);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Divides a stream into lines. A line longer than the limit is a permanent failure.
class LineCutter {
 public:
  explicit LineCutter(std::size_t limit) : limit_(limit) {}
  /// Calls `on_line` for every complete line, without its end. False: a line is too long.
  bool add(std::string_view piece, const std::function<void(std::string_view)>& on_line);

 private:
  std::size_t limit_;
  std::string part_;
};

}  // namespace redan::cloud::store
