#include "net/http_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <set>

#include "net/websocket_session.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxHeader = 16 * 1024;
// After a failed accept, most likely for want of descriptors: long enough not to spin, short enough not to be noticed.
constexpr std::chrono::milliseconds kAcceptPause{100};

using HttpRequest = http::request<http::empty_body>;
using HttpResponse = http::response<http::string_body>;

// The page is all there is: it may load itself and talk to this host, nothing else.
void harden(HttpResponse& response) {
  response.set(
      "Content-Security-Policy",
      "default-src 'self'; connect-src 'self' wss:; img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; "
      "form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set(http::field::cache_control, "no-store");
}

// A page from elsewhere must not open our socket (cross-site WebSocket hijacking). Programs send no Origin.
bool same_origin(const HttpRequest& request) {
  const auto origin = request[http::field::origin];
  return origin.empty() || origin == "https://" + std::string(request[http::field::host]);
}

// RFC 9112 section 3.2: one Host, or 400. Without it there is no origin to compare with either.
bool is_well_formed(const HttpRequest& request, std::size_t max_headers) {
  return request.version() == 11 && request.count(http::field::host) == 1 &&
         static_cast<std::size_t>(std::distance(request.begin(), request.end())) <= max_headers;
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
 public:
  Impl(asio::io_context& io, HttpServerConfig config, const TlsIdentity& identity)
      : io_(io), config_(std::move(config)), tls_(tls_server_context(identity)), acceptor_(io, config_.local) {}

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void start() { asio::co_spawn(io_, accept_loop(shared_from_this()), asio::detached); }
  void stop() {
    beast::error_code ignored;
    acceptor_.close(ignored);
    for (beast::tcp_stream* stream : std::set<beast::tcp_stream*>(streams_)) stream->cancel();
    for (const auto& weak : sockets_) {
      if (const auto socket = weak.lock()) socket->close();
    }
  }

 private:
  // Counts a connection for as long as it lives, whichever way it ends.
  class Registration {
   public:
    Registration(std::set<beast::tcp_stream*>& streams, beast::tcp_stream* stream)
        : streams_(streams), stream_(stream) {
      streams_.insert(stream_);
    }
    ~Registration() { streams_.erase(stream_); }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    std::set<beast::tcp_stream*>& streams_;
    beast::tcp_stream* stream_;
  };

  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self) {
    while (self->acceptor_.is_open()) {
      auto [error, socket] = co_await self->acceptor_.async_accept(kNoThrow);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {
        asio::steady_timer pause(self->io_, kAcceptPause);
        co_await pause.async_wait(kNoThrow);
        continue;
      }
      // Beyond the limit the connection is closed at once; the others go on.
      if (self->streams_.size() >= self->config_.max_connections) continue;
      asio::co_spawn(self->io_, serve(self, std::move(socket)), asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, tcp::socket socket) {
    auto stream = std::make_unique<TlsStream>(beast::tcp_stream(std::move(socket)), self->tls_);
    beast::tcp_stream* lowest = &beast::get_lowest_layer(*stream);
    const Registration registration(self->streams_, lowest);
    beast::error_code ignored;
    lowest->socket().set_option(tcp::no_delay(true), ignored);
    lowest->expires_after(self->config_.header_timeout);
    auto [error] = co_await stream->async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (!error) {
      co_await requests(*self, stream);
      if (stream) {
        lowest->expires_after(std::chrono::seconds(1));
        co_await stream->async_shutdown(kNoThrow);
      }
    }
  }

  // Takes `stream` over if the connection becomes a WebSocket.
  static asio::awaitable<void> requests(Impl& self, std::unique_ptr<TlsStream>& stream) {
    beast::flat_buffer buffer(kMaxHeader);
    beast::tcp_stream& lowest = beast::get_lowest_layer(*stream);
    for (bool keep_alive = true; keep_alive;) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(kMaxHeader);
      lowest.expires_after(self.config_.header_timeout);
      auto [error, size] = co_await http::async_read(*stream, buffer, parser, kNoThrow);
      if (error) co_return;
      const HttpRequest request = parser.release();
      const bool well_formed = is_well_formed(request, self.config_.max_headers);
      if (well_formed && boost::beast::websocket::is_upgrade(request) &&
          request.target() == self.config_.websocket_target) {
        if (same_origin(request)) co_return co_await upgrade(self, std::move(stream), request);
      }
      HttpResponse response = self.answer(request, well_formed);
      keep_alive = response.keep_alive();
      lowest.expires_after(self.config_.idle_timeout);
      auto [write_error, written] = co_await http::async_write(*stream, response, kNoThrow);
      if (write_error) co_return;
    }
  }

  static asio::awaitable<void> upgrade(Impl& self, std::unique_ptr<TlsStream> stream, const HttpRequest& request) {
    const auto session = std::make_shared<WebSocketSession>(std::move(stream), self.config_.max_message);
    if (!co_await session->accept(request)) co_return;
    std::erase_if(self.sockets_, [](const auto& weak) { return weak.expired(); });
    self.sockets_.push_back(session);
    self.config_.on_websocket(session);
    co_await session->run(self.config_.first_message_timeout);
  }

  HttpResponse answer(const HttpRequest& request, bool well_formed) {
    Response content{404, "text/plain; charset=utf-8", "not here\n"};
    const std::string_view target(request.target().data(), request.target().size());
    if (!well_formed) {
      content = {400, "text/plain; charset=utf-8", "HTTP/1.1 with one Host and few headers, please\n"};
    } else if (request.method() != http::verb::get) {
      content = {405, "text/plain; charset=utf-8", "only GET\n"};
    } else {
      content = config_.on_get(target.substr(0, target.find('?')));
    }
    HttpResponse response(static_cast<http::status>(content.status), 11);
    response.set(http::field::content_type, std::string(content.content_type));
    harden(response);
    response.keep_alive(request.keep_alive() && content.status < 400);
    response.body() = content.body;
    response.prepare_payload();
    return response;
  }

  asio::io_context& io_;
  HttpServerConfig config_;
  asio::ssl::context tls_;
  tcp::acceptor acceptor_;
  std::set<beast::tcp_stream*> streams_;
  std::vector<std::weak_ptr<WebSocketSession>> sockets_;
};

HttpServer::HttpServer(asio::io_context& io, HttpServerConfig config, const TlsIdentity& identity)
    : impl_(std::make_shared<Impl>(io, std::move(config), identity)) {
  impl_->start();
}
HttpServer::~HttpServer() { impl_->stop(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace redan::net
