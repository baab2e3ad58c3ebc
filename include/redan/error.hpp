// Errors: an error code is a row in the table of one library. It has a number and a name that never change, a one-line
// text, and advice. This is the table of libredan; the other libraries have their own: see net/errors.hpp,
// cloud/errors.hpp, wamp/errors.hpp, sealed/errors.hpp and media/errors.hpp.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <redan/export.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace redan REDAN_PUBLIC {

/// One row of a table of errors.
struct ErrorRow {
  std::uint16_t number = 0;
  std::string_view name, text, hint;
};

// X(number, name, text, hint). Programs may match numbers and names: append rows, and never reuse a number.
#define REDAN_ERRORS(X)                                                                                                \
  /* any layer */                                                                                                      \
  X(1, closed_locally, "closed by the application", "nothing to do")                                                   \
  X(2, invalid_argument, "an argument of the call is not valid", "check the arguments of the call")                    \
  X(3, not_connected, "the peer is not connected", "wait for Connected before sending")                                \
  X(4, unknown_peer, "no such peer", "the peer was closed, or the id belongs to another endpoint")                     \
  X(5, too_many, "a configured limit was reached", "close something, or raise the limit")                              \
  X(6, would_block, "the send buffer is full", "wait for the buffered amount to fall and send again")                  \
  X(7, io_failed, "the operating system refused an input or output operation", "see the system's message")             \
  /* crypto */                                                                                                         \
  X(8, crypto_unsupported, "the crypto provider lacks this algorithm", "use another provider or algorithm")            \
  X(9, crypto_bad_key, "the key does not parse, is too small or is of an unsupported kind",                            \
    "services and their authorities need RSA-4096; peers ECDSA P-256, P-384 or RSA >= 2048")                           \
  X(10, crypto_failed, "the crypto provider failed",                                                                   \
    "this is a defect of the provider or of its use; please report it")                                                \
  /* SDP */                                                                                                            \
  X(11, sdp_syntax, "the session description does not parse", "look at the line that is named")                        \
  X(12, sdp_too_large, "the session description is too large", "at most 256 KiB and 256 media sections")               \
  X(13, sdp_no_fingerprint, "no usable fingerprint in the description",                                                \
    "offer a=fingerprint with sha-256 or stronger")                                                                    \
  X(14, sdp_no_ice_credentials, "no ICE ufrag and password in the description", "offer a=ice-ufrag and a=ice-pwd")     \
  X(15, sdp_not_bundled, "the media sections are not bundled", "use bundlePolicy max-bundle or balanced with a=group") \
  X(16, sdp_no_rtcp_mux, "a media section lacks rtcp-mux", "offer a=rtcp-mux")                                         \
  X(17, sdp_bad_setup, "the setup attribute is missing or does not fit", "offer actpass; answer active or passive")    \
  X(18, sdp_nothing_usable, "no media section that Redan can serve",                                                   \
    "offer a data channel, or audio or video over SAVPF")                                                              \
  X(19, sdp_wrong_state, "this description does not fit the state of the peer", "an answer follows exactly one offer") \
  X(20, sdp_association_changed, "the description changes the identity or the SCTP port of a running connection",      \
    "keep the certificate and a=sctp-port, or start a new connection")                                                 \
  /* ICE */                                                                                                            \
  X(21, ice_timeout, "no connectivity check succeeded in time", "check that UDP passes between the two hosts")         \
  X(22, ice_consent_expired, "the peer stopped answering (consent expired)", "the network or the peer went away")      \
  X(23, ice_both_lite, "both sides are ICE lite, so neither checks connectivity",                                      \
    "set announce_lite to false on one side (RFC 8445 section 6.1.1)")                                                 \
  X(24, ice_path_in_use, "another peer of this endpoint uses the only address pair that works",                        \
    "between two addresses there is room for one peer: use another port")                                              \
  /* DTLS */                                                                                                           \
  X(25, dtls_timeout, "the DTLS handshake did not finish in time", "check for packet loss or a small path MTU")        \
  X(26, dtls_fingerprint_mismatch, "the peer's certificate is not the one its description promised",                   \
    "a man in the middle, or the description belongs to another connection")                                           \
  X(27, dtls_bad_certificate, "the peer's certificate is unusable", "use an ECDSA P-256, P-384 or RSA >= 2048 one")    \
  X(28, dtls_no_certificate, "the peer sent no certificate", "both sides need one in WebRTC")                          \
  X(29, dtls_bad_signature, "a handshake signature did not verify", "the peer does not own its certificate")           \
  X(30, dtls_bad_finished, "the Finished message did not verify", "the handshake was tampered with")                   \
  X(31, dtls_version, "the peer does not speak DTLS 1.2", "update the peer: DTLS 1.0 is not accepted")                 \
  X(32, dtls_no_common_suite, "no common cipher suite", "the peer needs ECDHE with AES-GCM or ChaCha20-Poly1305")      \
  X(33, dtls_no_common_group, "no common key exchange group", "the peer needs X25519, P-256 or P-384")                 \
  X(34, dtls_no_common_signature, "no common signature scheme", "the peer needs ECDSA or RSA with SHA-256 or SHA-384") \
  X(35, dtls_no_srtp_profile, "media was agreed but no common SRTP profile",                                           \
    "the peer needs SRTP_AES128_CM_SHA1_80 or an AEAD profile")                                                        \
  X(36, dtls_no_extended_master_secret, "the peer lacks the extended master secret", "update the peer (RFC 7627)")     \
  X(37, dtls_illegal_parameter, "the peer broke the protocol in a verified message", "report it to the peer's makers") \
  X(38, dtls_reflected, "the peer showed our own certificate",                                                         \
    "a reflection attack, or an endpoint talking to itself")                                                           \
  X(39, dtls_peer_alert, "the peer ended the connection with an alert", "see the alert that is named")                 \
  X(40, dtls_peer_closed, "the peer closed the connection", "nothing to do")                                           \
  X(41, dtls_sequence_exhausted, "the record sequence numbers are used up", "open a new connection")                   \
  X(42, dtls_no_certificate_request, "the DTLS server does not ask for a client certificate",                          \
    "both sides need one in WebRTC: make the server request it")                                                       \
  X(43, dtls_too_many_forgeries, "too many records failed authentication (the AEAD limit)",                            \
    "packets are forged on this path; open a new connection")                                                          \
  /* SRTP */                                                                                                           \
  X(44, srtp_failed, "SRTP refused a packet", "check that it is a valid RTP or RTCP packet")                           \
  X(45, srtp_not_negotiated, "no media was agreed with this peer", "offer audio or video")                             \
  X(46, srtp_packet_too_large, "the media packet is larger than a datagram may be",                                    \
    "see EndpointConfig::max_media_packet; send smaller packets")                                                      \
  X(47, srtp_index_reused, "another media packet with this SSRC and sequence number was sent before",                  \
    "count sequence numbers up; a retransmission repeats the packet byte by byte")                                     \
  /* SCTP and data channels */                                                                                         \
  X(48, sctp_timeout, "the SCTP peer stopped answering", "the network or the peer went away")                          \
  X(49, sctp_aborted, "the SCTP peer aborted the association", "the peer closed, or refused something we sent")        \
  X(50, sctp_protocol_violation, "the SCTP peer broke the protocol", "report it to the peer's makers")                 \
  X(51, sctp_shut_down, "the SCTP association was shut down", "nothing to do")                                         \
  X(52, sctp_restarted, "the SCTP peer restarted the association", "open the data channels again")                     \
  X(53, channel_unknown, "no such data channel", "it was closed, or never opened")                                     \
  X(54, channel_closing, "the data channel is closing", "open another")                                                \
  X(55, channel_message_too_large, "the message is larger than the peer accepts", "see a=max-message-size; split it")  \
  X(56, channel_no_free_id, "no free stream id for another data channel", "close some channels first")                 \
  X(57, channel_label_too_long, "label or protocol of a data channel is too long", "at most 65,535 bytes each")        \
  X(58, channel_closed_by_peer, "the peer closed the data channel", "nothing to do")

