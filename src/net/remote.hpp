// The server that a client connects to. Plain TCP is only for this machine.
#pragma once

#include <filesystem>

#include "net/tls/tls.hpp"

namespace redan::net {

/// A server on TCP, with TLS 1.3.
struct TlsRemote {
  std::string host;  ///< a DNS name or an IP address without brackets
  std::uint16_t port = 443;
  TlsTrust trust;
  const TlsIdentity* identity = nullptr;  ///< presented if requested; read only while a client is constructed
  bool allow_small_keys = false;  ///< accept keys of the server and its authorities below RSA-4096 or of other kinds
};

/// A server on this machine; file permissions decide who may connect.
struct UnixRemote {
  std::filesystem::path path;
};

/// A server on this machine that listens on 127.0.0.1 without TLS.
struct LoopbackRemote {
  std::uint16_t port = 0;
};

using Remote = std::variant<TlsRemote, UnixRemote, LoopbackRemote>;

}  // namespace redan::net
