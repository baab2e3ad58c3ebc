// The errors of the TURN client: libredan's, numbered from 100.
#pragma once

#include <redan/error.hpp>

namespace redan::turn::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_TURN_ERRORS(X)                                                                                         \
  X(100, turn_timeout, "the TURN server does not answer",                                                            \
    "check its address and that a firewall lets it pass; try tcp or tls")                                            \
  X(101, turn_connect, "no connection to the TURN server", "check its address, its port and its certificate")        \
  X(102, turn_connection_lost, "the connection to the TURN server ended", "connect again with a new client")         \
  X(103, turn_credentials, "the TURN server does not accept the credentials",                                        \
    "compare user name and password; credentials with an expiry may have expired")                                   \
  X(104, turn_stale_nonce, "the TURN server refuses each nonce that it gives", "look at the server's log")           \
  X(105, turn_downgraded, "the TURN server's challenge is weaker than it promises",                                  \
    "an attacker may be between; or the server is defective")                                                        \
  X(106, turn_unsupported_algorithm, "no password algorithm in common with the TURN server",                         \
    "the server needs SHA-256 or MD5; MD5 is absent where the system allows FIPS algorithms only")                   \
  X(107, turn_unprotected, "the TURN server takes no credentials, although some are configured",                     \
    "configure the server to authenticate, or the client without credentials")                                       \
  X(108, turn_forged, "the connection to the TURN server carries a response that fails its integrity check",         \
    "the server does not know the password, or refuses without proof; see its code")                                 \
  X(109, turn_bad_response, "a response of the TURN server makes no sense", "report it to the server's makers")      \
  X(110, turn_bad_stream, "the connection to the TURN server carries something that is not TURN",                    \
    "check that the address and port belong to a TURN server")                                                       \
  X(111, turn_refused, "the TURN server refuses the request", "see the server's code and reason")                    \
  X(112, turn_forbidden, "the TURN server forbids it", "look at the server's configuration: denied peers, quotas")   \
  X(113, turn_unsupported, "the TURN server does not support the address family or transport",                       \
    "request another address family")                                                                                \
  X(114, turn_full, "the TURN server has no capacity left, or no quota for this user",                               \
    "use another server, or try again after a minute")                                                               \
  X(115, turn_allocation_lost, "the TURN server no longer has the allocation",                                       \
    "the server was restarted, or the allocation expired: start a new client")                                       \
  X(116, turn_redirected, "the TURN server sends to another server too often", "look at the servers' configuration") \
  X(117, turn_peer_family, "the relay has no address of the peer's family", "request an allocation of both families")

REDAN_TURN_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::turn::errc
