// Connects the router to the network: WebSocket (wamp.2.json as text, wamp.2.msgpack and wamp.2.cbor as binary) and
// RawSocket, on TLS 1.3, or without TLS on loopback addresses.
#pragma once

#include "wamp/router/rawsocket_server.hpp"

namespace redan::wamp {

struct RouterListener {
  Carrier carrier = Carrier::websocket;
  net::ListenAt where;
  bool pings = true;  ///< for RawSocket
};

struct RouterServerConfig {
  std::vector<RouterListener> listen;
  std::vector<std::string> origins{};  ///< of pages that may connect, besides our own: "https://app.example.org"
  TransportLimits transport{};
  RouterConfig router{};
};

class RouterServer {
 public:
  /// Throws boost::system::system_error if an address is in use or requires TLS. `provider` must outlive it.
  RouterServer(boost::asio::io_context& io, RouterServerConfig config, Provider& provider);
  ~RouterServer();
  RouterServer(const RouterServer&) = delete;
  RouterServer& operator=(const RouterServer&) = delete;

  /// In the order of the listeners.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  [[nodiscard]] std::size_t sessions() const;
  /// Accepts no new connections, sends GOODBYE to all sessions, and calls `done` when all are gone or after `timeout`.
  void drain(std::chrono::milliseconds timeout, std::function<void()> done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::wamp
