#include "cmd/connect/gateway_remote.hpp"

#include <stdexcept>

#include "net/socket_address.hpp"

namespace redan::cmd {

net::TlsTrust gateway_trust(const std::string& fingerprint, const std::string& host) {
  if (fingerprint.empty()) return net::SystemAuthorities{host};
  const auto pin = net::parse_pin(fingerprint);
  if (!pin) throw std::runtime_error("--fingerprint is 64 hexadecimal digits; the gateway prints it when it starts");
  return net::PinnedSha256{*pin};
}

std::vector<Address> addresses_towards(const std::string& gateway) {
  const auto target = Address::parse(gateway, 0);
  const bool loopback = target && target->family() == Address::Family::ipv4 && target->ip()[0] == 127;
  return loopback ? std::vector<Address>{*Address::parse("127.0.0.1", 0)} : net::host_addresses();
}

}  // namespace redan::cmd
