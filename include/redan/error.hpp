// Every reason Redan gives for refusing or ending something: a stable name, a one-line text, and what to do about it.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

namespace redan {

// X(name, text, hint). Names are stable: programs may match them. Add at the end of a group.
#define REDAN_ERRORS(X)                                                                                                \
  /* any layer */                                                                                                      \
  X(closed_locally, "closed by the application", "nothing to do")                                                      \
  X(invalid_argument, "the caller passed something impossible", "check the arguments of the call")                     \
  X(not_connected, "the peer is not connected", "wait for Connected before sending")                                   \
  X(unknown_peer, "no such peer", "the peer was closed, or the id belongs to another endpoint")                        \
  X(too_many, "a configured limit was reached", "close something, or raise the limit")                                 \
  X(would_block, "the send buffer is full", "wait for the buffered amount to fall and send again")                     \
  X(io_failed, "the operating system refused an input or output operation", "see the system's message beside this")    \
  /* crypto */                                                                                                         \
  X(crypto_unsupported, "the crypto provider lacks this algorithm", "use another provider or algorithm")               \
  X(crypto_bad_key, "the key does not parse or is of an unsupported kind", "use ECDSA P-256, P-384 or RSA >= 2048")    \
  X(crypto_failed, "the crypto provider failed", "this is a defect of the provider or of its use; please report it")   \
  /* SDP */                                                                                                            \
  X(sdp_syntax, "the session description does not parse", "look at the line named beside this")                        \
  X(sdp_too_large, "the session description is too large", "at most 64 KiB, 64 media sections, 1,024-byte lines")      \
  X(sdp_no_fingerprint, "no usable fingerprint in the description", "offer a=fingerprint with sha-256 or stronger")    \
  X(sdp_no_ice_credentials, "no ICE ufrag and password in the description", "offer a=ice-ufrag and a=ice-pwd")         \
  X(sdp_not_bundled, "the media sections are not bundled", "use bundlePolicy max-bundle or balanced with a=group")     \
  X(sdp_no_rtcp_mux, "a media section lacks rtcp-mux", "offer a=rtcp-mux")                                             \
  X(sdp_bad_setup, "the setup attribute is missing or does not fit", "offer actpass; answer active or passive")        \
  X(sdp_nothing_usable, "no media section that Redan can serve", "offer a data channel, or audio or video over SAVPF") \
  X(sdp_wrong_state, "this description does not fit the state of the peer", "an answer follows exactly one offer")     \
  /* ICE */                                                                                                            \
  X(ice_timeout, "no connectivity check succeeded in time", "check that UDP passes between the two hosts")             \
  X(ice_consent_expired, "the peer stopped answering (consent expired)", "the network or the peer went away")          \
  /* DTLS */                                                                                                           \
  X(dtls_timeout, "the DTLS handshake did not finish in time", "check for packet loss or a small path MTU")            \
  X(dtls_fingerprint_mismatch, "the peer's certificate is not the one its description promised",                       \
    "someone is in the middle, or the description belongs to another connection")                                      \
  X(dtls_bad_certificate, "the peer's certificate is unusable", "use an ECDSA P-256, P-384 or RSA >= 2048 one")        \
  X(dtls_no_certificate, "the peer sent no certificate", "both sides need one in WebRTC")                              \
  X(dtls_bad_signature, "a handshake signature did not verify", "the peer does not own its certificate")               \
  X(dtls_bad_finished, "the Finished message did not verify", "the handshake was tampered with")                       \
  X(dtls_version, "the peer does not speak DTLS 1.2", "update the peer: DTLS 1.0 is not accepted")                     \
  X(dtls_no_common_suite, "no common cipher suite", "the peer needs ECDHE with AES-GCM or ChaCha20-Poly1305")          \
  X(dtls_no_common_group, "no common key exchange group", "the peer needs X25519, P-256 or P-384")                     \
  X(dtls_no_common_signature, "no common signature scheme", "the peer needs ECDSA or RSA with SHA-256 or SHA-384")     \
  X(dtls_no_srtp_profile, "media was agreed but no common SRTP profile",                                               \
    "the peer needs SRTP_AES128_CM_SHA1_80 "                                                                           \
    "or an AEAD profile")                                                                                              \
  X(dtls_no_extended_master_secret, "the peer lacks the extended master secret", "update the peer (RFC 7627)")         \
  X(dtls_illegal_parameter, "the peer broke the protocol in a verified message", "report it to the peer's makers")     \
  X(dtls_reflected, "the peer showed our own certificate", "a reflection attack, or an endpoint talking to itself")    \
  X(dtls_peer_alert, "the peer ended the connection with an alert", "the alert is named beside this")                  \
  X(dtls_peer_closed, "the peer closed the connection", "nothing to do")                                               \
  X(dtls_sequence_exhausted, "the record sequence numbers are used up", "open a new connection")                       \
  /* SRTP */                                                                                                           \
  X(srtp_failed, "SRTP refused a packet", "check that it is a valid RTP or RTCP packet")                               \
  X(srtp_not_negotiated, "no media was agreed with this peer", "offer audio or video")                                 \
  /* SCTP and data channels */                                                                                         \
  X(sctp_timeout, "the SCTP peer stopped answering", "the network or the peer went away")                              \
  X(sctp_aborted, "the SCTP peer aborted the association", "the peer closed, or refused something we sent")            \
  X(sctp_protocol_violation, "the SCTP peer broke the protocol", "report it to the peer's makers")                     \
  X(sctp_shut_down, "the SCTP association was shut down", "nothing to do")                                             \
  X(channel_unknown, "no such data channel", "it was closed, or never opened")                                         \
  X(channel_closing, "the data channel is closing", "open another")                                                    \
  X(channel_message_too_large, "the message is larger than the peer accepts", "see a=max-message-size; split it")      \
  X(channel_no_free_id, "no free stream id for another data channel", "close some channels first")                     \
  X(channel_label_too_long, "label or protocol of a data channel is too long", "at most 65,535 bytes each")

/// Why. One enumerator per row of the table above.
enum class Errc : std::uint16_t {
#define X(id, text, hint) id,
  REDAN_ERRORS(X)
#undef X
};

/// The stable name: "dtls_fingerprint_mismatch".
std::string_view name(Errc code);
/// What happened, one line.
std::string_view text(Errc code);
/// What to do about it, one line.
std::string_view hint(Errc code);

/// For calls of the application that can be refused.
template <class T>
using Result = tl::expected<T, Errc>;

inline tl::unexpected<Errc> refuse(Errc code) { return tl::unexpected<Errc>(code); }

}  // namespace redan
