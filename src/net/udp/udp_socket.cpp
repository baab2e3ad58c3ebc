#include <poll.h>

#include <redan/udp_socket.hpp>

#include "net/clock.hpp"
#include "net/udp/datagram_socket.hpp"

namespace redan {
namespace {

void wait_for(int fd, short events, TimePoint until) {
  // Rounded up, so that a timer is due when we wake for it.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - net::now()).count();
  pollfd waiting{fd, events, 0};
  ::poll(&waiting, 1, until == kNever ? -1 : static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
}

}  // namespace

TimePoint now() { return net::now(); }
WallTime wall_time() { return net::wall_time(); }

class REDAN_HIDDEN UdpSocket::Impl {
 public:
  explicit Impl(std::unique_ptr<net::DatagramSocket> the_socket) : socket(std::move(the_socket)) {}
  std::unique_ptr<net::DatagramSocket> socket;
  std::span<net::ReceivedDatagram> received;
  net::SendBatch batch;
};

Result<UdpSocket> UdpSocket::bind(const Address& local) {
  REDAN_TRY(auto socket, net::DatagramSocket::bind(local));
  return UdpSocket(std::make_unique<Impl>(std::move(socket)));
}

UdpSocket::UdpSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UdpSocket::~UdpSocket() = default;
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;

Address UdpSocket::local_address() const { return impl_->socket->local_address(); }

int UdpSocket::descriptor() const { return impl_->socket->fd(); }

void UdpSocket::send(const Transmit& transmit) {
  impl_->batch.clear();
  impl_->batch.copy(transmit.path, transmit.bytes, transmit.ecn);
  while (impl_->socket->send(impl_->batch) == net::DatagramSocket::Sent::would_block) {
    wait_for(impl_->socket->fd(), POLLOUT, kNever);
  }
}

std::optional<Datagram> UdpSocket::receive(TimePoint until) {
  if (impl_->received.empty()) {
    impl_->received = impl_->socket->receive();
    if (impl_->received.empty()) {
      wait_for(impl_->socket->fd(), POLLIN, until);
      impl_->received = impl_->socket->receive();
    }
  }
  if (impl_->received.empty()) return std::nullopt;
  const net::ReceivedDatagram datagram = impl_->received.front();
  impl_->received = impl_->received.subspan(1);
  return Datagram{{{}, datagram.remote}, datagram.bytes, datagram.ecn};
}

}  // namespace redan
