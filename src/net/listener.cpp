#include "net/listener.hpp"

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/system_error.hpp>

#include "net/accept.hpp"
#include "net/socket_address.hpp"

namespace redan::net {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::local::stream_protocol;

[[noreturn]] void fail(int error, const std::string& what) {
  throw boost::system::system_error(error, boost::system::system_category(), what);
}

// Only a socket whose server has died may be replaced.
void check_replaceable(asio::io_context& io, const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) fail(EEXIST, path.string());
  stream_protocol::socket probe(io);
  Stream::Error error;
  probe.connect(stream_protocol::endpoint(path.string()), error);
  if (error != asio::error::connection_refused) fail(EADDRINUSE, path.string());
}

}  // namespace

Listener::Listener(asio::io_context& io, const ListenAt& where) : acceptor_(io) {
  if (const auto* tls = std::get_if<TlsListener>(&where)) {
    listen_on(tls->local);
  } else if (const auto* loopback = std::get_if<LoopbackListener>(&where)) {
    if (!loopback->local.address().is_loopback()) fail(EACCES, "without TLS only loopback addresses are served");
    listen_on(loopback->local);
  } else {
    listen_on(std::get<UnixListener>(where));
  }
}

void Listener::listen_on(const asio::ip::tcp::endpoint& local) {
  const Stream::Protocol::endpoint endpoint(local);
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  acceptor_.bind(endpoint);
  acceptor_.listen();
}

void Listener::listen_on(const UnixListener& where) {
  // Created under another name, so that no client connects before its mode is set; then renamed over the old one.
  const std::string fresh = where.path.string() + ".new";
  if (fresh.size() >= sizeof(sockaddr_un::sun_path)) fail(ENAMETOOLONG, where.path.string());
  check_replaceable(static_cast<asio::io_context&>(acceptor_.get_executor().context()), where.path);
  ::unlink(fresh.c_str());
  const Stream::Protocol::endpoint endpoint{stream_protocol::endpoint(fresh)};
  acceptor_.open(endpoint.protocol());
  acceptor_.bind(endpoint);
  if (::chmod(fresh.c_str(), where.mode) != 0) fail(errno, fresh);
  acceptor_.listen();
  if (::rename(fresh.c_str(), where.path.c_str()) != 0) fail(errno, where.path.string());
  path_ = where.path;
}

Task<std::optional<Stream::Socket>> Listener::accept() {
  Stream::Socket socket(acceptor_.get_executor());
  const bool accepted = co_await accept_next(acceptor_, socket);
  if (!accepted) co_return std::nullopt;
  if (path_.empty()) {
    const int on = 1;
    (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  co_return std::move(socket);
}

std::uint16_t Listener::port() const {
  Stream::Error error;
  const auto endpoint = acceptor_.local_endpoint(error);
  if (error || !path_.empty()) return 0;
  SocketAddress address;
  std::memcpy(&address.storage, endpoint.data(), std::min(endpoint.size(), sizeof address.storage));
  return address.address().port();
}

void Listener::close() {
  if (!acceptor_.is_open()) return;
  Stream::Error ignored;
  acceptor_.close(ignored);
  if (!path_.empty()) ::unlink(path_.c_str());
}

std::optional<LocalPeer> local_peer(Stream::Socket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const int fd = socket.native_handle();
  int domain = 0;
  socklen_t domain_size = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) != 0 || domain != AF_UNIX) return std::nullopt;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return LocalPeer{credentials.uid, credentials.gid, credentials.pid};
}

std::string network_text(Stream::Socket& socket) {
  Stream::Error error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "";
  if (endpoint.protocol().family() == AF_UNIX) return "unix";
  SocketAddress address;
  std::memcpy(&address.storage, endpoint.data(), std::min(endpoint.size(), sizeof address.storage));
  const Address remote = address.address();
  if (remote.family() != Address::Family::ipv6) return remote.ip_text();
  constexpr std::size_t kPrefix = 8;
  std::array<std::uint8_t, 16> prefix{};
  std::copy_n(remote.ip().begin(), kPrefix, prefix.begin());
  return Address::v6(prefix, 0).ip_text() + "/64";
}

}  // namespace redan::net
