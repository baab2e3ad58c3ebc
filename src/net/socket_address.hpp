// Address to and from the system's sockaddr.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <redan/types.hpp>
#include <vector>

namespace redan::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() = default;
  explicit SocketAddress(const Address& address);
  /// Unspecified for other families.
  [[nodiscard]] Address address() const;
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// The addresses of this host that are up: global and unique-local ones, loopback only if there is nothing else. Port
/// 0.
std::vector<Address> host_addresses();

}  // namespace redan::net
