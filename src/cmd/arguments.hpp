// Parses arguments of subcommands: files, addresses, URLs. Each function throws std::runtime_error with a
// human-readable message.
#pragma once

#include <string>

#include "net/host_and_port.hpp"

namespace redan::cmd {

std::string read_file(const std::string& path);

using net::HostAndPort;

/// "192.0.2.1:8444", "[2001:db8::1]:8444".
HostAndPort parse_host_and_port(const std::string& text);
/// The same with an optional "https://" before it and an optional "/" after it. `port`, if not 0, is the default port.
HostAndPort parse_https_url(const std::string& url, std::uint16_t port = 0);

}  // namespace redan::cmd
