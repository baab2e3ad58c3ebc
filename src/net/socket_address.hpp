// Converts between Address and the system's sockaddr.
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

/// 0.0.0.0 or ::, which stands for every address of a host and is the address of none.
bool is_wildcard(const Address& address);

/// The active addresses of this host: global and unique-local ones, loopback only if there are no others. Port 0.
std::vector<Address> host_addresses();

}  // namespace redan::net
