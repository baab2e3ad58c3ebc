// The flights of a full handshake, RFC 6347 section 4.2.4, as the receiver sees them. ChangeCipherSpec is not a
// handshake message; the epoch says the same.
#pragma once

#include "rtc/dtls/handshake.hpp"

namespace redan::dtls {

/// Flight 1 or 3, at the server.
inline constexpr std::array kClientHelloFlight{ExpectedMessage{HandshakeType::client_hello, 0}};

/// Flight 4, at the client; its first slot may hold flight 2 instead.
inline constexpr std::array kServerFlight{
    ExpectedMessage{HandshakeType::server_hello, 0, HandshakeType::hello_verify_request},
    ExpectedMessage{HandshakeType::certificate, 0},
    ExpectedMessage{HandshakeType::server_key_exchange, 0},
    ExpectedMessage{HandshakeType::certificate_request, 0},
    ExpectedMessage{HandshakeType::server_hello_done, 0},
};

/// Flight 5, at the server.
inline constexpr std::array kClientFlight{
    ExpectedMessage{HandshakeType::certificate, 0},
    ExpectedMessage{HandshakeType::client_key_exchange, 0},
    ExpectedMessage{HandshakeType::certificate_verify, 0},
    ExpectedMessage{HandshakeType::finished, 1},
};

/// Flight 6, at the client.
inline constexpr std::array kServerFinishedFlight{ExpectedMessage{HandshakeType::finished, 1}};

}  // namespace redan::dtls
