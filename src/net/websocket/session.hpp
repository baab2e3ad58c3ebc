// A WebSocket on Beast, for server and client. Included only by the .cpp files that own one, never by a public header,
// because Beast is slow to compile.
#pragma once

#include <deque>

#include "net/http/http.hpp"
#include "net/stream.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::net {

struct WebSocketClientConfig;

class WebSocketSession : public WebSocket, public std::enable_shared_from_this<WebSocketSession> {
 public:
  /// `connection` lives as long as the session.
  static std::shared_ptr<WebSocketSession> make(std::shared_ptr<Stream> stream,
                                                std::shared_ptr<const Connection> connection, WebSocketLimits limits);

  /// Server: answers the upgrade. False if it was not a valid upgrade, or the peer disconnected.
  virtual Task<bool> accept(const HttpRequest& request, std::string subprotocol) = 0;
  /// Client: requests the upgrade.
  virtual Task<std::optional<HttpFailure>> open(const std::string& host, const WebSocketClientConfig& config) = 0;
  /// Reads until the connection ends; then calls on_close.
  virtual Task<void> run() = 0;
};

}  // namespace redan::net
