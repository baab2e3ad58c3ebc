// A WebSocket client over TLS 1.3, or without TLS within this machine.
#pragma once

#include "net/http/http.hpp"
#include "net/remote.hpp"
#include "net/task.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::net {

struct WebSocketClientConfig {
  Remote server;
  std::string target;                         ///< path and query
  std::vector<HttpHeader> headers{};          ///< of the request, besides those of RFC 6455
  std::string subprotocol{};                  ///< offered, and then required in the answer; "" for none
  std::chrono::milliseconds timeout{10'000};  ///< until it is open
  WebSocketLimits limits{};
};

/// Connects and requests the upgrade. Nothing of the request is sent before the server is verified. Set the callbacks
/// before the next co_await, after which messages arrive. Any other answer of the server is http_protocol with its
/// status.
[[nodiscard]] Task<tl::expected<std::shared_ptr<WebSocket>, HttpFailure>> open_websocket(WebSocketClientConfig config);

}  // namespace redan::net
