// A WebSocket client over TLS 1.3 with a pinned certificate.
#pragma once

#include "net/http_server.hpp"

namespace redan::net {

enum class ConnectFailure { network, tls_refused, websocket_refused };

struct WebSocketClientConfig {
  std::string host;
  std::uint16_t port = 443;
  std::string target;
  Digest pinned_sha256;
  std::size_t max_message = 256 * 1024;
  std::chrono::seconds first_message_timeout{10};
};

/// Connects, and calls one of the two once. Nothing of the request is sent before the certificate has matched the pin.
void connect_websocket(boost::asio::io_context& io, WebSocketClientConfig config,
                       std::function<void(const std::shared_ptr<WebSocket>&)> on_open,
                       std::function<void(ConnectFailure, std::string_view why)> on_failure);

}  // namespace redan::net
