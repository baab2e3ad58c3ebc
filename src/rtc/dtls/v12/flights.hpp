// The flights of a full handshake, RFC 6347 section 4.2.4, as the receiver expects them. ChangeCipherSpec is not among
// them, because it is no handshake message: the epoch of a record shows the same.
#pragma once

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls::v12 {

/// The epoch after ChangeCipherSpec. DTLS 1.2 without renegotiation has no other with keys.
inline constexpr Epoch kProtectedEpoch{1};

/// Flight 1 or 3, at the server.
inline constexpr std::array kClientHelloFlight{ExpectedMessage{HandshakeType::client_hello, Epoch::plaintext}};

/// Flight 4, at the client. A server that asks for no certificate omits the request and ends one message earlier.
inline constexpr std::array kServerFlight{
    ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext},
    ExpectedMessage{HandshakeType::certificate, Epoch::plaintext},
    ExpectedMessage{HandshakeType::server_key_exchange, Epoch::plaintext},
    ExpectedMessage{HandshakeType::certificate_request, Epoch::plaintext, HandshakeType::server_hello_done},
    ExpectedMessage{HandshakeType::server_hello_done, Epoch::plaintext},
};

/// The plaintext part of flight 5, at the server.
inline constexpr std::array kClientFlight{
    ExpectedMessage{HandshakeType::certificate, Epoch::plaintext},
    ExpectedMessage{HandshakeType::client_key_exchange, Epoch::plaintext},
    ExpectedMessage{HandshakeType::certificate_verify, Epoch::plaintext},
};

/// The protected part of flights 5 and 6.
inline constexpr std::array kFinishedFlight{ExpectedMessage{HandshakeType::finished, kProtectedEpoch}};

}  // namespace redan::dtls::v12
