// An HTTP/1.1 server with WebSockets (RFC 9110, RFC 9112, RFC 6455) on TLS 1.3 or a Unix socket; plain TCP on loopback
// addresses only. Handlers are responsible for routing, 404 and 405. Malformed requests, and requests that exceed a
// limit, never reach them. All state and waiting caused by unauthenticated clients is limited.
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

/// A socket in the file system. A socket that a dead server left behind is replaced; a live one, or another file, is
/// not.
struct UnixListener {
  std::filesystem::path path;
  mode_t mode = 0600;
};

/// TCP without TLS, for programs on this machine: loopback addresses only.
struct LoopbackListener {
  boost::asio::ip::tcp::endpoint local;
};
using ListenAt = std::variant<TlsListener, UnixListener, LoopbackListener>;

/// The reply that accepts a request for a WebSocket.
struct AcceptWebSocket {
  /// Receives the new socket; set its callbacks here.
  std::function<void(const std::shared_ptr<WebSocket>&)> on_open;
  std::string subprotocol{};  ///< one that the client offered, or ""
  WebSocketLimits limits{};
};
using UpgradeReply = std::variant<HttpResponse, AcceptWebSocket>;

struct HttpServerConfig {
  ListenAt listen;

  /// Answers a request; HEAD is treated as GET (the body is omitted). One call at a time per connection; the connection
  /// lives until it is done.
  std::function<Task<HttpResponse>(HttpRequest, const Connection&)> handler;
  /// Decides on a request for a WebSocket before it is accepted: routing, authentication, same_origin(). Without it
  /// such requests go to `handler`.
  std::function<Task<UpgradeReply>(HttpRequest, const Connection&)> on_upgrade{};
  /// Decides, from a request's head, whether its body is uploaded instead of kept in memory; null: it is not.
  std::function<std::shared_ptr<Upload>(const HttpRequest&, const Connection&)> on_upload{};
  /// The response for requests that never reach a handler: 400, 408, 413, 431, 500, 505, 507. Default: a JSON envelope
  /// {"type":"error","error":text,"error_code":status,"metadata":{}}.
  std::function<HttpResponse(unsigned status, std::string_view text)> error_response{};
  /// Receives exceptions of a handler; the client gets 500.
  std::function<void(const std::exception&)> on_exception{};

  /// At the limit a new connection replaces an unauthenticated one: one that is in its handshake, otherwise one whose
  /// peer no handler has marked as Connection::admitted. If there is none, the new connection is closed.
  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 256;  ///< of an IPv4 address or an IPv6 /64
  std::size_t max_header_bytes = 16 * 1024;       ///< request line included
  std::size_t max_headers = 100;
  std::size_t max_body = 1024 * 1024;
  std::size_t max_upload = 0;                       ///< bytes, of a body that on_upload takes
  std::chrono::milliseconds header_timeout{5'000};  ///< for the handshake, and for the head of a request
  std::chrono::milliseconds body_timeout{10'000};   ///< for a body, and for each part of an upload
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< between two requests
};

class HttpServer {
 public:
  /// Throws boost::system::system_error if the address is in use or requires TLS.
  HttpServer(boost::asio::io_context& io, HttpServerConfig config);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;  ///< 0 on a Unix socket
  [[nodiscard]] std::size_t connections() const;
  /// Closes every connection for which `unwanted` is true, including idle ones and WebSockets. Returns their number.
  std::size_t close_if(const std::function<bool(const Connection&)>& unwanted);
  /// Closes the listener; connections continue.
  void stop_accepting();
  /// Closes the listener and every connection; WebSockets with their closing handshake.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Whether the request comes from a page of this server, or from a program, which sends no Origin. Cross-site requests
/// for WebSockets carry a browser's cookies and addresses.
bool same_origin(const HttpRequest& request);

}  // namespace redan::net
