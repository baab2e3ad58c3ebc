// The HTTP server that AMS, gateway and agent share: a TLS listener and a Unix socket, a request rate for each caller,
// the users who may use the Unix socket, metrics, and graceful shutdown. The unit's handlers define the routes and
// authorize their use.
#pragma once

#include "cloud/api/envelope.hpp"
#include "cloud/api/metrics.hpp"
#include "cloud/api/rate_limit.hpp"
#include "net/http/server.hpp"

namespace redan::cloud::unit {

using Reply = api::Outcome<net::HttpResponse>;

struct ServerConfig {
  net::TlsListener https;
  std::optional<net::UnixListener> local{};
  std::vector<uid_t> local_users{};  ///< of the Unix socket, beside root and the user that the program runs as
  std::string metrics_prefix;        ///< "ams_http_"
  double requests_per_second = 100;  ///< of each caller
  std::string rate_setting{};        ///< the name of the setting that raises it; empty: there is none
  std::size_t max_body = 1024 * 1024;
  std::size_t max_upload = 0;  ///< of a body that Handlers::upload takes
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 256;
};

struct Handlers {
  /// Answers a request. `label` counts it in the metrics: it must come from a table, never from the request. At first
  /// it is "unknown".
  std::function<net::Task<Reply>(const net::HttpRequest&, const net::Connection&, std::string& label)> answer;
  std::function<net::Task<net::UpgradeReply>(net::HttpRequest, const net::Connection&)> upgrade;
  /// Decides, from a request's head, whether its body is uploaded (see net::HttpServerConfig::on_upload).
  std::function<std::shared_ptr<net::Upload>(const net::HttpRequest&, const net::Connection&)> upload{};
  /// The response for a refusal, in the envelope of the unit's API.
  std::function<net::HttpResponse(const api::Refusal&)> error;
  /// Adds headers to every response. `origin` is the request's; empty if it has none or does not parse.
  std::function<void(net::HttpResponse&, const std::string& origin)> finish{};
  /// For programs that serve pages beside the API: identifies the API's paths; the other handlers serve the rest.
  std::function<bool(std::string_view path)> is_api{};
  decltype(net::HttpServerConfig::handler) other_handler{};
  decltype(net::HttpServerConfig::on_upgrade) other_upgrade{};
};

class Server {
 public:
  /// Throws boost::system::system_error if an address is in use.
  Server(boost::asio::io_context& io, ServerConfig config, Handlers handlers);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return https_->port(); }
  /// Root, the user that the program runs as, or a user of the configuration.
  [[nodiscard]] bool is_local_user(const net::LocalPeer& peer) const;
  /// Counts a request of `caller` against its rate; refuses with 429. Requests on the Unix socket are not counted.
  api::Outcome<void> take(const std::string& caller, const net::Connection& connection);
  /// Replaces the configured rate; 0 restores it.
  void set_rate(double requests_per_second);
  [[nodiscard]] api::HttpMetrics& metrics() { return metrics_; }
  [[nodiscard]] const api::HttpMetrics& metrics() const { return metrics_; }

  /// Closes the TLS connections for which `unwanted` is true.
  void close_if(const std::function<bool(const net::Connection&)>& unwanted) { https_->close_if(unwanted); }
  /// Accepts no further connection and lets the requests in progress finish; each connection closes after its response.
  /// Calls `drained` once they have.
  void drain(std::function<void()> drained);
  void stop();

 private:
  net::HttpServerConfig listener(net::ListenAt listen);
  net::Task<net::HttpResponse> handle(net::HttpRequest request, const net::Connection& connection);
  void notify_if_drained();
  void finish(net::HttpResponse& response, const std::string& origin) const;

  ServerConfig config_;
  Handlers handlers_;
  api::RateLimit limit_;
  api::HttpMetrics metrics_;
  std::size_t in_flight_ = 0;
  std::function<void()> drained_;  ///< empty: the server is not draining
  boost::asio::steady_timer drain_timer_;
  std::unique_ptr<net::HttpServer> https_, local_;
};

/// A page of metrics in Prometheus's text format.
net::HttpResponse metrics_page(std::string text);

}  // namespace redan::cloud::unit
