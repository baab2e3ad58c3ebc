#include "wamp/router/rawsocket_server.hpp"

#include <boost/asio/detached.hpp>

#include "net/listener.hpp"
#include "net/tls/context.hpp"
#include "wamp/transport/rawsocket_stream.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;
using net::Stream;

RawSocketLimits limits_of(const RawSocketServerConfig& config) {
  return {config.limits.max_message, config.limits.max_buffered, config.limits.idle_timeout, config.pings};
}

class OpenSocket final : public RawSocket, public std::enable_shared_from_this<OpenSocket> {
 public:
  OpenSocket(std::shared_ptr<Stream> stream, const RawSocketServerConfig& config)
      : stream_(std::move(stream)),
        frames_(std::make_shared<RawSocketStream>(stream_, limits_of(config))),
        max_message_(config.limits.max_message) {
    Stream::Error ignored;
    stream_->socket().set_option(asio::socket_base::keep_alive(true), ignored);
  }

  net::Connection its_connection;

  void send(std::string message) override {
    if (message.size() > peer_.max_message) return stream_->close();
    frames_->send(RawSocketFrame::message, std::move(message));
  }
  void close() override { frames_->close(); }
  [[nodiscard]] std::size_t max_message() const override { return peer_.max_message; }
  [[nodiscard]] Serializer serializer() const override { return peer_.serializer; }
  [[nodiscard]] const net::Connection& connection() const override { return its_connection; }
  void cut() { stream_->close(); }

  net::Task<bool> open(net::HandshakeQueue& queue, net::ClientCertificates mode, std::chrono::milliseconds timeout) {
    stream_->set_deadline(timeout);
    if (stream_->tls() != nullptr) {
      net::ask_for_certificate(stream_->tls(), mode);
      const Stream::Error refused = co_await stream_->handshake_as_server(queue, its_connection.network);
      if (refused) co_return false;
      its_connection.tls = net::describe_tls(stream_->tls());
      its_connection.certificate = net::client_certificate(stream_->tls());
    }
    std::array<std::uint8_t, kRawSocketHandshakeSize> hello{};
    const bool read = co_await frames_->read_all(hello);
    if (!read) co_return false;
    const auto answer = read_handshake(hello);
    if (!answer) co_return false;
    const auto* agreed = std::get_if<RawSocketHandshake>(&*answer);
    std::array<std::uint8_t, kRawSocketHandshakeSize> reply{};
    if (agreed != nullptr) {
      peer_ = *agreed;
      reply = RawSocketHandshake{rawsocket_length(max_message_), agreed->serializer}.write();
    } else {
      reply = write(std::get<RawSocketRefusal>(*answer));
    }
    const Stream::Error error = co_await stream_->write(as_text(reply));
    co_return !error && agreed != nullptr;
  }

  net::Task<void> run() {
    const auto self = shared_from_this();
    frames_->on_message = [this](Bytes message) {
      if (on_message) on_message(message);
    };
    frames_->on_unreadable = [this](RawSocketStream::Unreadable why) {
      const bool large = why == RawSocketStream::Unreadable::too_large;
      if (on_unreadable) on_unreadable(large ? Router::Unreadable::too_large : Router::Unreadable::malformed);
    };
    co_await frames_->run();
    if (on_close) on_close();
    on_message = nullptr;
    on_unreadable = nullptr;
    on_close = nullptr;
    if (!frames_->closing()) stream_->close();
  }

  net::Task<void> finish() { return stream_->finish(); }

 private:
  std::shared_ptr<Stream> stream_;
  std::shared_ptr<RawSocketStream> frames_;
  std::size_t max_message_;
  RawSocketHandshake peer_{};
};

}  // namespace

class RawSocketServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, RawSocketServerConfig config)
      : io_(io), config_(std::move(config)), listener_(io, config_.listen) {}

  void start() { asio::co_spawn(io_, accept_loop(shared_from_this()), asio::detached); }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  void stop_accepting() { listener_.close(); }
  void stop() {
    listener_.close();
    const auto all = live_;
    for (const auto& [id, session] : all) session->cut();
    handshakes_.stop();
  }

 private:
  static net::Task<void> accept_loop(std::shared_ptr<Impl> self) {
    while (auto socket = co_await self->listener_.accept()) {
      if (self->is_full(*socket)) continue;
      asio::co_spawn(self->io_, serve(self, self->make_socket(std::move(*socket))), asio::detached);
    }
  }

  bool is_full(Stream::Socket& socket) const {
    if (live_.size() >= config_.max_connections) return true;
    const auto count = per_address_.find(net::network_text(socket));
    return count != per_address_.end() && count->second >= config_.limits.max_connections_per_address;
  }

  std::shared_ptr<OpenSocket> make_socket(Stream::Socket socket) {
    const auto* tls = std::get_if<net::TlsListener>(&config_.listen);
    const std::string remote = net::remote_text(socket);
    std::string network = net::network_text(socket);
    auto stream =
        std::make_shared<Stream>(std::move(socket), tls != nullptr ? tls->credentials->context().get() : nullptr);
    auto session = std::make_shared<OpenSocket>(std::move(stream), config_);
    session->its_connection.id = ++last_id_;
    session->its_connection.remote = remote;
    session->its_connection.close = [weak = std::weak_ptr(session)] {
      if (const auto open = weak.lock()) open->cut();
    };
    session->its_connection.network = std::move(network);
    return session;
  }

  static net::Task<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<OpenSocket> session) {
    self->live_.emplace(session->its_connection.id, session);
    ++self->per_address_[session->its_connection.network];
    const auto* tls = std::get_if<net::TlsListener>(&self->config_.listen);
    const auto mode = tls != nullptr ? tls->client_certificates : net::ClientCertificates::none;
    const bool opened = co_await session->open(self->handshakes_, mode, self->config_.handshake_timeout);
    if (opened) {
      self->config_.on_open(session);
      co_await session->run();
    } else {
      co_await session->finish();
    }
    self->live_.erase(session->its_connection.id);
    const auto count = self->per_address_.find(session->its_connection.network);
    if (--count->second == 0) self->per_address_.erase(count);
  }

  asio::io_context& io_;
  RawSocketServerConfig config_;
  net::Listener listener_;
  net::HandshakeQueue handshakes_;
  std::unordered_map<std::uint64_t, std::shared_ptr<OpenSocket>> live_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::uint64_t last_id_ = 0;
};

RawSocketServer::RawSocketServer(asio::io_context& io, RawSocketServerConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(config))) {
  impl_->start();
}
RawSocketServer::~RawSocketServer() { impl_->stop(); }
std::uint16_t RawSocketServer::port() const { return impl_->port(); }
void RawSocketServer::stop_accepting() { impl_->stop_accepting(); }
void RawSocketServer::stop() { impl_->stop(); }

}  // namespace redan::wamp
