// Offer and answer for one bundled transport (RFC 8829, RFC 8843, RFC 8841, RFC 5763): reads what browsers send, writes
// what both browsers accept. Media is mirrored: the answer uses the codec, direction and header extension that we can
// echo.
#pragma once

#include <redan/media.hpp>

#include "rtc/sdp/session.hpp"

namespace redan::sdp {

enum class Setup { actpass, active, passive };

/// RFC 8841 section 6.1: the limit of a peer that states none.
inline constexpr std::size_t kDefaultMaxMessageSize = 65'536;

struct DataSection {
  std::uint16_t sctp_port = 5000;
  /// SIZE_MAX: no limit (a=max-message-size:0).
  std::size_t max_message_size = kDefaultMaxMessageSize;
};

/// The peer's side of the transport, from its offer or answer.
struct Remote {
  std::string ufrag;
  std::string pwd;
  bool ice_lite = false;
  bool trickle = false;  ///< a=ice-options:trickle (RFC 8840): more candidates may follow
  Setup setup = Setup::actpass;
  /// From a=fingerprint: those that Fingerprint::parse accepts, in the form of Fingerprint::text(), sorted, without
  /// duplicates, at least one. So two descriptions promise the same certificates if these are equal.
  std::vector<std::string> fingerprints;
  /// Values of a=candidate to which a check could be sent: UDP, component 1, with a port and an address or an mDNS
  /// name. At most kMaxCandidates.
  std::vector<std::string> candidates;
  std::optional<DataSection> data;
  std::vector<AgreedMedia> media;  ///< the audio and video sections in use

  static constexpr std::size_t kMaxCandidates = 20;
  static constexpr std::size_t kMaxFingerprints = 16;
};

/// Our side.
struct Local {
  std::string ufrag;
  std::string pwd;
  bool ice_lite = true;
  Setup setup = Setup::passive;
  std::string fingerprint;              ///< "sha-256 AB:CD:..."
  std::vector<std::string> candidates;  ///< "candidate:..."
  bool trickle = false;                 ///< more candidates may follow (RFC 8840)
  std::uint16_t sctp_port = 5000;
  std::size_t max_message_size = 262'144;
  /// False if the application wants no media, and while a DTLS association without use_srtp is in use.
  bool accept_media = true;
  MediaSources sources{};
  std::uint64_t session_id = 0;
  std::uint64_t version = 1;
};

struct Plan {
  bool data = true;
  bool audio = false;
  bool video = false;
  MediaDirection direction = MediaDirection::sendrecv;  ///< of audio and video
};

/// Sections that cannot be accepted are declined individually; `accept_media` is as in Local. Errors:
/// sdp_no_fingerprint, sdp_no_ice_credentials, sdp_no_rtcp_mux, sdp_bad_setup, sdp_nothing_usable, sdp_syntax,
/// sdp_too_large; the detail names the line.
Result<Remote> read_offer(const SessionDescription& offer, bool accept_media);
/// The answer must match our offer: the same number of sections, the same order and mids; setup active or passive, and
/// not ours. It can no longer be declined in part: a section outside the bundle or without rtcp-mux is sdp_not_bundled
/// or sdp_no_rtcp_mux.
Result<Remote> read_answer(const SessionDescription& our_offer, const SessionDescription& answer);

/// For an offer that read_offer accepted, with the same `accept_media`. Keeps the offer's order of sections, mids,
/// profiles and forms.
std::string make_answer(const SessionDescription& offer, const Local& local);
std::string make_offer(const Local& local, const Plan& plan);

}  // namespace redan::sdp
