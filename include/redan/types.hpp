// The vocabulary of all layers: bytes, time and addresses.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <redan/export.hpp>
#include <span>
#include <string>
#include <string_view>

namespace redan REDAN_PUBLIC {

/// A borrowed range of bytes. The lender states how long it is valid.
using Bytes = std::span<const std::uint8_t>;
/// The same, writable.
using MutableBytes = std::span<std::uint8_t>;

/// The bytes of a text, without a copy.
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The same bytes as text, which need not be valid UTF-8.
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

using Duration = std::chrono::nanoseconds;

/// The clock of every machine below `net`. It has no now(), because time is an argument.
struct Clock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = Clock::time_point;

/// "Never", as a deadline.
inline constexpr TimePoint kNever = TimePoint::max();

/// Calendar time (certificate dates, token expiry) in seconds since 1970-01-01 UTC. A separate type, so that it cannot
/// be compared with a TimePoint.
struct WallTime {
  std::int64_t seconds_since_1970 = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

/// A transport address: IPv4 or IPv6 with a UDP port. An IPv4-mapped IPv6 address is stored as IPv4.
class Address {
 public:
  enum class Family : std::uint8_t { unspecified = 0, ipv4 = 4, ipv6 = 6 };

  constexpr Address() = default;

  static constexpr Address v4(std::array<std::uint8_t, 4> ip, std::uint16_t port) {
    Address address;
    address.family_ = Family::ipv4;
    address.port_ = port;
    for (std::size_t i = 0; i < ip.size(); ++i) address.ip_[i] = ip[i];
    return address;
  }
  static Address v6(std::span<const std::uint8_t, 16> ip, std::uint16_t port);

  /// "192.0.2.1" or "2001:db8::1", without brackets and without a scope.
  static std::optional<Address> parse(std::string_view ip, std::uint16_t port);

  [[nodiscard]] constexpr Family family() const { return family_; }
  [[nodiscard]] constexpr std::uint16_t port() const { return port_; }
  /// 4 or 16 bytes in network order; none if unspecified.
  [[nodiscard]] Bytes ip() const {
    return Bytes(ip_).first(family_ == Family::ipv4 ? 4U : family_ == Family::ipv6 ? 16U : 0U);
  }
  /// "192.0.2.1" or "2001:db8::1".
  [[nodiscard]] std::string ip_text() const;
  /// "192.0.2.1:5000" or "[2001:db8::1]:5000".
  [[nodiscard]] std::string text() const;

  friend constexpr auto operator<=>(const Address&, const Address&) = default;

 private:
  std::array<std::uint8_t, 16> ip_{};
  std::uint16_t port_ = 0;
  Family family_ = Family::unspecified;
};

/// The two ends of the path of a datagram.
struct Path {
  Address local;   ///< one of EndpointConfig::local_addresses
  Address remote;  ///< the peer's
  friend constexpr auto operator<=>(const Path&, const Path&) = default;
};

/// The ECN field of an IP packet (RFC 3168 section 5), with the values on the wire.
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// Nothing to do before `until`, unless there is new input. kNever: no timer is running.
struct Wait {
  TimePoint until;
};

}  // namespace REDAN_PUBLIC
