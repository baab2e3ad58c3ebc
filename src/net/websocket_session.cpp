#include "net/websocket_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/ssl.hpp>

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxOutgoing = 1U << 20U;

}  // namespace

WebSocketSession::WebSocketSession(std::unique_ptr<TlsStream> stream, std::size_t max_message)
    : owned_(std::move(stream)), stream_(*owned_) {
  configure(max_message);
}

void WebSocketSession::configure(std::size_t max_message) {
  // The WebSocket has its own timeouts and keep-alive pings.
  beast::get_lowest_layer(*owned_).expires_never();
  auto timeouts = websocket::stream_base::timeout::suggested(beast::role_type::server);
  timeouts.handshake_timeout = std::chrono::seconds(10);
  timeouts.idle_timeout = std::chrono::seconds(60);
  stream_.set_option(timeouts);
  stream_.read_message_max(max_message);
}

asio::awaitable<bool> WebSocketSession::accept(const beast::http::request<beast::http::empty_body>& request) {
  auto [error] = co_await stream_.async_accept(request, kNoThrow);
  co_return !error;
}

asio::awaitable<bool> WebSocketSession::open(const std::string& host, const std::string& target) {
  auto [error] = co_await stream_.async_handshake(host, target, kNoThrow);
  co_return !error;
}

asio::awaitable<void> WebSocketSession::run(std::chrono::seconds first_message) {
  const auto self = shared_from_this();
  // Pongs keep a silent connection alive for ever; they are no reason to.
  asio::steady_timer patience(stream_.get_executor(), first_message);
  patience.async_wait([weak = weak_from_this()](beast::error_code error) {
    const auto session = error ? nullptr : weak.lock();
    if (session) beast::get_lowest_layer(*session->owned_).close();
  });
  beast::flat_buffer buffer;
  while (true) {
    auto [error, size] = co_await stream_.async_read(buffer, kNoThrow);
    if (error) break;
    patience.cancel();
    if (on_message && stream_.got_text()) {
      on_message({static_cast<const char*>(buffer.data().data()), buffer.size()});
    }
    buffer.consume(buffer.size());
  }
  closing_ = true;
  if (on_close) on_close();
  on_message = nullptr;
  on_close = nullptr;
}

void WebSocketSession::send(std::string text) {
  if (closing_) return;
  outgoing_bytes_ += text.size();
  if (outgoing_bytes_ > kMaxOutgoing) return close();
  outgoing_.push_back(std::move(text));
  if (!writing_) write_next();
}

void WebSocketSession::write_next() {
  if (outgoing_.empty()) {
    writing_ = false;
    if (closing_) stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](beast::error_code) {});
    return;
  }
  writing_ = true;
  stream_.text(true);
  stream_.async_write(asio::buffer(outgoing_.front()),
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        self->outgoing_bytes_ -= self->outgoing_.front().size();
                        self->outgoing_.pop_front();
                        if (!error) self->write_next();
                      });
}

void WebSocketSession::close() {
  if (closing_) return;
  closing_ = true;
  if (!writing_) write_next();
}

TlsDescription WebSocketSession::tls() const { return describe_tls(owned_->native_handle()); }

std::string WebSocketSession::remote() const {
  beast::error_code error;
  const auto endpoint = beast::get_lowest_layer(*owned_).socket().remote_endpoint(error);
  return error ? "" : endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

}  // namespace redan::net
