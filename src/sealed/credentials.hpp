// What AMS certifies: a runtime's identity key, and a client's right to take part in one session. Each is a short
// binary structure that ends with an Ed25519 signature of AMS's sealing key (docs/protocols/sealed.md).
//
// Clients and runtimes hold AMS's public key itself, or two of them while AMS changes its key. A gateway has neither
// certificate nor grant.
#pragma once

#include <redan/error.hpp>
#include <string>
#include <vector>

#include "wamp/ed25519.hpp"

namespace redan::sealed {

using wamp::Ed25519Key;
using wamp::Ed25519PublicKey;
using wamp::Ed25519Signature;
using wamp::kEd25519KeySize;
using wamp::kEd25519SignatureSize;

inline constexpr std::size_t kMaxName = 64;  ///< of a session or an instance, bytes
inline constexpr std::chrono::hours kMaxCertificateLife{24};
inline constexpr std::chrono::minutes kMaxGrantLife{5};
/// The accepted difference between clocks.
inline constexpr std::chrono::seconds kClockSkew{60};

/// Any of these may have signed.
using Authorities = std::vector<Ed25519PublicKey>;
/// 64 hexadecimal digits.
std::optional<Ed25519PublicKey> parse_authority(std::string_view text);

/// States that this key belongs to the runtime in this instance.
struct RuntimeCertificate {
  std::string instance;
  Ed25519PublicKey key{};
  WallTime not_before{}, not_after{};

  [[nodiscard]] std::vector<std::uint8_t> sign(const Ed25519Key& authority) const;
  /// Errors: sealed_bad_certificate, sealed_expired.
  static Result<RuntimeCertificate> verify(Bytes bytes, const Authorities& authorities, WallTime now);
  friend bool operator==(const RuntimeCertificate&, const RuntimeCertificate&) = default;
};

/// States that the holder of this key may take part in this session, which runs in this instance.
struct SessionGrant {
  enum class Rights : std::uint8_t { view = 1, control = 2 };

  std::string session, instance;
  Ed25519PublicKey client{};
  Rights rights = Rights::control;
  WallTime not_after{};

  [[nodiscard]] std::vector<std::uint8_t> sign(const Ed25519Key& authority) const;
  /// Errors: sealed_bad_grant, sealed_expired.
  static Result<SessionGrant> verify(Bytes bytes, const Authorities& authorities, WallTime now);
  friend bool operator==(const SessionGrant&, const SessionGrant&) = default;
};

}  // namespace redan::sealed
