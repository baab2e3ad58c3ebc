// HTTP/1.1 requests to one server over TLS 1.3 or a Unix socket (RFC 9110, RFC 9112), on connections that are kept.
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
  /// From the call of request() to the end of the response, waiting for a free connection included.
  std::chrono::milliseconds timeout{10'000};
  /// Between two pieces of a stream; zero: for ever.
  std::chrono::milliseconds stream_silence{0};
  std::size_t max_body = 8 * 1024 * 1024;  ///< of a response; a stream's has no limit
  std::size_t max_connections = 8;         ///< further requests wait; streams are not counted
};

/// Failures: connect_failed, tls_failed, tls_pin_mismatch, tls_untrusted, tls_client_refused, http_timeout,
/// http_protocol, http_too_large, closed_locally (cancelled), invalid_argument (the request cannot be written as HTTP,
/// or a trusted authority does not parse). A response of any status is no failure.
class HttpClient {
 public:
  HttpClient(boost::asio::io_context& io, HttpClientConfig config);
  /// As cancel().
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Host and Content-Length are added. A request that finds its kept connection closed is repeated once on a new one
  /// if its method is GET, HEAD, OPTIONS or PUT.
  [[nodiscard]] Task<HttpResult> request(HttpRequest request);

  /// For responses without an end: on a connection of its own, `on_piece` gets the body of a 2xx response as it
  /// arrives, in pieces of any size (a line may come in several), and returns whether to go on. The result is the
  /// response's head, when it ended or `on_piece` said so; a response of another status comes whole, as from
  /// request(). The failure of a stream that had begun has maybe_sent.
  [[nodiscard]] Task<HttpResult> stream(HttpRequest request, std::function<bool(std::string_view)> on_piece);

  /// Ends all running requests and streams with closed_locally; later ones work.
  void cancel();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace redan::net
