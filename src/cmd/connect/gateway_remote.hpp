// How a client reaches a gateway: what `redan connect --gateway` and `redan adb` share.
#pragma once

#include <redan/types.hpp>
#include <vector>

#include "net/remote.hpp"

namespace redan::cmd {

/// The certificate with this fingerprint; without one, the system's authorities. Throws std::runtime_error with a
/// human-readable message.
net::TlsTrust gateway_trust(const std::string& fingerprint, const std::string& host);
/// Addresses of this host from which clients of that gateway stream: loopback if the gateway is there.
std::vector<Address> addresses_towards(const std::string& gateway);

}  // namespace redan::cmd
