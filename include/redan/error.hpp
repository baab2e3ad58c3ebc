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
  X(sdp_too_large, "the session description is too large", "at most 256 KiB and 256 media sections")                   \
  X(sdp_no_fingerprint, "no usable fingerprint in the description", "offer a=fingerprint with sha-256 or stronger")    \
  X(sdp_no_ice_credentials, "no ICE ufrag and password in the description", "offer a=ice-ufrag and a=ice-pwd")         \
  X(sdp_not_bundled, "the media sections are not bundled", "use bundlePolicy max-bundle or balanced with a=group")     \
  X(sdp_no_rtcp_mux, "a media section lacks rtcp-mux", "offer a=rtcp-mux")                                             \
  X(sdp_bad_setup, "the setup attribute is missing or does not fit", "offer actpass; answer active or passive")        \
  X(sdp_nothing_usable, "no media section that Redan can serve", "offer a data channel, or audio or video over SAVPF") \
  X(sdp_wrong_state, "this description does not fit the state of the peer", "an answer follows exactly one offer")     \
  X(sdp_association_changed, "the description changes the identity or the SCTP port of a running connection",          \
    "keep the certificate and a=sctp-port, or start a new connection")                                                 \
  /* ICE */                                                                                                            \
  X(ice_timeout, "no connectivity check succeeded in time", "check that UDP passes between the two hosts")             \
  X(ice_consent_expired, "the peer stopped answering (consent expired)", "the network or the peer went away")          \
  X(ice_both_lite, "both sides are ICE lite, so neither checks connectivity",                                          \
    "set announce_lite to false on one side (RFC 8445 section 6.1.1)")                                                 \
  X(ice_path_in_use, "another peer of this endpoint uses the only address pair that works",                            \
    "between two addresses there is room for one peer: use another port")                                              \
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
  X(dtls_no_certificate_request, "the DTLS server does not ask for a client certificate",                              \
    "both sides need one in WebRTC: make the server request it")                                                       \
  X(dtls_too_many_forgeries, "too many records failed authentication (the AEAD limit)",                                \
    "someone forges packets on this path; open a new connection")                                                      \
  /* SRTP */                                                                                                           \
  X(srtp_failed, "SRTP refused a packet", "check that it is a valid RTP or RTCP packet")                               \
  X(srtp_not_negotiated, "no media was agreed with this peer", "offer audio or video")                                 \
  X(srtp_packet_too_large, "the media packet is larger than a datagram may be",                                        \
    "see EndpointConfig::max_media_packet; send smaller packets")                                                      \
  X(srtp_index_reused, "another media packet with this SSRC and sequence number was sent before",                      \
    "count sequence numbers up; a retransmission repeats the packet byte by byte")                                     \
  /* SCTP and data channels */                                                                                         \
  X(sctp_timeout, "the SCTP peer stopped answering", "the network or the peer went away")                              \
  X(sctp_aborted, "the SCTP peer aborted the association", "the peer closed, or refused something we sent")            \
  X(sctp_protocol_violation, "the SCTP peer broke the protocol", "report it to the peer's makers")                     \
  X(sctp_shut_down, "the SCTP association was shut down", "nothing to do")                                             \
  X(sctp_restarted, "the SCTP peer restarted the association", "open the data channels again")                         \
  X(channel_unknown, "no such data channel", "it was closed, or never opened")                                         \
  X(channel_closing, "the data channel is closing", "open another")                                                    \
  X(channel_message_too_large, "the message is larger than the peer accepts", "see a=max-message-size; split it")      \
  X(channel_no_free_id, "no free stream id for another data channel", "close some channels first")                     \
  X(channel_label_too_long, "label or protocol of a data channel is too long", "at most 65,535 bytes each")            \
  X(channel_closed_by_peer, "the peer closed the data channel", "nothing to do")                                       \
  /* TLS, HTTP */                                                                                                      \
  X(connect_failed, "no connection to the server", "check the address, and that the server is running")                \
  X(tls_failed, "the TLS handshake failed", "both sides need TLS 1.3")                                                 \
  X(tls_pin_mismatch, "the server's certificate is not the pinned one",                                                \
    "someone is in the middle, or the server got a new certificate: compare fingerprints")                             \
  X(tls_untrusted, "no trusted authority vouches for the server",                                                      \
    "pin its fingerprint, or give the CA that signed its certificate")                                                 \
  X(tls_client_refused, "the server refused our client certificate",                                                   \
    "add this client's certificate to the server's trust store")                                                       \
  X(http_timeout, "the server did not answer in time", "try again; look at the server's log if it goes on")            \
  X(http_protocol, "the server broke HTTP", "check that the address belongs to the right service")                     \
  X(http_too_large, "the answer is larger than the limit", "ask for fewer elements at once")                           \
  /* tokens */                                                                                                         \
  X(token_syntax, "the token does not parse", "check that it was copied whole")                                        \
  X(token_too_large, "the token is larger than the limit", "use fewer caveats or claims")                              \
  X(token_algorithm, "the token names another algorithm", "only HS256 is accepted")                                    \
  X(token_bad_signature, "the token's signature does not verify", "it was altered, or made with another key")          \
  X(token_expired, "the token has expired", "get a new one")                                                           \
  X(token_not_yet_valid, "the token is not valid yet", "compare the clocks of the two machines")                       \
  X(token_claims, "a claim is missing or not what this service asks for", "get a token for this service")              \
  X(token_scope, "the token does not allow this", "get a token with that scope")                                       \
  X(token_caveat, "a caveat of the token is unknown or not met", "use the token only for what its caveats say")        \
  X(token_third_party, "the token asks for a third party's discharge", "third-party caveats are not accepted here")    \
  X(token_revoked, "the token was revoked", "get a new one")                                                           \
  X(token_header, "the token's header names a key or an extension", "only alg and typ are used here")                  \
  /* store */                                                                                                          \
  X(store_conflict, "someone else changed it first", "read it again and repeat the change")                            \
  X(store_no_majority, "the store has no majority", "bring the missing store nodes back; nothing was changed")         \
  X(store_unknown_outcome, "the store did not say whether the change was made",                                        \
    "read it again before repeating the change")                                                                       \
  X(store_failed, "the store refused the operation", "see the message beside this")                                    \
  X(store_too_large, "the key or value is larger than the limit", "keys at most 1 KiB, values at most 1 MiB")          \
  /* trust */                                                                                                          \
  X(trust_unknown, "this certificate is not trusted", "add it to the trust store")                                     \
  X(trust_stale, "the trust store could not be read for too long",                                                     \
    "bring the store back; until then nobody is let in")                                                               \
  X(trust_role, "this identity may not do that", "ask for a role that may")                                            \
  X(trust_join_token, "the join token is wrong, used or expired", "make a new one")                                    \
  /* bus */                                                                                                            \
  X(bus_disconnected, "no connection to the bus", "check that the NATS servers run and can be reached")                \
  X(bus_refused, "the bus does not let us in", "check token, client certificate and permissions at the NATS server")   \
  X(bus_no_responders, "nobody on the bus answers to this", "check that the unit meant runs and uses the same bus")    \
  X(bus_timeout, "no answer over the bus in time", "look at the log of the unit that should have answered")            \
  X(bus_full, "the bus does not take messages fast enough", "check the network to the NATS servers")                   \
  X(bus_too_large, "the message is larger than the bus carries", "at most 512 KiB, and max_payload of the server")     \
  X(bus_protocol, "the bus broke its protocol", "check that the address belongs to a NATS server")                     \
  /* streaming */                                                                                                      \
  X(link_timeout, "the other end of the signalling does not answer", "check that agent and instance run, try again")   \
  X(link_lost, "the other end of the signalling has forgotten this client", "connect again")                           \
  X(link_displaced, "another client has joined", "only one client controls a session at a time")                       \
  X(signalling_syntax, "a signalling message is not understood", "see docs/protocols/streaming.md")                    \
  X(session_unknown, "no such session", "it has ended, or never existed")                                              \
  X(session_wrong_state, "the session's state does not allow this", "look at its status")                              \
  X(session_no_agent, "no agent can host this session", "check region, application and the agents' capacity")          \
  X(session_fenced, "another agent serves this session by now", "nothing to do")                                       \
  X(media_unsupported, "this build has no encoder for it", "install libvpx and libopus, and build again")              \
  /* sealed signalling */                                                                                              \
  X(sealed_required, "this session takes sealed signalling only",                                                      \
    "use a client that seals, and get it a session grant")                                                             \
  X(sealed_clear, "clear signalling came where it has to be sealed",                                                   \
    "someone between client and runtime removes or adds messages")                                                     \
  X(sealed_bad_certificate, "no trusted AMS vouches for this runtime",                                                 \
    "compare the client's sealing key with the one that AMS shows; or someone answers for the runtime")                \
  X(sealed_bad_grant, "no trusted AMS has granted this session to this client",                                        \
    "ask AMS for a grant of this session and instance")                                                                \
  X(sealed_expired, "a certificate or grant of the sealed channel has expired", "get a new grant; compare the clocks") \
  X(sealed_grant_used, "this session grant was used before", "get a new grant: each is good for one channel")          \
  X(sealed_bad_signature, "the other end does not own the key that AMS vouches for", "someone answers in its place")   \
  X(sealed_wrong_session, "the sealed channel belongs to another session",                                             \
    "someone between client and runtime mixes sessions")                                                               \
  X(sealed_syntax, "a message of the sealed channel is malformed",                                                     \
    "both ends need the same version; see docs/protocols/sealed.md")                                                   \
  X(sealed_bad_record, "a sealed message does not open", "someone between client and runtime has altered it")          \
  X(sealed_replayed, "a sealed message came twice", "someone between client and runtime repeats messages")             \
  X(sealed_missing, "a sealed message is missing", "someone between client and runtime drops messages")                \
  X(sealed_reflected, "our own sealed message came back", "someone between client and runtime mirrors messages")       \
  X(sealed_stale_answer, "a sealed answer belongs to no question of ours",                                             \
    "someone between client and runtime answers with an old message")                                                  \
  X(sealed_exhausted, "the sealed channel has carried as many messages as it may", "join the session again")           \
  X(sealed_unconfirmed, "the DTLS connection is not the one that was sealed",                                          \
    "someone is in the middle of the connection")                                                                      \
  /* LXD */                                                                                                            \
  X(lxd_untrusted, "LXD does not let us in", "add our certificate there: lxc config trust add")                        \
  X(lxd_not_found, "LXD has no such thing", "check the names of image, profile and project")                           \
  X(lxd_not_ours, "an instance in LXD has this name and is not ours", "delete it, or use an LXD project of your own")  \
  X(lxd_failed, "LXD could not do it", "see its message beside this")                                                  \
  X(lxd_timeout, "LXD did not finish in time", "look at lxc operation list, and try again")                            \
  X(lxd_protocol, "LXD's answer is not understood", "check that the URL is that of LXD 4.0 or newer")                  \
  /* WAMP */                                                                                                           \
  X(wamp_aborted, "the WAMP router refused or ended the session", "the router's reason and message stand beside this") \
  X(wamp_protocol, "the WAMP router broke the protocol", "check that the address belongs to a WAMP router")            \
  X(wamp_authentication, "authentication with the WAMP router is not possible",                                        \
    "compare authmethods and secrets with the router's configuration")                                                 \
  X(wamp_error, "the WAMP router or peer answered with an ERROR", "see its URI and arguments")                         \
  X(wamp_timeout, "no answer over WAMP in time", "look at the callee's log")                                           \
  X(wamp_canceled, "the WAMP call was canceled", "nothing to do")                                                      \
  X(wamp_no_key, "no key for a WAMP URI that has to be encrypted", "add a key for it to the key ring")                 \
  X(wamp_clear_payload, "a WAMP payload came in clear where encryption is required",                                   \
    "the peer lacks the key, or the router cheats")                                                                    \
  X(wamp_decrypt_error, "an encrypted WAMP payload cannot be opened",                                                  \
    "compare the keys of both ends; or it was tampered with")                                                          \
  X(wamp_uri_mismatch, "a WAMP payload is about another URI than asked for",                                           \
    "the router delivers it in the wrong place")                                                                       \
  X(wamp_replayed, "an encrypted WAMP payload came twice", "the router repeats or reflects what it cannot read")

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
