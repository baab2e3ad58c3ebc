// The hybrid group X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): secret unless both of its halves are broken. ML-KEM is
// ours, X25519 and random bytes are the provider's.
//
//   initiator's share   encapsulation key (1184 bytes), X25519 key (32)
//   responder's share   ciphertext (1088 bytes), X25519 key (32)
//   secret              ML-KEM's (32 bytes), X25519's (32)
#pragma once

#include <redan/crypto.hpp>

namespace redan {

/// `provider` must outlive the result.
std::unique_ptr<KeyExchange> start_x25519_mlkem768(Provider& provider);
std::optional<KeyExchangeResponse> respond_x25519_mlkem768(Provider& provider, Bytes initiator_share);

}  // namespace redan
