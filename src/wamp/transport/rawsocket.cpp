#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "net/dial.hpp"
#include "net/errors.hpp"
#include "wamp/transport/rawsocket_stream.hpp"
#include "wamp/transport/transport.hpp"

namespace redan::wamp {
namespace {

namespace asio = boost::asio;

class OverRawSocket final : public Transport, public std::enable_shared_from_this<OverRawSocket> {
 public:
  OverRawSocket(std::shared_ptr<RawSocketStream> frames, std::size_t max_message)
      : frames_(std::move(frames)), max_message_(max_message) {}
  ~OverRawSocket() override { frames_->close(); }
  OverRawSocket(const OverRawSocket&) = delete;
  OverRawSocket& operator=(const OverRawSocket&) = delete;

  void send(std::string message) override { frames_->send(RawSocketFrame::message, std::move(message)); }
  void close() override { frames_->close(); }
  [[nodiscard]] std::size_t max_message() const override { return max_message_; }

  /// Delivers what arrives as long as the transport lives.
  void start() {
    frames_->on_message = [weak = weak_from_this()](Bytes message) {
      const auto self = weak.lock();
      if (self && self->on_message) self->on_message(message);
    };
    asio::co_spawn(frames_->stream().get_executor(), run(frames_, weak_from_this()), asio::detached);
  }

 private:
  static net::Task<void> run(std::shared_ptr<RawSocketStream> frames, std::weak_ptr<OverRawSocket> weak) {
    co_await frames->run();
    if (!frames->closing()) frames->stream().close();
    const auto self = weak.lock();
    if (self && self->on_close) self->on_close();
  }

  std::shared_ptr<RawSocketStream> frames_;
  std::size_t max_message_;
};

Failure failure_of(net::HttpFailure&& failure) { return {failure.code, {}, std::move(failure.detail)}; }

}  // namespace

net::Task<OpenedTransport> open_rawsocket(TransportConfig config, Serializer serializer) {
  const auto executor = co_await asio::this_coro::executor;
  const net::Dialer dialer(config.router);
  auto made = dialer.make_stream(executor);
  if (!made) co_return tl::unexpected(failure_of(std::move(made.error())));
  const std::shared_ptr<net::Stream> stream = *made;
  stream->set_deadline(config.connect_timeout);
  if (auto refused = co_await dialer.connect(stream)) co_return tl::unexpected(failure_of(std::move(*refused)));
  const RawSocketLimits limits{config.max_message, config.max_buffered, config.idle_timeout};
  const auto frames = std::make_shared<RawSocketStream>(stream, limits);
  const RawSocketHandshake wanted{rawsocket_length(config.max_message), serializer};
  const auto hello = wanted.write();
  stream->set_deadline(config.connect_timeout);
  const net::Stream::Error unsent = co_await stream->write(as_text(hello));
  std::array<std::uint8_t, kRawSocketHandshakeSize> reply{};
  const bool read = co_await frames->read_all(reply);
  if (unsent || !read) {
    const Errc code = stream->timed_out() ? net::errc::http_timeout : net::errc::connect_failed;
    stream->close();
    co_return tl::unexpected(Failure{code, {}, "no answer to the RawSocket handshake"});
  }
  const auto answer = read_handshake(reply);
  const auto* agreed = answer ? std::get_if<RawSocketHandshake>(&*answer) : nullptr;
  if (agreed == nullptr || agreed->serializer != serializer) {
    stream->close();
    co_return tl::unexpected(Failure{net::errc::http_protocol, {}, "the router refused the RawSocket handshake"});
  }
  stream->clear_deadline();
  const auto transport = std::make_shared<OverRawSocket>(frames, agreed->max_message);
  // Posted, so that the caller has set its callbacks by then.
  asio::post(executor, [transport] { transport->start(); });
  co_return transport;
}

}  // namespace redan::wamp
