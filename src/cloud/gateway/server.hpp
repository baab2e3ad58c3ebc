// The HTTP API of the stream gateway (docs/API.md): routes, authorization, envelopes, CORS, and the clients'
// WebSockets. The service implements the rules.
//
// Callers on TCP present a token. On the Unix socket the kernel identifies the caller: root, the user that the gateway
// runs as and the users named in the configuration may do everything. Accounts can be created only there.
#pragma once

#include "cloud/gateway/service.hpp"
#include "net/http/server.hpp"

namespace redan::cloud::gateway {

struct ServerConfig {
  net::TlsListener https;
  std::optional<net::UnixListener> local{};
  std::vector<uid_t> local_users{};
  double requests_per_second = 200;  ///< per account, or per address without a token; the setting overrides it
  std::size_t max_connections = 16'384;
  std::size_t max_connections_per_address = 1'024;
  /// Handle all paths except those below /1.0/ and the metrics pages, for programs that serve pages beside the API.
  decltype(net::HttpServerConfig::handler) other_handler{};
  decltype(net::HttpServerConfig::on_upgrade) other_upgrade{};
};

class Server {
 public:
  /// Throws boost::system::system_error if an address is in use.
  Server(boost::asio::io_context& io, Gateway& gateway, ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Accepts no further connection and lets the requests in progress finish; each connection closes after its response.
  /// Calls `drained` once they have.
  void drain(std::function<void()> drained);
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redan::cloud::gateway
