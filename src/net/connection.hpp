// Who is at the other end of a connection.
#pragma once

#include <sys/types.h>

#include <functional>

#include "net/tls/tls.hpp"

namespace redan::net {

/// The process that connected to a Unix socket, as the kernel saw it then (SO_PEERCRED, unix(7)).
struct LocalPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

struct Connection {
  std::uint64_t id = 0;   ///< never used again by the same server
  std::string remote{};   ///< "192.0.2.1:5000", "[2001:db8::1]:5000" or "unix"
  std::string network{};  ///< what the peer cannot change at will: "192.0.2.1", "2001:db8:1:2::/64" or "unix"
  std::optional<ClientCertificate> certificate{};
  std::optional<LocalPeer> local_peer{};
  TlsDescription tls{};
  std::function<void()> close{};  ///< cuts it off at once; harmless when it has ended
  /// Set by the handler once it knows the peer: when connections run short, those of strangers are closed first. An
  /// accepted WebSocket counts as admitted.
  mutable bool admitted = false;
};

}  // namespace redan::net
