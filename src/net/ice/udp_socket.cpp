#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/datagram_protocol.hpp>

#include "net/ice/socket.hpp"
#include "net/socket_address.hpp"

namespace redan::net {
namespace {

using Protocol = boost::asio::generic::datagram_protocol;
using Error = boost::system::error_code;

class UdpIceSocket : public IceSocket {
 public:
  UdpIceSocket(boost::asio::io_context& io, IceSockets& owner, SocketId id, IceSocketTarget target)
      : IceSocket(owner, id), socket_(io), target_(std::move(target)) {}

  void start() override {
    Error error;
    const Address local = connect(error);
    if (error) return fail(Errc::io_failed, error.message());
    read();
    opened(local);
  }
  /// A datagram that the system has no room for is lost, as the network may lose it.
  void send(Bytes bytes, bool) override {
    Error ignored;
    socket_.send(boost::asio::buffer(bytes.data(), bytes.size()), 0, ignored);
  }

 private:
  Address connect(Error& error) {
    SocketAddress from(*Address::parse(target_.local.ip_text(), 0));
    SocketAddress to(target_.remote);
    const Protocol::endpoint remote(to.get(), to.size);
    socket_.open(remote.protocol(), error);
    if (!error) socket_.bind(Protocol::endpoint(from.get(), from.size), error);
    if (!error) socket_.connect(remote, error);
    if (!error) socket_.non_blocking(true, error);
    if (error) return {};
    SocketAddress local;
    (void)::getsockname(socket_.native_handle(), local.get(), &local.size);
    return local.address();
  }
  // An ICMP error of an earlier datagram is no end: the server may come back.
  void read() {
    const auto self = std::static_pointer_cast<UdpIceSocket>(shared_from_this());
    socket_.async_receive(boost::asio::buffer(buffer_), [self](const Error& error, std::size_t size) {
      if (self->closed()) return;
      if (!error) self->received(Bytes(self->buffer_).first(size));
      if (!self->closed()) self->read();
    });
  }
  void shut() override {
    Error ignored;
    socket_.close(ignored);
  }

  Protocol::socket socket_;
  IceSocketTarget target_;
  std::array<std::uint8_t, 65'536> buffer_;
};

}  // namespace

std::shared_ptr<IceSocket> make_udp_socket(boost::asio::io_context& io, IceSockets& owner, SocketId id,
                                           IceSocketTarget target) {
  return std::make_shared<UdpIceSocket>(io, owner, id, std::move(target));
}

}  // namespace redan::net
