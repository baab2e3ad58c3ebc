// The HTTP API of AMS (docs/API.md): routes, authorization, and envelopes. The service implements the rules.
//
// A caller on TCP presents a client certificate, or can use only the open routes. On the Unix socket the kernel
// identifies the caller: root, the user that AMS runs as, and the users named in the configuration are administrators.
#pragma once

#include "cloud/ams/service.hpp"
#include "cloud/api/metrics.hpp"
#include "cloud/api/rate_limit.hpp"
#include "net/http/server.hpp"

namespace redan::cloud::ams {

struct ServerConfig {
  net::TlsListener https;
  std::optional<net::UnixListener> local{};
  std::vector<uid_t> local_users{};
  double requests_per_second = 100;  ///< per caller; core.max_requests_per_second overrides it
};

class Server {
 public:
  /// Sets on_event and on_distrust of `ams`. Throws boost::system::system_error if an address is in use.
  Server(boost::asio::io_context& io, Ams& ams, ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redan::cloud::ams
