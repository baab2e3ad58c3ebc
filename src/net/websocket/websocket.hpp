// One open WebSocket (RFC 6455), of a server or a client.
#pragma once

#include "net/connection.hpp"

namespace redan::net {

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// Queues a message; closes the socket if the peer reads so slowly that more than the configured limit is queued.
  virtual void send(std::string text) = 0;
  virtual void send_binary(std::string message) = 0;
  /// Sends queued messages at once. Without it a server's messages are sent within a few turns of the loop, combined if
  /// there are many.
  virtual void flush() = 0;
  /// Sends queued messages, then the closing handshake. `code`: a close code of RFC 6455 section 7.4 or 4000 to 4999;
  /// the reason is cut at 123 bytes.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  void close() { close(1000, {}); }
  [[nodiscard]] virtual const Connection& connection() const = 0;
  /// The negotiated subprotocol; "" if none.
  [[nodiscard]] virtual std::string_view subprotocol() const = 0;
  /// Bytes queued and not yet written.
  [[nodiscard]] virtual std::size_t buffered() const = 0;
  /// Delivers no message until resume_reading(). One is held back, and the peer can send no more than the connection
  /// holds. No pings are sent meanwhile, so a peer that vanishes is noticed afterwards, or when something is sent.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  std::function<void(std::string_view)> on_message;  ///< text, checked to be UTF-8
  std::function<void(Bytes)> on_binary;              ///< without it a binary message is ignored
  std::function<void()> on_drained;                  ///< nothing is queued any more
  std::function<void()> on_close;                    ///< called once; nothing can be sent any more
};

struct WebSocketLimits {
  std::size_t max_message = 256 * 1024;
  std::size_t max_buffered = 1024 * 1024;          ///< queued for a slow reader
  std::chrono::seconds first_message_timeout{10};  ///< zero: a peer may stay silent
  std::chrono::seconds idle_timeout{60};           ///< pings are sent after half of it; zero: no limit, no pings
  std::chrono::milliseconds close_timeout{5'000};  ///< for the peer's answer to our close
};

}  // namespace redan::net
