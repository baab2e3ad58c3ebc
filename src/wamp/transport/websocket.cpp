#include "net/websocket/client.hpp"

#include "wamp/transport/transport.hpp"

namespace redan::wamp {
namespace {

constexpr std::uint16_t kNormalClosure = 1000;  // RFC 6455 section 7.4.1

class OverWebSocket final : public Transport, public std::enable_shared_from_this<OverWebSocket> {
 public:
  OverWebSocket(std::shared_ptr<net::WebSocket> socket, bool text) : socket_(std::move(socket)), text_(text) {}
  ~OverWebSocket() override { close(); }
  OverWebSocket(const OverWebSocket&) = delete;
  OverWebSocket& operator=(const OverWebSocket&) = delete;

  /// Delivers what arrives as long as the transport lives. A message in the other kind of frame does not belong to the
  /// serializer, so it does not parse.
  void start() {
    const auto weak = weak_from_this();
    socket_->on_message = [weak, text = text_](std::string_view message) {
      if (const auto self = weak.lock()) self->hear(text ? as_bytes(message) : Bytes());
    };
    socket_->on_binary = [weak, text = text_](Bytes message) {
      if (const auto self = weak.lock()) self->hear(text ? Bytes() : message);
    };
    socket_->on_close = [weak] {
      const auto self = weak.lock();
      if (self && self->on_close) self->on_close();
    };
  }

  void send(std::string message) override {
    if (text_) {
      socket_->send(std::move(message));
    } else {
      socket_->send_binary(std::move(message));
    }
  }
  void close() final { socket_->close(kNormalClosure, {}); }
  [[nodiscard]] std::size_t max_message() const override { return std::numeric_limits<std::size_t>::max(); }

 private:
  void hear(Bytes message) {
    if (on_message) on_message(message);
  }

  std::shared_ptr<net::WebSocket> socket_;
  bool text_;
};

}  // namespace

net::Task<OpenedTransport> open_websocket(TransportConfig config, Serializer serializer) {
  net::WebSocketClientConfig socket;
  socket.server = std::move(config.router);
  socket.target = std::move(config.target);
  socket.subprotocol = subprotocol(serializer);
  socket.timeout = config.connect_timeout;
  socket.limits.idle_timeout = config.idle_timeout;
  socket.limits.max_message = config.max_message;
  socket.limits.max_buffered = config.max_buffered;
  auto opened = co_await net::open_websocket(std::move(socket));
  if (!opened) {
    Failure failure{opened.error().code, {}, std::move(opened.error().detail)};
    co_return tl::unexpected(std::move(failure));
  }
  const auto transport = std::make_shared<OverWebSocket>(std::move(*opened), serializer == Serializer::json);
  transport->start();
  co_return transport;
}

net::Task<OpenedTransport> open_transport(TransportConfig config, Serializer serializer) {
  if (config.carrier == Carrier::rawsocket) return open_rawsocket(std::move(config), serializer);
  return open_websocket(std::move(config), serializer);
}

}  // namespace redan::wamp
