// An HTTP/1.1 server with WebSockets (RFC 9110, RFC 9112, RFC 6455) on TLS 1.3 or a Unix socket. Plain TCP there is on
// loopback addresses only.
// Routing, 404 and 405 are the handlers' business; what is no proper request, and what exceeds a limit, never reaches
// them. Everything a stranger can make us hold or wait for has a limit.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "net/http/http.hpp"
#include "net/task.hpp"
#include "net/websocket/websocket.hpp"

namespace redan::net {

struct TlsListener {
  boost::asio::ip::tcp::endpoint local;
  std::shared_ptr<TlsServerCredentials> credentials;
  ClientCertificates client_certificates = ClientCertificates::none;
};

/// A socket in the file system. One that a dead server left behind is replaced; a live one, or another file, is not.
struct UnixListener {
  std::filesystem::path path;
  mode_t mode = 0600;
};

/// TCP without TLS, for programs on this machine: loopback addresses only.
struct LoopbackListener {
  boost::asio::ip::tcp::endpoint local;
};
using ListenAt = std::variant<TlsListener, UnixListener, LoopbackListener>;

/// What to do with a request for a WebSocket.
struct AcceptWebSocket {
  /// The new socket; set its callbacks here.
  std::function<void(const std::shared_ptr<WebSocket>&)> on_open;
  std::string subprotocol{};  ///< one that the client offered, or ""
  WebSocketLimits limits{};
};
using UpgradeReply = std::variant<HttpResponse, AcceptWebSocket>;

struct HttpServerConfig {
  ListenAt listen;

  /// Answers a request, HEAD as if it were GET (the body is left out). Runs once at a time per connection; the
  /// connection lives until it is done.
  std::function<Task<HttpResponse>(HttpRequest, const Connection&)> handler;
  /// Decides on a request for a WebSocket before it is accepted: routing, authentication, same_origin(). Without it
  /// such requests go to `handler`.
  std::function<Task<UpgradeReply>(HttpRequest, const Connection&)> on_upgrade{};
  /// The response for what never reaches a handler: 400, 408, 413, 431, 500, 505. Without it a JSON envelope
  /// {"type":"error","error":text,"error_code":status,"metadata":{}}.
  std::function<HttpResponse(unsigned status, std::string_view text)> error_response{};
  /// Told what a handler threw; the client gets 500.
  std::function<void(const std::exception&)> on_exception{};

  /// At the limit a newcomer displaces a stranger: a connection in its handshake, else one whose peer no handler has
  /// marked as Connection::admitted. If there is none, the newcomer is closed.
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 256;  ///< of an IPv4 address or an IPv6 /64
  std::size_t max_header_bytes = 16 * 1024;       ///< request line included
  std::size_t max_headers = 100;
  std::size_t max_body = 1024 * 1024;
  std::chrono::milliseconds header_timeout{5'000};  ///< handshake; then the whole head of a request
  std::chrono::milliseconds body_timeout{10'000};
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< between two requests
};

class HttpServer {
 public:
  /// Throws boost::system::system_error if the address is taken, or needs TLS.
  HttpServer(boost::asio::io_context& io, HttpServerConfig config);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;  ///< 0 on a Unix socket
  [[nodiscard]] std::size_t connections() const;
  /// Cuts off every connection for which `unwanted` is true, idle ones and WebSockets too. The number of them.
  std::size_t close_if(const std::function<bool(const Connection&)>& unwanted);
  /// Closes the listener; connections go on.
  void stop_accepting();
  /// Closes the listener and every connection; WebSockets by their closing handshake.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Whether a page of this very server made the request, or a program, which sends no Origin: cross-site requests for
/// WebSockets carry a browser's cookies and addresses.
bool same_origin(const HttpRequest& request);

}  // namespace redan::net
