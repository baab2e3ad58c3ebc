#include "cloud/runtime/channel_socket.hpp"

#include <sys/un.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/accept.hpp"

namespace redan::cloud::runtime {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Protocol = asio::local::stream_protocol;
using Error = boost::system::error_code;

class ChannelSocket::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, fs::path path, ToClient to_client)
      : acceptor_(io), socket_(io), path_(std::move(path)), pump_(io, {std::move(to_client), [this] { accept(); }}) {}

  bool open() {
    Error error;
    make_way();
    acceptor_.open(Protocol(), error);
    if (!error) acceptor_.bind(Protocol::endpoint(path_.string()), error);
    if (error) return false;
    bound_ = true;
    std::error_code denied;
    fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write, denied);
    acceptor_.listen(1, error);
    if (error || denied) return false;
    accept();
    return true;
  }
  void close() {
    Error ignored;
    closed_ = true;
    acceptor_.close(ignored);
    pump_.close();
    std::error_code gone;
    if (std::exchange(bound_, false)) fs::remove(path_, gone);
  }
  BytePump& pump() { return pump_; }

 private:
  // The socket of a runtime that has died would block the path forever; one with a listener stays, and bind fails.
  void make_way() {
    std::error_code error;
    if (!fs::is_socket(path_, error)) return;
    Protocol::socket probe(acceptor_.get_executor());
    Error refused;
    probe.connect(Protocol::endpoint(path_.string()), refused);
    if (refused == asio::error::connection_refused) fs::remove(path_, error);
  }
  // The next program is accepted when the previous one has disconnected, and receives only later data.
  void accept() { asio::co_spawn(acceptor_.get_executor(), accept_one(shared_from_this()), asio::detached); }
  static net::Task<void> accept_one(std::shared_ptr<Impl> self) {
    const bool accepted = co_await net::accept_next(self->acceptor_, self->socket_);
    if (accepted && !self->closed_) self->pump_.attach(std::move(self->socket_));
  }

  Protocol::acceptor acceptor_;
  Protocol::socket socket_;  ///< for the next program
  fs::path path_;
  BytePump pump_;
  bool bound_ = false, closed_ = false;
};

Result<std::unique_ptr<ChannelSocket>> ChannelSocket::listen(asio::io_context& io, const fs::path& path,
                                                             ToClient to_client) {
  if (path.string().size() >= sizeof(sockaddr_un::sun_path)) return refuse(Errc::invalid_argument);
  auto impl = std::make_shared<Impl>(io, path, std::move(to_client));
  if (!impl->open()) {
    impl->close();
    return refuse(Errc::io_failed);
  }
  return std::unique_ptr<ChannelSocket>(new ChannelSocket(std::move(impl)));
}

ChannelSocket::ChannelSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChannelSocket::~ChannelSocket() { impl_->close(); }
bool ChannelSocket::write(Bytes bytes) { return impl_->pump().write(bytes); }
void ChannelSocket::resume() { impl_->pump().resume(); }

}  // namespace redan::cloud::runtime
