// The router on the network: WebSocket (wamp.2.json as text, wamp.2.msgpack and wamp.2.cbor as binary) and RawSocket,
// on TLS 1.3, or without it on loopback addresses.
#pragma once

#include "wamp/router/rawsocket_server.hpp"

namespace redan::wamp {

struct RouterListener {
  Carrier carrier = Carrier::websocket;
  net::ListenAt where;
  bool pings = true;  ///< RawSocket's
};

struct RouterServerConfig {
  std::vector<RouterListener> listen;
  std::vector<std::string> origins{};  ///< of pages that may connect, beside our own: "https://app.example.org"
  TransportLimits transport{};
  RouterConfig router{};
};

class RouterServer {
 public:
  /// Throws boost::system::system_error if an address is taken, or needs TLS. `provider` outlives it.
  RouterServer(boost::asio::io_context& io, RouterServerConfig config, Provider& provider);
  ~RouterServer();
  RouterServer(const RouterServer&) = delete;
  RouterServer& operator=(const RouterServer&) = delete;

  /// In the order of the listeners.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  [[nodiscard]] std::size_t sessions() const;
  /// No new connections; GOODBYE to all sessions, and `done` when all are gone, or after `patience`.
  void drain(std::chrono::milliseconds timeout, std::function<void()> done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::wamp
