// The two suites of the sealed channel.
#pragma once

#include "sealed/keys.hpp"

namespace redan::sealed {

inline constexpr std::uint8_t kRecord = 3;  ///< the first byte of a record; 1 and 2 are the handshake's

/// struct {
///   uint8 kind = 3;
///   uint8 dir;                  "c" or "r"
///   uint32 seq;
///   opaque sealed[..];          AES-256-GCM; nonce: seq in 12 bytes; additional data: the six bytes before, and the
///   session
/// } Record;
std::unique_ptr<Wrapping> gcm_wrapping(Provider& provider, std::string session, const Keys& keys);

/// A payload of WAMP's cryptobox (wamp/cryptobox.hpp) for anbox.e2e.<session>.<type>, with the envelope as its only
/// argument. It has no header.
std::unique_ptr<Wrapping> cryptobox_wrapping(Provider& provider, std::string session, const Keys& keys);

}  // namespace redan::sealed
