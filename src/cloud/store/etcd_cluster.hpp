// Calls of etcd's JSON gateway that switch to another endpoint when one fails.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cloud/store/etcd_login.hpp"

namespace redan::cloud::store {

class EtcdCluster {
 public:
  using Report = std::function<void(const StoreFailure&)>;
  /// Returns the request. `again`: an earlier attempt may have been carried out, or may still be.
  using Body = std::function<std::string(bool again)>;

  EtcdCluster(boost::asio::io_context& io, const EtcdConfig& config, Report report);

  /// Returns the body of the answer. Retried until `until`, so the call must be idempotent. A request that is still
  /// pending at the deadline ends by itself soon after.
  net::Task<EtcdAnswer> call(std::string path, Body body, TimePoint until);

  /// Whether a majority has agreed to something within this time.
  [[nodiscard]] bool majority_seen_within(Duration time) const;
  [[nodiscard]] TimePoint deadline() const;

  /// For one long answer. It fails after some seconds of silence.
  [[nodiscard]] std::shared_ptr<net::HttpClient> stream_client() const;
  /// The request for it; nullopt, after a report, if etcd refuses our login.
  net::Task<std::optional<net::HttpRequest>> stream_request(std::string path, std::string body);
  /// etcd has ended the stream with a refusal.
  void doubt_login() { login_.doubt(); }
  /// The endpoint of stream_client() has failed: switch to another.
  void leave_stream_endpoint();

  void report(const StoreFailure& failure);
  /// Stops all reports.
  void silence() { report_ = {}; }

 private:
  struct Endpoint {
    std::shared_ptr<net::HttpClient> calls;
    std::shared_ptr<net::HttpClient> streams;
  };
  struct Attempt;
  net::Task<EtcdAnswer> attempt(std::size_t endpoint, const std::string& path, std::string body, TimePoint until);
  net::Task<tl::expected<void, EtcdFailure>> log_in(std::size_t endpoint, TimePoint until);
  net::Task<EtcdAnswer> send(std::size_t endpoint, net::HttpRequest what, TimePoint until);
  net::Task<void> pause(TimePoint until);
  EtcdFailure given_up(EtcdFailure last, bool maybe_done);

  boost::asio::io_context& io_;
  Report report_;
  std::chrono::milliseconds deadline_;
  EtcdLogin login_;
  std::vector<Endpoint> endpoints_;
  std::size_t preferred_ = 0;
  std::size_t stream_endpoint_ = 0;
  std::optional<TimePoint> majority_seen_;
  std::optional<TimePoint> reported_;
};

}  // namespace redan::cloud::store
