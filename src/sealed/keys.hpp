// The key schedule of the sealed channel: HKDF (RFC 5869) with SHA-256 over the X25519 secret of two ephemeral keys.
//
//   prk     = HKDF-Extract(salt = transcript hash, X25519(client share, runtime share))
//   c2r     = HKDF-Expand(prk, "redan sealed v1 client to runtime", 32)
//   r2c     = HKDF-Expand(prk, "redan sealed v1 runtime to client", 32)
//   confirm = HKDF-Expand(prk, "redan sealed v1 confirm", 32)
#pragma once

#include "sealed/channel.hpp"

namespace redan::sealed {

struct Keys {
  Secret<32> client_to_runtime, runtime_to_client;
  ConfirmKey confirm;
  Secret<32> shared;  ///< the output of X25519; cryptobox derives its own key from it
};

Keys derive_keys(Provider& provider, const SharedSecret& shared, const TranscriptHash& transcript);

/// Binds a DTLS connection to the channel: HMAC-SHA256 over the sender's direction, the exporter's value (RFC 5705) and
/// both certificates' SHA-256 fingerprints. Each end sends its own and compares the other's in constant time.
struct Connection {
  Bytes exported;  ///< kExportSize bytes under kExportLabel, without a context
  Bytes client_fingerprint, runtime_fingerprint;
};
inline constexpr std::string_view kExportLabel = "EXPERIMENTAL-redan-sealed";
inline constexpr std::size_t kExportSize = 32;
Digest confirmation(Provider& provider, const ConfirmKey& key, Side from, const Connection& connection);

}  // namespace redan::sealed