namespace error_rows {
inline constexpr ErrorRow none{0, "none", "no error", "nothing to do"};
#define X(number, id, text, hint) inline constexpr ErrorRow id{number, #id, text, hint};
REDAN_ERRORS(X)
#undef X
}  // namespace error_rows

/// An error code: a pointer to its row. Cheap to copy and compare.
class Errc {
 public:
  /// No error.
  constexpr Errc() = default;
  /// `row` must outlive every copy.
  constexpr explicit Errc(const ErrorRow& row) : row_(&row) {}

  /// Unique across all libraries, and fixed.
  [[nodiscard]] constexpr std::uint16_t number() const { return row_->number; }
  [[nodiscard]] constexpr const ErrorRow& row() const { return *row_; }
  friend constexpr bool operator==(Errc a, Errc b) { return a.number() == b.number(); }
  friend constexpr auto operator<=>(Errc a, Errc b) { return a.number() <=> b.number(); }
  /// Writes the name, for logs and tests.
  template <class Stream>
  friend Stream& operator<<(Stream& out, Errc code) {
    out << code.row_->name;
    return out;
  }

#define X(number, id, text, hint) static const Errc id;
  REDAN_ERRORS(X)
#undef X

 private:
  const ErrorRow* row_ = &error_rows::none;
};

