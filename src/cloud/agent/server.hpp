// The HTTP API of an agent: for runtimes, which present the token of their session, and a status page for operators.
//
//   GET /1.0/sessions/{id}/sockets/supervisor?instance=   WebSocket: text messages are reports and commands
//                                                         (cloud/api/agent.hpp), binary ones LinkFrames
//   GET /1.0/sessions/{id}/ice-servers?instance=          fresh STUN and TURN servers
//   GET /1.0/status                                       open to all
//   GET /metrics, POST /1.0/drain                         on the Unix socket only
//
// The token is passed in "Authorization: macaroon root=..." or in the query as token=.
#pragma once

#include "cloud/agent/service.hpp"
#include "net/http/server.hpp"

namespace redan::cloud::agent {

struct ServerConfig {
  net::TlsListener https;
  std::optional<net::UnixListener> local{};
};

class Server {
 public:
  /// Throws boost::system::system_error if an address is in use.
  Server(boost::asio::io_context& io, Agent& agent, ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace redan::cloud::agent
