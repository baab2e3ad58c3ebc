#include "net/dial.hpp"

#include <netinet/tcp.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/errors.hpp"
#include "net/tls/context.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// A server that disappeared silently is detected after about a minute.
constexpr int kKeepAliveIdle = 30;
constexpr int kKeepAliveInterval = 10;
constexpr int kKeepAliveProbes = 3;

void tune(int fd) {
  const auto set = [fd](int level, int option, int value) {
    (void)::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

// An address needs no resolver, which would start a thread.
Task<std::pair<Stream::Error, std::vector<tcp::endpoint>>> resolve(Stream& stream, const TlsRemote& remote) {
  Stream::Error not_an_address;
  const auto address = asio::ip::make_address(remote.host, not_an_address);
  if (!not_an_address) co_return std::pair(Stream::Error(), std::vector<tcp::endpoint>{{address, remote.port}});
  tcp::resolver resolver(stream.get_executor());
  stream.on_close = [&resolver] { resolver.cancel(); };
  auto [error, found] = co_await resolver.async_resolve(remote.host, std::to_string(remote.port), kNoThrow);
  stream.on_close = nullptr;
  co_return std::pair(error, std::vector<tcp::endpoint>(found.begin(), found.end()));
}

HttpFailure unsent(const Stream& stream, Errc code, std::string detail) {
  if (stream.timed_out()) return {errc::http_timeout, false, std::move(detail)};
  return {stream.closed() ? Errc::closed_locally : code, false, std::move(detail)};
}

// Bytes after the line were sent before our ClientHello, so they are not TLS: an attacker may have inserted them.
Task<std::optional<HttpFailure>> hear(Stream& stream, const Greeting& greeting) {
  std::string line;
  std::array<char, 1024> piece;
  while (line.find('\n') == std::string::npos) {
    if (line.size() == greeting.max_size) co_return unsent(stream, errc::tls_failed, "the greeting has no end");
    const std::size_t room = std::min(piece.size(), greeting.max_size - line.size());
    auto [error, size] = co_await stream.socket().async_read_some(asio::buffer(piece, room), kNoThrow);
    if (error) co_return unsent(stream, errc::connect_failed, error.message());
    line.append(piece.data(), size);
  }
  if (line.find('\n') != line.size() - 1 || !line.ends_with("\r\n")) {
    co_return unsent(stream, errc::tls_failed, "more than a greeting in the clear");
  }
  line.resize(line.size() - 2);
  co_return greeting.check(line);
}

}  // namespace

Dialer::Dialer(Remote remote) : remote_(std::move(remote)) {
  if (const auto* here = std::get_if<LoopbackRemote>(&remote_)) {
    host_ = "127.0.0.1:" + std::to_string(here->port);
    return;
  }
  const auto* tls = std::get_if<TlsRemote>(&remote_);
  if (tls == nullptr) {
    host_ = "localhost";
    return;
  }
  context_ = tls_client_context(tls->trust, tls->identity, tls->allow_small_keys);
  const bool v6 = tls->host.find(':') != std::string::npos;
  host_ = (v6 ? "[" + tls->host + "]" : tls->host) + ":" + std::to_string(tls->port);
}

tl::expected<std::shared_ptr<Stream>, HttpFailure> Dialer::make_stream(Stream::executor_type executor) const {
  if (!context_) return tl::unexpected(HttpFailure{context_.error(), false, "the trust or identity of this client"});
  return std::make_shared<Stream>(Stream::Socket(executor), context_->get());
}

Task<std::optional<HttpFailure>> Dialer::connect(std::shared_ptr<Stream> stream, const Greeting* greeting) const {
  if (const auto* tls = std::get_if<TlsRemote>(&remote_)) co_return co_await connect_tcp(*stream, *tls, greeting);
  if (const auto* here = std::get_if<LoopbackRemote>(&remote_)) co_return co_await connect_here(*stream, *here);
  const std::string path = std::get<UnixRemote>(remote_).path.string();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return HttpFailure{Errc::invalid_argument, false, "the socket's path is too long: " + path};
  }
  const auto error = co_await stream->connect(asio::local::stream_protocol::endpoint(path));
  if (error) co_return unsent(*stream, errc::connect_failed, path + ": " + error.message());
  co_return std::nullopt;
}

Task<std::optional<HttpFailure>> Dialer::connect_tcp(Stream& stream, const TlsRemote& remote,
                                                     const Greeting* greeting) const {
  auto [error, endpoints] = co_await resolve(stream, remote);
  for (const tcp::endpoint& endpoint : endpoints) {
    error = co_await stream.connect(endpoint);
    if (!error || stream.closed()) break;
  }
  if (error) co_return unsent(stream, errc::connect_failed, error.message());
  tune(stream.socket().native_handle());
  if (greeting != nullptr) {
    if (auto failure = co_await hear(stream, *greeting)) co_return failure;
  }
  name_server(stream.tls(), remote.host);
  error = co_await stream.handshake_as_client();
  if (error) {
    HttpFailure failure = unsent(stream, handshake_failure(remote.trust, stream.tls(), error), error.message());
    failure.shown = shown_fingerprint(stream.tls());
    if (const std::string found = small_key(stream.tls()); !found.empty()) failure.detail = host_ + ": " + found;
    co_return failure;
  }
  co_return std::nullopt;
}

Task<std::optional<HttpFailure>> Dialer::connect_here(Stream& stream, const LoopbackRemote& remote) {
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), remote.port);
  const auto error = co_await stream.connect(endpoint);
  if (error) co_return unsent(stream, errc::connect_failed, error.message());
  tune(stream.socket().native_handle());
  co_return std::nullopt;
}

HttpFailure failure_of(const Stream& stream, const Stream::Error& error) {
  if (stream.timed_out()) return {errc::http_timeout, true, error.message()};
  if (is_certificate_refusal(error)) return {errc::tls_client_refused, false, error.message()};
  const bool ours = stream.closed() || error == asio::error::operation_aborted;
  return {ours ? Errc::closed_locally : errc::connect_failed, true, error.message()};
}

}  // namespace redan::net
