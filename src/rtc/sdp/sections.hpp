// Determines what the sections of a description are, and which of them share the transport; used for reading and
// writing. One pass over the lines, so the work is linear in the description's size.
#pragma once

#include <redan/media.hpp>

#include "rtc/sdp/session.hpp"

namespace redan::sdp {

/// The codec that we accept in an audio or video section.
struct Codec {
  std::uint8_t payload_type = 0;
  std::string_view format;  ///< the payload type in the spelling of the m= line
  std::string_view name;
  std::string_view rtpmap;  ///< what follows the payload type in a=rtpmap: "VP8/90000"
};

/// The data channels' SCTP port: from a=sctp-port, or from the older form (draft-ietf-mmusic-sctp-sdp-06), in which the
/// m= line ends with the port and a=sctpmap describes it. An answer uses the same form.
struct SctpPort {
  std::string_view value;
  bool is_format = false;
};

/// RTCP feedback that we support or relay (RFC 4585 section 4.2, RFC 5104 section 7.1).
struct Feedback {
  bool nack = false;
  bool nack_pli = false;
  bool ccm_fir = false;
  bool goog_remb = false;  ///< the receiver's estimate, draft-alvestrand-rmcat-remb
};

/// Why a section is declined.
struct Refusal {
  Errc code{};
  std::string_view what;
};

struct Section {
  const MediaSection* lines = nullptr;
  std::string_view mid;
  MediaDirection direction{};       ///< ours, derived from the peer's
  std::optional<Codec> codec;       ///< of audio and video
  std::optional<SctpPort> sctp;     ///< of data
  std::optional<Refusal> declined;  ///< nullopt: it is accepted
};

enum class Kind { offer, answer };

struct Sections {
  std::vector<Section> all;            ///< in the description's order
  std::vector<const Section*> served;  ///< in the order of a=group:BUNDLE; the first is the tagged one
  /// The section that describes the transport. In a bundle only one has to (RFC 8843 section 7.1.3); in an offer it may
  /// be one that we decline. nullptr if no section is accepted.
  const MediaSection* transport = nullptr;
};

/// The accepted sections are those of the first a=group:BUNDLE with a section that we can accept, otherwise the first
/// such section alone, because another group would be another transport. At most one of them is for data channels.
Sections sections_of(const SessionDescription& description, Kind kind, bool accept_media);

Feedback feedback_of(const MediaSection& section, std::string_view format);
/// "sendonly".
std::string_view name_of(MediaDirection direction);

}  // namespace redan::sdp
