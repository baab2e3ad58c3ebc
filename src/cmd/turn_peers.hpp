// The addresses that a TURN server must not relay to: none of them belongs to a client or a runtime, and some belong to
// services that trust their neighbours. `redan turn coturn-config` prints them for coturn, and `redan doctor` tries
// them.
//
// IANA's registries of special-purpose addresses (RFC 6890), with multicast and reserved ranges. "::" alone is omitted:
// coturn never relays to it, and interprets a range that begins with it as all addresses.
#pragma once

#include <array>
#include <string_view>

namespace redan::cmd {

struct DeniedPeers {
  std::string_view first, last;
  std::string_view probe;  ///< one of them, for a check
  std::string_view what;
};

inline constexpr std::array kDeniedPeers{
    DeniedPeers{"0.0.0.0", "0.255.255.255", "0.0.0.0", "this host (RFC 791)"},
    DeniedPeers{"10.0.0.0", "10.255.255.255", "10.0.0.1", "private (RFC 1918)"},
    DeniedPeers{"100.64.0.0", "100.127.255.255", "100.64.0.1", "shared, behind a carrier's NAT (RFC 6598)"},
    DeniedPeers{"127.0.0.0", "127.255.255.255", "127.0.0.1", "loopback (RFC 1122)"},
    DeniedPeers{"169.254.0.0", "169.254.255.255", "169.254.169.254", "link-local, a cloud's metadata (RFC 3927)"},
    DeniedPeers{"172.16.0.0", "172.31.255.255", "172.16.0.1", "private (RFC 1918)"},
    DeniedPeers{"192.0.0.0", "192.0.0.255", "192.0.0.1", "protocol assignments (RFC 6890)"},
    DeniedPeers{"192.0.2.0", "192.0.2.255", "192.0.2.1", "documentation (RFC 5737)"},
    DeniedPeers{"192.88.99.0", "192.88.99.255", "192.88.99.1", "6to4 relays (RFC 7526)"},
    DeniedPeers{"192.168.0.0", "192.168.255.255", "192.168.0.1", "private (RFC 1918)"},
    DeniedPeers{"198.18.0.0", "198.19.255.255", "198.18.0.1", "benchmarks (RFC 2544)"},
    DeniedPeers{"198.51.100.0", "198.51.100.255", "198.51.100.1", "documentation (RFC 5737)"},
    DeniedPeers{"203.0.113.0", "203.0.113.255", "203.0.113.1", "documentation (RFC 5737)"},
    DeniedPeers{"224.0.0.0", "239.255.255.255", "224.0.0.1", "multicast (RFC 5771)"},
    DeniedPeers{"240.0.0.0", "255.255.255.255", "255.255.255.255", "reserved, broadcast (RFC 1112)"},
    DeniedPeers{"::1", "::ffff:ffff", "::1", "this host, loopback, IPv4-compatible (RFC 4291)"},
    DeniedPeers{"::ffff:0.0.0.0", "::ffff:255.255.255.255", "::ffff:127.0.0.1", "IPv4-mapped (RFC 4291)"},
    DeniedPeers{"64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9b::7f00:1", "IPv4 behind NAT64 (RFC 6052)"},
    DeniedPeers{"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::1", "IPv4 behind NAT64 (RFC 8215)"},
    DeniedPeers{"100::", "100::ffff:ffff:ffff:ffff", "100::1", "discarded (RFC 6666)"},
    DeniedPeers{"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::1", "protocol assignments (RFC 2928)"},
    DeniedPeers{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1", "documentation (RFC 3849)"},
    DeniedPeers{"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002:7f00:1::1", "6to4 (RFC 3056)"},
    DeniedPeers{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::1", "documentation (RFC 9637)"},
    DeniedPeers{"5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::1", "segment routing (RFC 9602)"},
    DeniedPeers{"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fd00::1", "unique local (RFC 4193)"},
    DeniedPeers{"fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::1", "link-local, site-local (RFC 4291)"},
    DeniedPeers{"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff02::1", "multicast (RFC 4291)"}};

}  // namespace redan::cmd
