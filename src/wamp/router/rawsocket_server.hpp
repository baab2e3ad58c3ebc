// Listens for RawSocket clients. All state and waiting caused by unauthenticated clients is limited.
#pragma once

#include "net/http/server.hpp"
#include "wamp/rawsocket.hpp"
#include "wamp/router/config.hpp"

namespace redan::wamp {

/// One open RawSocket.
class RawSocket {
 public:
  virtual ~RawSocket() = default;
  /// Queues a message; the socket is closed if the client reads too slowly, or does not accept messages of this length.
  virtual void send(std::string message) = 0;
  /// Closes it when everything queued has been sent.
  virtual void close() = 0;
  /// The longest message that the client accepts.
  [[nodiscard]] virtual std::size_t max_message() const = 0;
  [[nodiscard]] virtual Serializer serializer() const = 0;
  [[nodiscard]] virtual const net::Connection& connection() const = 0;

  std::function<void(Bytes)> on_message;
  std::function<void(Router::Unreadable)> on_unreadable;  ///< called last
  std::function<void()> on_close;                         ///< called once
};

struct RawSocketServerConfig {
  net::ListenAt listen;
  TransportLimits limits{};
  bool pings = true;  ///< without pings, a client may be silent as long as TCP keep-alive finds it
  std::size_t max_connections = 16'384;
  std::chrono::milliseconds handshake_timeout{5'000};  ///< of TLS and RawSocket together
  /// Receives the new socket; set its callbacks here.
  std::function<void(const std::shared_ptr<RawSocket>&)> on_open;
};

class RawSocketServer {
 public:
  /// Throws boost::system::system_error if the address is in use or requires TLS.
  RawSocketServer(boost::asio::io_context& io, RawSocketServerConfig config);
  ~RawSocketServer();
  RawSocketServer(const RawSocketServer&) = delete;
  RawSocketServer& operator=(const RawSocketServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void stop_accepting();
  /// Closes the listener and every connection.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::wamp
