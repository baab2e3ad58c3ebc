// What the application decides about a connection.
#pragma once

#include <optional>
#include <vector>

#include "rtc/dtls/handshake/role.hpp"
#include "rtc/dtls/hello/cipher_suite.hpp"
#include "rtc/dtls/record/protection.hpp"

namespace redan::dtls {

struct ConnectionConfig {
  Role role = Role::server;
  /// The versions to offer or accept: kDtls12 and kDtls13.
  std::uint16_t min_version = kDtls12;
  std::uint16_t max_version = kDtls13;
  /// The peer's fingerprints from its session description; at least one. Of several hash algorithms only the strongest
  /// counts (RFC 8122 section 5), and of that one the first 16.
  std::vector<Fingerprint> peer_fingerprints{};
  /// SRTP protection profiles (RFC 5764 section 4.1.2) to offer or accept, best first; if empty, use_srtp is left out.
  std::vector<std::uint16_t> srtp_profiles{};
  /// Key exchange groups to offer or accept, best first. The list must outlive the connection.
  std::span<const Group> groups = kGroups;
  /// A server of DTLS 1.3 asks each client to prove that it receives at its address, with a cookie, before it keeps
  /// anything about it or signs. ICE has shown that already.
  bool require_cookie = false;
  /// Without a common profile the handshake fails.
  bool require_srtp = false;
  /// Largest datagram sent, bytes; at least kMinMtu.
  std::size_t mtu = 1200;
  /// From start() to Connected.
  Duration timeout = std::chrono::seconds(30);
  /// How long the keys may be used; nullopt: as long as RFC 9147 section 4.5.3 allows. Tests cannot wait that long.
  std::optional<AeadLimits> limits{};

  static constexpr std::size_t kMinMtu = 228;

  // Version numbers count down.
  [[nodiscard]] bool allows_dtls12() const { return min_version >= kDtls12; }
  [[nodiscard]] bool allows_dtls13() const { return max_version <= kDtls13; }

  /// `groups`, and behind them the curves of certificates, P-256 and P-384: the list that a hello carries limits a
  /// peer's choice of certificate, too (RFC 8422 section 5.1).
  [[nodiscard]] std::vector<Group> groups_with_certificate_curves() const;
};

}  // namespace redan::dtls
