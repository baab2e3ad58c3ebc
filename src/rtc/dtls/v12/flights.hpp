// The flights of a full handshake, RFC 6347 section 4.2.4, as the receiver sees them. ChangeCipherSpec is not a
// handshake message; the epoch says the same.
#pragma once

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls::v12 {

/// Flight 1 or 3, at the server.
inline constexpr std::array kClientHelloFlight{ExpectedMessage{HandshakeType::client_hello, 0}};

/// Flight 4, at the client. A server that asks for no certificate leaves the request out and ends one message earlier.
inline constexpr std::array kServerFlight{
    ExpectedMessage{HandshakeType::server_hello, 0},
    ExpectedMessage{HandshakeType::certificate, 0},
    ExpectedMessage{HandshakeType::server_key_exchange, 0},
    ExpectedMessage{HandshakeType::certificate_request, 0, HandshakeType::server_hello_done},
    ExpectedMessage{HandshakeType::server_hello_done, 0},
};

/// Flight 5 in the clear, at the server.
inline constexpr std::array kClientFlight{
    ExpectedMessage{HandshakeType::certificate, 0},
    ExpectedMessage{HandshakeType::client_key_exchange, 0},
    ExpectedMessage{HandshakeType::certificate_verify, 0},
};

/// The end of flights 5 and 6.
inline constexpr std::array kFinishedFlight{ExpectedMessage{HandshakeType::finished, 1}};

}  // namespace redan::dtls::v12
