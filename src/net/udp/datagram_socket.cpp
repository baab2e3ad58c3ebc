#include "net/udp/datagram_socket.hpp"

#include <fcntl.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/socket_address.hpp"

namespace redan::net {
namespace {

// Large enough for a burst of a whole congestion window; the kernel may grant less (net.core.rmem_max).
constexpr int kSocketBuffer = 4 << 20;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS; }

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

// The forcing option needs CAP_NET_ADMIN; the other is cut to the system's limit.
void set_buffer(int fd, int option, int forced_option) {
  if (::setsockopt(fd, SOL_SOCKET, forced_option, &kSocketBuffer, sizeof kSocketBuffer) != 0) {
    set_option(fd, SOL_SOCKET, option, kSocketBuffer);
  }
}

std::size_t gro_segment_size(msghdr& message, std::size_t size) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int segment = 0;
    std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
    if (segment > 0) return static_cast<std::size_t>(segment);
  }
  return size;
}

}  // namespace

bool SendBatch::add(const Path& path, std::size_t size) {
  if (count_ != 0 && (path != path_ || size > segment_size_)) return false;
  if (count_ == 0) {
    path_ = path;
    segment_size_ = size;
  }
  closed_ = size < segment_size_;
  used_ += size;
  ++count_;
  return true;
}

void SendBatch::copy(const Path& path, Bytes datagram) {
  std::memmove(storage_.data(), datagram.data(), datagram.size());
  add(path, datagram.size());
}

void SendBatch::clear() {
  used_ = 0;
  count_ = 0;
  closed_ = false;
}

Result<std::unique_ptr<DatagramSocket>> DatagramSocket::bind(const Address& local) {
  SocketAddress address(local);
  const int fd = ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(Errc::io_failed);
  if (address.storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(fd, address.get(), address.size) != 0) {
    ::close(fd);
    return refuse(Errc::io_failed);
  }
  SocketAddress bound;
  ::getsockname(fd, bound.get(), &bound.size);
  return std::unique_ptr<DatagramSocket>(new DatagramSocket(fd, bound.address()));
}

DatagramSocket::DatagramSocket(int fd, const Address& local)
    : fd_(fd), local_(local), reads_(std::make_unique<std::array<std::array<std::uint8_t, kReadSize>, kReads>>()) {
  set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE);
  set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE);
  const int on = 1;
  gro_ = ::setsockopt(fd_, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
}

DatagramSocket::~DatagramSocket() { ::close(fd_); }

std::span<ReceivedDatagram> DatagramSocket::receive() {
  std::array<mmsghdr, kReads> messages{};
  std::array<iovec, kReads> vectors{};
  std::array<SocketAddress, kReads> sources;
  std::array<std::array<std::uint8_t, CMSG_SPACE(sizeof(int))>, kReads> controls;
  for (std::size_t i = 0; i < kReads; ++i) {
    vectors[i] = {(*reads_)[i].data(), kReadSize};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = sources[i].get();
    header.msg_namelen = sources[i].size;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].data();
    header.msg_controllen = controls[i].size();
  }
  received_.clear();
  const int count = ::recvmmsg(fd_, messages.data(), kReads, MSG_DONTWAIT, nullptr);
  for (int m = 0; m < count; ++m) {
    const auto i = static_cast<std::size_t>(m);
    MutableBytes bytes = MutableBytes((*reads_)[i]).first(messages[i].msg_len);
    const std::size_t segment = gro_ ? gro_segment_size(messages[i].msg_hdr, bytes.size()) : bytes.size();
    const Address remote = sources[i].address();
    while (!bytes.empty()) {
      const std::size_t size = std::min(segment, bytes.size());
      received_.push_back({remote, bytes.first(size)});
      bytes = bytes.subspan(size);
    }
  }
  return received_;
}

DatagramSocket::Sent DatagramSocket::send(const SendBatch& batch) {
  if (!gso_ || batch.count() == 1) return send_segments(batch);
  SocketAddress to(batch.path().remote);
  const Bytes bytes = batch.bytes();
  iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto segment = static_cast<std::uint16_t>(batch.segment_size());
  std::memcpy(CMSG_DATA(c), &segment, sizeof segment);
  if (::sendmsg(fd_, &message, MSG_DONTWAIT) >= 0) return Sent::all;
  if (would_block(errno)) return Sent::would_block;
  // No GSO on this route (EIO, EINVAL), or one datagram too many for it (EMSGSIZE): one by one.
  if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP) gso_ = false;
  return send_segments(batch);
}

DatagramSocket::Sent DatagramSocket::send_segments(const SendBatch& batch) {
  SocketAddress to(batch.path().remote);
  const Bytes bytes = batch.bytes();
  std::array<mmsghdr, SendBatch::kMaxSegments> messages{};
  std::array<iovec, SendBatch::kMaxSegments> vectors{};
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const std::size_t start = i * batch.segment_size();
    const Bytes one = bytes.subspan(start, std::min(batch.segment_size(), bytes.size() - start));
    vectors[i] = {const_cast<std::uint8_t*>(one.data()), one.size()};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = to.get();
    header.msg_namelen = to.size;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
  }
  // next_segment_ remembers where a full socket stopped us.
  while (next_segment_ < batch.count()) {
    const auto left = static_cast<unsigned>(batch.count() - next_segment_);
    const int sent = ::sendmmsg(fd_, &messages[next_segment_], left, MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return Sent::would_block;
    next_segment_ += static_cast<std::size_t>(std::max(sent, 1));  // a refused datagram is lost: that is UDP
  }
  next_segment_ = 0;
  return Sent::all;
}

}  // namespace redan::net
