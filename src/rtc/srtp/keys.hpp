// SRTP master keys from a DTLS handshake (RFC 5764 section 4.2).
#pragma once

#include <redan/secret.hpp>
#include <redan/srtp_profile.hpp>

namespace redan::srtp {

/// The label of the exporter (RFC 5764 section 4.2); there is no context value.
inline constexpr std::string_view kExporterLabel = "EXTRACTOR-dtls_srtp";

inline constexpr std::size_t kMaxExporterSize = 88;  // AES-256-GCM: 2 * (32 + 12)

/// Bytes of a master key and of a master salt (RFC 5764 section 4.1.2, RFC 7714 section 12).
constexpr std::size_t master_key_size(SrtpProfile profile) {
  return profile == SrtpProfile::aead_aes_256_gcm ? 32 : 16;
}
constexpr std::size_t master_salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::aes128_cm_hmac_sha1_80 ? 14 : 12;
}
/// Number of bytes to export.
constexpr std::size_t exporter_size(SrtpProfile profile) {
  return 2 * (master_key_size(profile) + master_salt_size(profile));
}

/// A master key followed by its master salt, for one direction.
using MasterKey = Secret<kMaxExporterSize / 2>;

/// The keys with which each DTLS role protects its packets.
struct Keys {
  MasterKey client;
  MasterKey server;
};

/// Splits exported keying material, exporter_size(profile) bytes of it.
Keys split(SrtpProfile profile, Bytes exported);

}  // namespace redan::srtp
