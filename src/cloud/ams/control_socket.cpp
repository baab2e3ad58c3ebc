#include "cloud/ams/control_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cloud/isolation/request.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::ams {
namespace {

constexpr int kBacklog = 64;

// The path in a socket's address is short. So it is given relative to the directory's descriptor.
sockaddr_un address_in(int directory, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, path.filename().c_str());
  return address;
}

int open_directory(const std::filesystem::path& path) {
  return ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace

int listen_for_control(const std::filesystem::path& path) {
  const net::Descriptor directory(open_directory(path));
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_in(directory.get(), path);
  ::unlink(path.c_str());
  if (socket >= 0 && directory.ok() &&
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(socket, kBacklog) == 0)
    return socket;
  const int error = errno;
  if (socket >= 0) ::close(socket);
  errno = error;
  return -1;
}

int connect_to_control(const std::filesystem::path& path) {
  const net::Descriptor directory(open_directory(path));
  if (!directory.ok()) return -1;
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_un address = address_in(directory.get(), path);
  if (socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  const int error = errno;
  if (socket >= 0) ::close(socket);
  errno = error;
  return -1;
}

bool send_with_descriptors(int connection, std::string_view packet, std::span<const int> descriptors) {
  if (packet.size() > isolation::kMaxRequest) {
    errno = E2BIG;
    return false;
  }
  iovec part{const_cast<char*>(packet.data()), packet.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(3 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  return ::sendmsg(connection, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

}  // namespace redan::cloud::ams
