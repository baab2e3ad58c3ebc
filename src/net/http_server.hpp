// HTTPS and WebSocket (RFC 9110, RFC 6455) on TLS 1.3: fixed answers for a map of targets, and one kind of socket.
// Everything a stranger can make us hold or wait for has a limit.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "net/tls.hpp"

namespace redan::net {

struct Response {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view body;  ///< lives as long as the server
};

/// One open WebSocket. Messages are text.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// Queued; the socket is closed if a reader is so slow that more than a mebibyte waits.
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual TlsDescription tls() const = 0;
  [[nodiscard]] virtual std::string remote() const = 0;

  std::function<void(std::string_view)> on_message;
  std::function<void()> on_close;  ///< once; the socket sends nothing any more
};

struct HttpServerConfig {
  boost::asio::ip::tcp::endpoint local;
  /// Answers a GET; by the exact target, without its query.
  std::function<Response(std::string_view target)> on_get;
  std::string websocket_target;
  /// A new socket, from a page of this host itself.
  std::function<void(const std::shared_ptr<WebSocket>&)> on_websocket;

  std::size_t max_connections = 256;
  std::size_t max_message = 256 * 1024;
  std::size_t max_headers = 100;
  std::chrono::seconds header_timeout{5};
  std::chrono::seconds first_message_timeout{10};  ///< of a WebSocket
  std::chrono::seconds idle_timeout{60};
};

class HttpServer {
 public:
  /// Throws boost::system::system_error if the address is taken.
  HttpServer(boost::asio::io_context& io, HttpServerConfig config, const TlsIdentity& identity);
  ~HttpServer();
  [[nodiscard]] std::uint16_t port() const;
  /// Closes the listener and every connection.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::net