#define X(number, id, text, hint) inline constexpr Errc Errc::id{error_rows::id};
REDAN_ERRORS(X)
#undef X

/// The stable name: "dtls_fingerprint_mismatch".
constexpr std::string_view name(Errc code) { return code.row().name; }
/// What happened, one line.
constexpr std::string_view text(Errc code) { return code.row().text; }
/// What to do about it, one line.
constexpr std::string_view hint(Errc code) { return code.row().hint; }

/// Why a call was refused: the code, and details of this case ("line 7: ..."), often empty.
struct Error {
  Errc code;
  std::string detail{};

  operator Errc() const { return code; }  // NOLINT: an error is its code wherever the detail does not matter
  friend bool operator==(const Error& a, Errc b) { return a.code == b; }
  friend bool operator==(const Error&, const Error&) = default;
};

/// The result of a call that can be refused: a value or an Error.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> result) : tl::expected<T, Error>(std::move(result)) {}  // NOLINT: the same thing
  /// With another result, with refuse(...), or with a value.
  template <class Other>
  friend bool operator==(const Result& a, const Other& b) {
    const tl::expected<T, Error>& result = a;
    if constexpr (std::derived_from<Other, tl::expected<T, Error>>) {
      return result == static_cast<const tl::expected<T, Error>&>(b);
    } else {
      return result == b;
    }
  }
};

inline tl::unexpected<Error> refuse(Errc code, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}
inline tl::unexpected<Error> refuse(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace REDAN_PUBLIC

/// For a table of errors of another library, inside a namespace `errc` of its own.
#define REDAN_ERROR_ROW(number, id, text, hint)                   \
  namespace rows {                                                \
  inline constexpr ::redan::ErrorRow id{number, #id, text, hint}; \
  }                                                               \
  inline constexpr ::redan::Errc id{rows::id};

/// Propagates an error. REDAN_TRY declares a variable with the value of an expression; REDAN_CHECK discards the value.
/// If the expression has an error, the calling function returns it. The forms with CO are for coroutines.
///   REDAN_TRY(const auto key, parse_key(text));
///   REDAN_CO_CHECK(co_await store.erase(key));
#define REDAN_TRY(declaration, ...) REDAN_TRY_AS(return, REDAN_TRY_NAME(__LINE__), declaration, __VA_ARGS__)
#define REDAN_CO_TRY(declaration, ...) REDAN_TRY_AS(co_return, REDAN_TRY_NAME(__LINE__), declaration, __VA_ARGS__)
#define REDAN_CHECK(...) REDAN_CHECK_AS(return, REDAN_TRY_NAME(__LINE__), __VA_ARGS__)
#define REDAN_CO_CHECK(...) REDAN_CHECK_AS(co_return, REDAN_TRY_NAME(__LINE__), __VA_ARGS__)

#define REDAN_TRY_AS(leave, name, declaration, ...) REDAN_TRY_IN(leave, name, declaration, __VA_ARGS__)
#define REDAN_TRY_IN(leave, name, declaration, ...)           \
  auto name = (__VA_ARGS__);                                  \
  if (!name) leave ::tl::unexpected(std::move(name).error()); \
  declaration = *std::move(name)
#define REDAN_CHECK_AS(leave, name, ...) REDAN_CHECK_IN(leave, name, __VA_ARGS__)
#define REDAN_CHECK_IN(leave, name, ...) \
  if (auto name = (__VA_ARGS__); !name) leave ::tl::unexpected(std::move(name).error())
#define REDAN_TRY_NAME(line) REDAN_TRY_JOIN(line)
#define REDAN_TRY_JOIN(line) redan_try_##line
