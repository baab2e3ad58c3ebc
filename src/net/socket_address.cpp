#include "net/socket_address.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>

namespace redan::net {
namespace {

bool is_link_local(const Address& address) {
  const Bytes ip = address.ip();
  if (address.family() == Address::Family::ipv4) return ip[0] == 169 && ip[1] == 254;
  return ip[0] == 0xFE && (ip[1] & 0xC0U) == 0x80;
}

}  // namespace

SocketAddress::SocketAddress(const Address& address) {
  const Bytes ip = address.ip();
  if (address.family() == Address::Family::ipv4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port());
    std::memcpy(&v4->sin_addr, ip.data(), 4);
    size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port());
    if (!ip.empty()) std::memcpy(&v6->sin6_addr, ip.data(), 16);
    size = sizeof(sockaddr_in6);
  }
}

Address SocketAddress::address() const {
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    std::array<std::uint8_t, 4> ip{};
    std::memcpy(ip.data(), &v4->sin_addr, 4);
    return Address::v4(ip, ntohs(v4->sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    std::array<std::uint8_t, 16> ip{};
    std::memcpy(ip.data(), &v6->sin6_addr, 16);
    return Address::v6(ip, ntohs(v6->sin6_port));
  }
  return {};
}

bool is_wildcard(const Address& address) {
  return std::ranges::all_of(address.ip(), [](std::uint8_t byte) { return byte == 0; });
}

std::vector<Address> host_addresses() {
  std::vector<Address> global;
  std::vector<Address> loopback;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    SocketAddress found;
    const bool v4 = entry->ifa_addr->sa_family == AF_INET;
    if (!v4 && entry->ifa_addr->sa_family != AF_INET6) continue;
    std::memcpy(&found.storage, entry->ifa_addr, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const Address address = found.address();
    if (is_link_local(address)) continue;
    ((entry->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : global).push_back(address);
  }
  freeifaddrs(list);
  return global.empty() ? loopback : global;
}

}  // namespace redan::net
