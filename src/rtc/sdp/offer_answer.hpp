// Offer and answer for one bundled transport (RFC 8829, RFC 8843, RFC 8841, RFC 5763): what browsers send is read, what
// both browsers accept is written. Media is mirrored: we take the codec, direction and header extension we can echo.
#pragma once

#include <redan/media.hpp>

#include "rtc/sdp/session.hpp"

namespace redan::sdp {

enum class Setup { actpass, active, passive };

/// RFC 8841 section 6.1: what a silent peer accepts.
inline constexpr std::size_t kDefaultMaxMessageSize = 65'536;

struct DataSection {
  std::uint16_t sctp_port = 5000;
  /// SIZE_MAX: no limit (a=max-message-size:0).
  std::size_t max_message_size = kDefaultMaxMessageSize;
};

/// The peer's half of the transport, from its offer or answer.
struct Remote {
  std::string ufrag;
  std::string pwd;
  bool ice_lite = false;
  Setup setup = Setup::actpass;
  std::vector<std::string> fingerprints;  ///< values of a=fingerprint, at least one
  std::vector<std::string> candidates;    ///< values of a=candidate; at most kMaxCandidates
  std::optional<DataSection> data;
  std::vector<AgreedMedia> media;  ///< the audio and video sections in use

  static constexpr std::size_t kMaxCandidates = 20;
};

/// Our half.
struct Local {
  std::string ufrag;
  std::string pwd;
  bool ice_lite = true;
  Setup setup = Setup::passive;
  std::string fingerprint;              ///< "sha-256 AB:CD:..."
  std::vector<std::string> candidates;  ///< "candidate:..."
  std::size_t max_message_size = 262'144;
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

/// Errors: sdp_no_fingerprint, sdp_no_ice_credentials, sdp_not_bundled, sdp_no_rtcp_mux, sdp_bad_setup,
/// sdp_nothing_usable, sdp_syntax; `problem` (may be nullptr) names the line.
Result<Remote> read_offer(const SessionDescription& offer, bool accept_media, Problem* problem);
/// The answer must fit our offer: as many sections, the same order and mids; setup active or passive, and not ours.
Result<Remote> read_answer(const SessionDescription& our_offer, const SessionDescription& answer, Problem* problem);

/// For an offer that read_offer accepted.
std::string make_answer(const SessionDescription& offer, const Local& local);
std::string make_offer(const Local& local, const Plan& plan);

}  // namespace redan::sdp
