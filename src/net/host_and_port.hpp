// The address of a server as text (RFC 3986 section 3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace redan::net {

struct HostAndPort {
  std::string host;  ///< a DNS name or an IP address, without brackets
  std::uint16_t port = 0;

  /// "192.0.2.1:8444", "[2001:db8::1]:8444".
  [[nodiscard]] std::string text() const;
};

/// "192.0.2.1:8444", "[2001:db8::1]:8444". `otherwise`, if not 0, is the default port.
std::optional<HostAndPort> parse_host_and_port(std::string_view text, std::uint16_t otherwise = 0);
/// The same with an optional "https://" before it and an optional "/" after it.
std::optional<HostAndPort> parse_https_url(std::string_view url, std::uint16_t otherwise = 0);

}  // namespace redan::net
