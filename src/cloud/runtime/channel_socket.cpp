#include "cloud/runtime/channel_socket.hpp"

#include <sys/un.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "net/accept.hpp"

namespace redan::cloud::runtime {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Protocol = asio::local::stream_protocol;
using Error = boost::system::error_code;

class ChannelSocket::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, fs::path path, ToClient to_client)
      : acceptor_(io), socket_(io), path_(std::move(path)), to_client_(std::move(to_client)) {}

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
    socket_.close(ignored);
    std::error_code gone;
    if (std::exchange(bound_, false)) fs::remove(path_, gone);
  }
  bool write(Bytes bytes) {
    if (waiting_.size() + writing_.size() + bytes.size() > kMaxWaiting) return false;
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    flush();
    return true;
  }
  void resume() {
    if (std::exchange(paused_, false)) read();
  }

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
  // The next program is accepted when the previous one has disconnected.
  void accept() { asio::co_spawn(acceptor_.get_executor(), accept_one(shared_from_this()), asio::detached); }
  static net::Task<void> accept_one(std::shared_ptr<Impl> self) {
    const bool accepted = co_await net::accept_next(self->acceptor_, self->socket_);
    if (!accepted || self->closed_) co_return;
    self->connected_ = true;
    self->flush();
    self->read();
  }
  void drop() {
    if (!std::exchange(connected_, false) || closed_) return;
    Error ignored;
    socket_.close(ignored);
    writing_.clear();
    waiting_.clear();  // the next program receives only later data
    accept();
  }
  void read() {
    if (!connected_ || paused_ || reading_) return;
    reading_ = true;
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const Error& error, std::size_t size) {
      self->reading_ = false;
      if (self->closed_) return;
      if (error) return self->drop();
      self->paused_ = !self->to_client_(Bytes(self->buffer_).first(size));
      self->read();
    });
  }
  void flush() {
    if (!connected_ || !writing_.empty() || waiting_.empty()) return;
    std::swap(writing_, waiting_);
    asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](const Error& error, std::size_t) {
      self->writing_.clear();
      if (self->closed_) return;
      if (error) return self->drop();
      self->flush();
    });
  }

  Protocol::acceptor acceptor_;
  Protocol::socket socket_;
  fs::path path_;
  ToClient to_client_;
  std::array<std::uint8_t, kMaxMessage> buffer_{};
  std::vector<std::uint8_t> waiting_, writing_;
  bool bound_ = false, connected_ = false, paused_ = false, reading_ = false, closed_ = false;
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
bool ChannelSocket::write(Bytes bytes) { return impl_->write(bytes); }
void ChannelSocket::resume() { impl_->resume(); }

}  // namespace redan::cloud::runtime
