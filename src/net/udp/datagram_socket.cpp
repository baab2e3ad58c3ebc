#include "net/udp/datagram_socket.hpp"

#include <fcntl.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/socket_address.hpp"

namespace redan::net {
namespace {

// Large enough for a burst of a whole congestion window; the kernel may grant less (net.core.rmem_max).
constexpr int kSocketBuffer = 4 << 20;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS; }

/// io_failed, with the address and the system's message.
tl::unexpected<Error> refuse_by_system(const Address& local) {
  return refuse(Errc::io_failed, local.text() + ": " + std::generic_category().message(errno));
}

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

// The forcing option needs CAP_NET_ADMIN; the other is limited by the system.
void set_buffer(int fd, int option, int forced_option) {
  if (::setsockopt(fd, SOL_SOCKET, forced_option, &kSocketBuffer, sizeof kSocketBuffer) != 0) {
    set_option(fd, SOL_SOCKET, option, kSocketBuffer);
  }
}

/// The kernel's metadata of a received train of datagrams.
struct Ancillary {
  std::size_t segment_size = 0;  // of GRO; 0: one datagram
  Ecn ecn = Ecn::not_ect;
};

template <class T>
T data_of(const cmsghdr* c) {
  T value{};
  std::memcpy(&value, CMSG_DATA(c), sizeof value);
  return value;
}

Ancillary read_ancillary(msghdr& message) {
  Ancillary result;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
      result.segment_size = static_cast<std::size_t>(std::max(data_of<int>(c), 0));
    // One byte over IPv4, an int over IPv6. The low two bits are ECN, the others the DSCP.
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
      result.ecn = static_cast<Ecn>(data_of<std::uint8_t>(c) & 3U);
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
      result.ecn = static_cast<Ecn>(static_cast<unsigned>(data_of<int>(c)) & 3U);
  }
  return result;
}

/// The control messages of one send.
class Control {
 public:
  template <class T>
  void add(int level, int type, T value) {
    auto* c = reinterpret_cast<cmsghdr*>(bytes_.data() + size_);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(c), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }
  void add_ecn(Address::Family family, Ecn ecn) {
    if (ecn == Ecn::not_ect) return;
    const bool ipv6 = family == Address::Family::ipv6;
    add(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_TCLASS : IP_TOS, static_cast<int>(ecn));
  }
  void attach(msghdr& message) {
    message.msg_control = size_ == 0 ? nullptr : bytes_.data();
    message.msg_controllen = size_;
  }

 private:
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(int))> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace

bool SendBatch::add(const Path& path, std::size_t size, Ecn ecn) {
  if (count_ != 0 && (path != path_ || ecn != ecn_ || size > segment_size_)) return false;
  if (count_ == 0) {
    path_ = path;
    ecn_ = ecn;
    segment_size_ = size;
  }
  closed_ = size < segment_size_;
  used_ += size;
  ++count_;
  return true;
}

void SendBatch::copy(const Path& path, Bytes datagram, Ecn ecn) {
  std::memmove(storage_.data(), datagram.data(), datagram.size());
  add(path, datagram.size(), ecn);
}

void SendBatch::clear() {
  used_ = 0;
  count_ = 0;
  closed_ = false;
}

Result<std::unique_ptr<DatagramSocket>> DatagramSocket::bind(const Address& local) {
  SocketAddress address(local);
  const int fd = ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse_by_system(local);
  if (address.storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(fd, address.get(), address.size) != 0) {
    auto refused = refuse_by_system(local);
    ::close(fd);
    return refused;
  }
  SocketAddress bound;
  ::getsockname(fd, bound.get(), &bound.size);
  return std::unique_ptr<DatagramSocket>(new DatagramSocket(fd, bound.address()));
}

DatagramSocket::DatagramSocket(int fd, const Address& local)
    : fd_(fd), local_(local), reads_(std::make_unique<std::array<std::array<std::uint8_t, kReadSize>, kReads>>()) {
  set_buffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE);
  set_buffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE);
  set_option(fd_, IPPROTO_IP, IP_RECVTOS, 1);
  if (local_.family() == Address::Family::ipv6) set_option(fd_, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  set_option(fd_, SOL_UDP, UDP_GRO, 1);
}

DatagramSocket::~DatagramSocket() { ::close(fd_); }

std::span<ReceivedDatagram> DatagramSocket::receive() {
  std::array<mmsghdr, kReads> messages{};
  std::array<iovec, kReads> vectors{};
  std::array<SocketAddress, kReads> sources;
  struct alignas(cmsghdr) ReceivedControl : std::array<std::uint8_t, 2 * CMSG_SPACE(sizeof(int))> {};
  std::array<ReceivedControl, kReads> controls;
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
    const Ancillary ancillary = read_ancillary(messages[i].msg_hdr);
    const std::size_t segment = ancillary.segment_size != 0 ? ancillary.segment_size : bytes.size();
    const Address remote = sources[i].address();
    while (!bytes.empty()) {
      const std::size_t size = std::min(segment, bytes.size());
      received_.push_back({remote, bytes.first(size), ancillary.ecn});
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
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  Control control;
  control.add(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(batch.segment_size()));
  control.add_ecn(batch.path().remote.family(), batch.ecn());
  control.attach(message);
  if (::sendmsg(fd_, &message, MSG_DONTWAIT) >= 0) return Sent::all;
  if (would_block(errno)) return Sent::would_block;
  // This route has no GSO (EIO, EINVAL), or one datagram is too large for it (EMSGSIZE): send one by one.
  if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP) gso_ = false;
  return send_segments(batch);
}

DatagramSocket::Sent DatagramSocket::send_segments(const SendBatch& batch) {
  SocketAddress to(batch.path().remote);
  const Bytes bytes = batch.bytes();
  std::array<mmsghdr, SendBatch::kMaxSegments> messages{};
  std::array<iovec, SendBatch::kMaxSegments> vectors{};
  Control control;
  control.add_ecn(batch.path().remote.family(), batch.ecn());
  for (std::size_t i = 0; i < batch.count(); ++i) {
    const std::size_t start = i * batch.segment_size();
    const Bytes one = bytes.subspan(start, std::min(batch.segment_size(), bytes.size() - start));
    vectors[i] = {const_cast<std::uint8_t*>(one.data()), one.size()};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = to.get();
    header.msg_namelen = to.size;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    control.attach(header);
  }
  // next_segment_ is where a full socket stopped us.
  while (next_segment_ < batch.count()) {
    const auto left = static_cast<unsigned>(batch.count() - next_segment_);
    const int sent = ::sendmmsg(fd_, &messages[next_segment_], left, MSG_DONTWAIT);
    if (sent < 0 && would_block(errno)) return Sent::would_block;
    next_segment_ += static_cast<std::size_t>(std::max(sent, 1));  // a refused datagram is lost, as UDP permits
  }
  next_segment_ = 0;
  return Sent::all;
}

}  // namespace redan::net
