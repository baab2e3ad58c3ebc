// What a handshake agreed on.
#pragma once

#include "rtc/dtls/key_schedule.hpp"

namespace redan::dtls {

struct Session {
  const CipherSuite* suite = nullptr;
  Group group{};
  /// How the peer signed: its ServerKeyExchange or CertificateVerify.
  SignatureScheme peer_signature_scheme{};
  /// RFC 5764 section 4.1.2; nullopt: none agreed.
  std::optional<std::uint16_t> srtp_profile;
  Random client_random{};
  Random server_random{};
  MasterSecret master;
  /// The one of the accepted fingerprints that the peer's certificate has.
  Fingerprint peer_fingerprint;
};

}  // namespace redan::dtls
