// A WebSocket client over TLS 1.3, or within this machine without.
#pragma once

#include "net/http/http.hpp"
#include "net/remote.hpp"
#include "net/task.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::net {

struct WebSocketClientConfig {
  Remote server;
  std::string target;                         ///< path and query
  std::vector<HttpHeader> headers{};          ///< of the request, beside those of RFC 6455
  std::string subprotocol{};                  ///< offered, and then required of the answer; "" for none
  std::chrono::milliseconds timeout{10'000};  ///< until it is open
  WebSocketLimits limits{};
};

/// Connects and asks for the upgrade. Nothing of the request leaves before the server is verified. Set the callbacks
/// before the next co_await: messages come after it. A server that answers otherwise is http_protocol with its status.
[[nodiscard]] Task<tl::expected<std::shared_ptr<WebSocket>, HttpFailure>> open_websocket(WebSocketClientConfig config);

}  // namespace redan::net
