// What a handshake agreed on.
#pragma once

#include <optional>

#include "rtc/dtls/hello/cipher_suite.hpp"
#include "rtc/dtls/hello/random.hpp"
#include "rtc/dtls/record/record_header.hpp"

namespace redan::dtls {

struct Session {
  std::uint16_t version = kDtls12;
  const CipherSuite* suite = nullptr;
  Group group{};
  /// The scheme of the peer's signature, in its ServerKeyExchange or CertificateVerify.
  SignatureScheme peer_signature_scheme{};
  /// RFC 5764 section 4.1.2; nullopt if use_srtp was not negotiated.
  std::optional<std::uint16_t> srtp_profile;
  Random client_random{};
  Random server_random{};
  /// The accepted fingerprint that matches the peer's certificate.
  Fingerprint peer_fingerprint;
};

}  // namespace redan::dtls
