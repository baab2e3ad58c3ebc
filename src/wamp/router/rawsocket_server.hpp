// Listens for RawSocket clients. Everything that a stranger can make us hold or wait for has a limit.
#pragma once

#include "net/http/server.hpp"
#include "wamp/router/config.hpp"
#include "wamp/router/rawsocket.hpp"

namespace redan::wamp {

/// One open RawSocket.
class RawSocket {
 public:
  virtual ~RawSocket() = default;
  /// Queued; the socket is cut if it is too slow to read, or takes no message of that length.
  virtual void send(std::string message) = 0;
  /// Ends it when everything before is sent.
  virtual void close() = 0;
  [[nodiscard]] virtual Serializer serializer() const = 0;
  [[nodiscard]] virtual const net::Connection& connection() const = 0;

  std::function<void(Bytes)> on_message;
  std::function<void(Router::Unreadable)> on_unreadable;  ///< nothing comes after it
  std::function<void()> on_close;                         ///< once
};

struct RawSocketServerConfig {
  net::ListenAt listen;
  TransportLimits limits{};
  bool pings = true;  ///< without, a client may be silent for ever, as long as TCP's keep-alive finds it
  std::size_t max_connections = 16'384;
  std::chrono::milliseconds handshake_timeout{5'000};  ///< of TLS and RawSocket together
  /// The new socket; set its callbacks here.
  std::function<void(const std::shared_ptr<RawSocket>&)> on_open;
};

class RawSocketServer {
 public:
  /// Throws boost::system::system_error if the address is taken, or needs TLS.
  RawSocketServer(boost::asio::io_context& io, RawSocketServerConfig config);
  ~RawSocketServer();
  RawSocketServer(const RawSocketServer&) = delete;
  RawSocketServer& operator=(const RawSocketServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  void stop_accepting();
  /// Closes the listener and cuts every connection.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::wamp
