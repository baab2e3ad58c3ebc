#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/errors.hpp"
#include "net/ice/socket.hpp"
#include "net/socket_address.hpp"
#include "net/stream.hpp"
#include "net/tls/context.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

TlsTrust trust_of(const IceSocketTarget& target) {
  if (target.certificate_sha256) {
    PinnedSha256 pinned;
    pinned.digest.size = target.certificate_sha256->size();
    std::copy(target.certificate_sha256->begin(), target.certificate_sha256->end(), pinned.digest.storage.begin());
    return pinned;
  }
  if (!target.authorities_pem.empty()) return TrustedAuthority{target.authorities_pem, target.host};
  return SystemAuthorities{target.host};
}

/// TCP, with TLS if there is a context.
class StreamIceSocket : public IceSocket {
 public:
  using TlsContext = std::shared_ptr<asio::ssl::context>;
  StreamIceSocket(asio::io_context& io, IceSockets& owner, SocketId id, IceSocketTarget target, bool tls)
      : IceSocket(owner, id), io_(io), target_(std::move(target)), tls_(tls) {}

  void start() override {
    if (tls_) {
      trust_ = trust_of(target_);
      auto context = foreign_server_context(trust_);
      if (!context) return fail(Errc::invalid_argument, "its authorities are no certificates in PEM form");
      context_ = std::move(*context);
    }
    stream_ = std::make_shared<Stream>(Stream::Socket(io_.get_executor()), context_.get());
    asio::co_spawn(io_, run(std::static_pointer_cast<StreamIceSocket>(shared_from_this())), asio::detached);
  }
  void send(Bytes bytes, bool droppable) override {
    const std::size_t queued = waiting_.size() + bytes.size();
    if (droppable && queued > IceSockets::kMaxQueued) return;
    if (queued > 2 * IceSockets::kMaxQueued) return fail(Errc::io_failed, "it takes no data");
    waiting_.append(as_text(bytes));
    if (std::exchange(writing_, true)) return;
    asio::co_spawn(io_, write(std::static_pointer_cast<StreamIceSocket>(shared_from_this())), asio::detached);
  }

 private:
  using Self = std::shared_ptr<StreamIceSocket>;

  static Task<void> run(Self self) {
    Stream::Error error = co_await self->connect();
    if (error) co_return self->fail(errc::connect_failed, error.message());
    if (self->tls_) {
      name_server(self->stream_->tls(), self->target_.host);
      error = co_await self->stream_->handshake_as_client();
      if (error) co_return self->refuse(error);
    }
    self->opened(self->local());
    std::array<std::uint8_t, 16'384> buffer;
    while (!self->closed()) {
      auto [failure, size] = co_await self->stream_->read(asio::buffer(buffer));
      if (failure) co_return self->fail(Errc::io_failed, failure.message());
      self->received(Bytes(buffer).first(size));
    }
  }
  Task<Stream::Error> connect() {
    SocketAddress from(*Address::parse(target_.local.ip_text(), 0));
    SocketAddress to(target_.remote);
    const Stream::Protocol::endpoint remote(to.get(), to.size);
    Stream::Socket& socket = stream_->socket();
    Stream::Error error;
    socket.open(remote.protocol(), error);
    if (!error) socket.bind({from.get(), from.size}, error);
    if (error) co_return error;
    auto [failure] = co_await socket.async_connect(remote, kNoThrow);
    if (!failure) socket.set_option(asio::ip::tcp::no_delay(true), error);
    co_return failure;
  }
  void refuse(const Stream::Error& error) {
    const Errc reason = handshake_failure(trust_, stream_->tls(), error);
    const std::string shown = shown_fingerprint(stream_->tls());
    fail(reason,
         std::string(text(reason)) + (shown.empty() ? "" : ": it shows " + shown) + " (" + error.message() + ")");
  }
  static Task<void> write(Self self) {
    std::string now;
    while (!self->waiting_.empty() && !self->closed()) {
      now.swap(self->waiting_);
      const Stream::Error error = co_await self->stream_->write(now);
      if (error) co_return self->fail(Errc::io_failed, error.message());
      now.clear();
    }
    self->writing_ = false;
  }
  [[nodiscard]] Address local() const {
    SocketAddress local;
    (void)::getsockname(stream_->socket().native_handle(), local.get(), &local.size);
    return local.address();
  }
  void shut() override {
    if (stream_) stream_->close();
  }

  asio::io_context& io_;
  IceSocketTarget target_;
  bool tls_;
  TlsTrust trust_;
  TlsContext context_;
  std::shared_ptr<Stream> stream_;
  std::string waiting_;
  bool writing_ = false;
};

}  // namespace

std::shared_ptr<IceSocket> make_stream_socket(asio::io_context& io, IceSockets& owner, SocketId id,
                                              IceSocketTarget target, bool tls) {
  return std::make_shared<StreamIceSocket>(io, owner, id, std::move(target), tls);
}

}  // namespace redan::net
