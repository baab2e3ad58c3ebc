// What carries a client's messages: a WebSocket or a RawSocket.
#pragma once

#include <functional>
#include <memory>

#include "net/remote.hpp"
#include "net/task.hpp"
#include "wamp/rawsocket.hpp"

namespace redan::wamp {

struct TransportConfig {
  net::Remote router;  ///< TLS 1.3, or plaintext within this machine
  Carrier carrier = Carrier::websocket;
  std::string target = "/ws";  ///< WebSocket: path and query
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds idle_timeout{60};  ///< a router that stays silent so long is gone; pings are sent before
  std::size_t max_message = 1024 * 1024;
  std::size_t max_buffered = 16 * 1024 * 1024;  ///< limit of unsent data; beyond it the client disconnects
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Queues one message, of at most max_message() bytes.
  virtual void send(std::string message) = 0;
  /// Sends what is queued, then closes.
  virtual void close() = 0;
  /// The longest message that the router accepts, as far as it said so.
  [[nodiscard]] virtual std::size_t max_message() const = 0;

  std::function<void(Bytes)> on_message;  ///< empty for a message in a frame that does not belong to the serializer
  std::function<void()> on_close;         ///< called once; nothing can be sent any more
};

using OpenedTransport = tl::expected<std::shared_ptr<Transport>, Failure>;

/// Set the callbacks before the next co_await, after which messages arrive.
net::Task<OpenedTransport> open_transport(TransportConfig config, Serializer serializer);

// The two kinds of it.
net::Task<OpenedTransport> open_websocket(TransportConfig config, Serializer serializer);
net::Task<OpenedTransport> open_rawsocket(TransportConfig config, Serializer serializer);

}  // namespace redan::wamp
