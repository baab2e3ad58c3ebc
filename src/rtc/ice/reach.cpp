#include "rtc/ice/reach.hpp"

#include <algorithm>

namespace redan::ice {
namespace {

/// The first `bits` of an address.
struct Prefix {
  std::array<std::uint8_t, 16> ip;
  std::size_t bits;

  [[nodiscard]] bool has(Bytes address) const {
    const std::size_t whole = bits / 8;
    if (!std::equal(ip.begin(), ip.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
    const unsigned rest = bits % 8;
    return rest == 0 || (ip[whole] ^ address[whole]) >> (8 - rest) == 0;
  }
};

constexpr std::array kLoopback4{Prefix{{127}, 8}};
constexpr std::array kLoopback6{Prefix{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}};
// No host has these: "this network", multicast, reserved and broadcast; unspecified, multicast.
constexpr std::array kNobody4{Prefix{{0}, 8}, Prefix{{224}, 3}};
constexpr std::array kNobody6{Prefix{{}, 128}, Prefix{{0xFF}, 8}};

constexpr std::array kSpecial4{
    Prefix{{10}, 8},             // private, RFC 1918
    Prefix{{100, 64}, 10},       // behind a carrier's NAT, RFC 6598
    Prefix{{169, 254}, 16},      // link-local, RFC 3927
    Prefix{{172, 16}, 12},       // private
    Prefix{{192, 0, 0}, 24},     // protocol assignments, RFC 6890
    Prefix{{192, 0, 2}, 24},     // documentation, RFC 5737
    Prefix{{192, 88, 99}, 24},   // 6to4 relays, RFC 7526
    Prefix{{192, 168}, 16},      // private
    Prefix{{198, 18}, 15},       // benchmarks, RFC 2544
    Prefix{{198, 51, 100}, 24},  // documentation
    Prefix{{203, 0, 113}, 24},   // documentation
};
// Global unicast addresses are 2000::/3 (RFC 4291 section 2.4); these are the special ones among them.
constexpr Prefix kGlobal6{{0x20}, 3};
constexpr std::array kSpecial6{
    Prefix{{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo, RFC 2928
    Prefix{{0x20, 0x01, 0x0D, 0xB8}, 32},  // documentation, RFC 3849
    Prefix{{0x20, 0x02}, 16},              // 6to4, which contains IPv4 addresses, RFC 3056
    Prefix{{0x3F, 0xFF}, 20},              // documentation, RFC 9637
};

template <std::size_t N>
bool in(const std::array<Prefix, N>& prefixes, Bytes ip) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const Prefix& prefix) { return prefix.has(ip); });
}

bool is_ipv4(const Address& address) { return address.family() == Address::Family::ipv4; }
bool is_loopback(const Address& address) {
  return is_ipv4(address) ? in(kLoopback4, address.ip()) : in(kLoopback6, address.ip());
}
bool has_host(const Address& address) {
  return is_ipv4(address) ? !in(kNobody4, address.ip()) : !in(kNobody6, address.ip());
}

}  // namespace

bool is_public(const Address& address) {
  if (address.family() == Address::Family::unspecified || is_loopback(address) || !has_host(address)) return false;
  if (is_ipv4(address)) return !in(kSpecial4, address.ip());
  return kGlobal6.has(address.ip()) && !in(kSpecial6, address.ip());
}

bool may_check(const Path& path, RemoteAddresses allowed) {
  const Address& remote = path.remote;
  if (remote.family() != path.local.family() || remote.port() == 0 || !has_host(remote)) return false;
  if (is_loopback(remote) && !is_loopback(path.local)) return false;
  return allowed == RemoteAddresses::any || is_public(remote);
}

}  // namespace redan::ice
