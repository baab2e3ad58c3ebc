// To which addresses checks may go. A description comes from the other side, so each of its candidates is a place to
// which the peer makes us send.
#pragma once

#include <redan/ice.hpp>

namespace redan::ice {

/// Neither loopback nor in a range that IANA reserves for special use (RFC 6890 and its registries).
bool is_public(const Address& address);

/// Whether a check may go from our address to this one. Never to multicast, broadcast and unspecified addresses, and to
/// loopback only from loopback.
bool may_check(const Path& path, RemoteAddresses allowed);

}  // namespace redan::ice
