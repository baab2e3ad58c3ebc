// The protected flights of a DTLS 1.3 handshake, RFC 9147 section 5.7, as the receiver expects them, and the epochs.
#pragma once

#include "rtc/dtls/handshake/message.hpp"

namespace redan::dtls::v13 {

/// RFC 9147 section 6.1. A KeyUpdate moves its sender to the next epoch.
inline constexpr std::uint64_t kHandshakeEpoch = 2;
inline constexpr std::uint64_t kFirstApplicationEpoch = 3;

/// That in which an assembler expects the messages: the record layer has checked the real one.
inline constexpr Epoch kAnyEpoch{0xFFFF};

/// The server's, behind its ServerHello. One that asks for no certificate has its own in the place of the request.
inline constexpr std::array kServerFlight{
    ExpectedMessage{HandshakeType::encrypted_extensions, kAnyEpoch},
    ExpectedMessage{HandshakeType::certificate_request, kAnyEpoch, HandshakeType::certificate},
    ExpectedMessage{HandshakeType::certificate, kAnyEpoch, HandshakeType::certificate_verify},
    ExpectedMessage{HandshakeType::certificate_verify, kAnyEpoch, HandshakeType::finished},
    ExpectedMessage{HandshakeType::finished, kAnyEpoch},
};

/// The client's last. A client without a certificate sends no CertificateVerify.
inline constexpr std::array kClientFlight{
    ExpectedMessage{HandshakeType::certificate, kAnyEpoch},
    ExpectedMessage{HandshakeType::certificate_verify, kAnyEpoch, HandshakeType::finished},
    ExpectedMessage{HandshakeType::finished, kAnyEpoch},
};

/// After the handshake, one message at a time.
inline constexpr std::array kLaterMessage{
    ExpectedMessage{HandshakeType::key_update, kAnyEpoch, HandshakeType::new_session_ticket}};

}  // namespace redan::dtls::v13
