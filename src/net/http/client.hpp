// HTTP/1.1 requests to one server over TLS 1.3 or a Unix socket (RFC 9110, RFC 9112), on persistent connections.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "net/http/http.hpp"
#include "net/remote.hpp"
#include "net/task.hpp"

namespace redan::net {

using HttpResult = tl::expected<HttpResponse, HttpFailure>;

struct HttpClientConfig {
  Remote server;
  /// From the call of request() to the end of the response, including the wait for a free connection.
  std::chrono::milliseconds timeout{10'000};
  /// Between two pieces of a stream; zero: no limit.
  std::chrono::milliseconds stream_silence{0};
  std::size_t max_body = 8 * 1024 * 1024;  ///< of a response; streams have no limit
  std::size_t max_connections = 8;         ///< further requests wait; streams are not counted
};

/// Failures: connect_failed, tls_failed, tls_pin_mismatch, tls_untrusted, tls_client_refused, http_timeout,
/// http_protocol, http_too_large, closed_locally (cancelled), invalid_argument (the request cannot be written as HTTP,
/// or a trusted authority does not parse). A response of any status is not a failure.
class HttpClient {
 public:
  HttpClient(boost::asio::io_context& io, HttpClientConfig config);
  /// Cancels like cancel().
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Adds Host and Content-Length. If a kept connection turns out to be closed, the request is repeated once on a new
  /// one if its method is GET, HEAD, OPTIONS or PUT.
  [[nodiscard]] Task<HttpResult> request(HttpRequest request);

  /// A request with the first `size` bytes of a file as its body, on a new connection, which is then kept. Each part of
  /// the body has the timeout for itself, and so has the response.
  [[nodiscard]] Task<HttpResult> upload(HttpRequest request, std::shared_ptr<const Descriptor> file,
                                        std::uint64_t size);

  /// For responses without an end. On a separate connection, `on_piece` receives the body of a 2xx response as it
  /// arrives, in pieces of any size (a line may be divided), and returns whether to continue. Returns the response's
  /// head when the response ended or `on_piece` stopped it; a response of another status is returned whole, as by
  /// request(). If a stream that had begun fails, maybe_sent is true.
  [[nodiscard]] Task<HttpResult> stream(HttpRequest request, std::function<bool(std::string_view)> on_piece);

  /// Ends all running requests and streams with closed_locally; later ones are not affected.
  void cancel();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::net
