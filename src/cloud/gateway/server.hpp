// The HTTP API of the stream gateway (docs/API.md): routes, who may use them, envelopes, CORS, and the WebSockets of
// clients. The rules are the service's.
//
// On TCP callers show a token. On the Unix socket the kernel says who calls: root, the user the gateway runs as and the
// users named in the configuration may do everything, and only there accounts are made.
#pragma once

#include "cloud/gateway/service.hpp"
#include "net/http/server.hpp"

namespace redan::cloud::gateway {

struct ServerConfig {
  net::TlsListener https;
  std::optional<net::UnixListener> local{};
  std::vector<uid_t> local_users{};
  double requests_per_second = 200;  ///< of one account, or of one address without a token; the setting overrides it
  std::size_t max_connections = 16'384;
  std::size_t max_connections_per_address = 1'024;
  /// Answer what is neither below /1.0/ nor a page of metrics: where a program serves pages beside the API.
  decltype(net::HttpServerConfig::handler) other_handler{};
  decltype(net::HttpServerConfig::on_upgrade) other_upgrade{};
};

class Server {
 public:
  /// Throws boost::system::system_error if an address is taken.
  Server(boost::asio::io_context& io, Gateway& gateway, ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Takes no further connection, and lets the requests under way finish; each connection ends with its answer.
  /// `drained` is told once they have.
  void drain(std::function<void()> drained);
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redan::cloud::gateway
