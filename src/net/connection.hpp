// Identifies the other end of a connection.
#pragma once

#include <sys/types.h>

#include <functional>

#include "net/tls/tls.hpp"

namespace redan::net {

/// The process that connected to a Unix socket, as recorded by the kernel at that time (SO_PEERCRED, unix(7)).
struct LocalPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

struct Connection {
  std::uint64_t id = 0;   ///< never reused by the same server
  std::string remote{};   ///< "192.0.2.1:5000", "[2001:db8::1]:5000" or "unix"
  std::string network{};  ///< what a peer cannot change freely: "192.0.2.1", "2001:db8:1:2::/64" or "unix"
  std::optional<ClientCertificate> certificate{};
  std::optional<LocalPeer> local_peer{};
  TlsDescription tls{};
  std::function<void()> close{};  ///< closes it at once; has no effect when it has ended
  /// Set by the handler once the peer is authenticated: when connections run short, unauthenticated ones are closed
  /// first. An accepted WebSocket counts as admitted.
  mutable bool admitted = false;
};

}  // namespace redan::net
