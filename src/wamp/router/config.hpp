// A router's configuration, one JSON object (docs/protocols/wamp.md). A name that is not known, a role that is not
// there, or a value of the wrong kind is a mistake, and a router with a mistake does not start.
#pragma once

#include "wamp/router/router.hpp"

namespace redan::wamp {

enum class Carrier : std::uint8_t { websocket, rawsocket };

struct ListenConfig {
  Carrier carrier = Carrier::websocket;
  std::string address;  ///< "192.0.2.1:8080"
  bool plain = false;   ///< without TLS: loopback addresses only
  bool pings = true;    ///< RawSocket: false for clients that cannot answer; then TCP looks whether they are there
};

struct TransportLimits {
  std::size_t max_message = 1024 * 1024;
  std::size_t max_buffered = 4 * 1024 * 1024;  ///< for a slow client; then it is cut
  std::size_t max_connections_per_address = 1'024;
  std::chrono::seconds idle_timeout{60};  ///< pings go out after half of it at the latest
};

struct RouterFile {
  std::vector<ListenConfig> listen{};
  std::vector<std::string> origins{};  ///< of pages that may connect, beside our own
  TransportLimits transport{};
  RouterConfig router{};
};

/// The content of a file that holds a secret, without its line feed; or what is wrong with it, for people.
using ReadSecret = std::function<tl::expected<std::string, std::string>(const std::string& path)>;

/// What is wrong is said for people: "realms[0].roles[1].permissions[0]: no such action: pubish".
tl::expected<RouterFile, std::string> parse_router_file(std::string_view json, const ReadSecret& read_secret);

/// Everything for everybody, for trying things out on this machine.
RouterConfig open_router(std::string realm);

}  // namespace redan::wamp
