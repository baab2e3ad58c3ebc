// A router's configuration, one JSON object (docs/protocols/wamp.md). An unknown name, an undefined role or a value of
// the wrong type is an error, and a router with an error in its configuration does not start.
#pragma once

#include "wamp/rawsocket.hpp"
#include "wamp/router/router.hpp"

namespace redan::wamp {

struct ListenConfig {
  Carrier carrier = Carrier::websocket;
  std::string address;  ///< "192.0.2.1:8080"
  bool plain = false;   ///< without TLS: loopback addresses only
  bool pings = true;    ///< RawSocket: false for clients that cannot answer; TCP keep-alive is used instead
};

struct TransportLimits {
  std::size_t max_message = 1024 * 1024;
  std::size_t max_buffered = 4 * 1024 * 1024;  ///< for a slow client; beyond it the client is disconnected
  std::size_t max_connections_per_address = 1'024;
  std::chrono::seconds idle_timeout{60};  ///< pings are sent after half of it at the latest
};

struct RouterFile {
  std::vector<ListenConfig> listen{};
  std::vector<std::string> origins{};  ///< of pages that may connect, besides our own
  TransportLimits transport{};
  RouterConfig router{};
};

/// The content of a secret file, without its line feed; or a human-readable error.
using ReadSecret = std::function<tl::expected<std::string, std::string>(const std::string& path)>;

/// Errors are human-readable: "realms[0].roles[1].permissions[0]: no such action: pubish".
tl::expected<RouterFile, std::string> parse_router_file(std::string_view json, const ReadSecret& read_secret);

/// Allows everything to every client, for trials on this machine.
RouterConfig open_router(std::string realm);

}  // namespace redan::wamp
