// Where a client connects to. There is no plain TCP.
#pragma once

#include <filesystem>

#include "net/tls.hpp"

namespace redan::net {

/// A server on TCP, with TLS 1.3.
struct TlsRemote {
  std::string host;  ///< a DNS name or an IP address without brackets
  std::uint16_t port = 443;
  TlsTrust trust;
  const TlsIdentity* identity = nullptr;  ///< shown if the server asks; read only while a client is constructed
};

/// A server on this machine; the file system says who may connect.
struct UnixRemote {
  std::filesystem::path path;
};

using Remote = std::variant<TlsRemote, UnixRemote>;

}  // namespace redan::net
