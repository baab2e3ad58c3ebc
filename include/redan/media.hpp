// What an application says and learns about audio and video (RFC 8829).
#pragma once

#include <redan/export.hpp>
#include <redan/types.hpp>
#include <string>

namespace redan REDAN_PUBLIC {

enum class MediaType : std::uint8_t { audio, video };
/// What a media packet is (RFC 5761).
enum class MediaKind : std::uint8_t { rtp, rtcp };
enum class MediaDirection : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

/// What we send, as our description announces it.
struct MediaSources {
  std::string stream = "redan";  ///< a=msid: the stream that audio and video belong to; a token of at most 64 bytes
  std::string cname{};           ///< RFC 3550 section 6.5.1; said beside each SSRC
  std::uint32_t audio_ssrc = 0;  ///< 0: not announced
  std::uint32_t video_ssrc = 0;
  bool receiver_estimates = false;  ///< asks the receiver for its estimate of the bandwidth (goog-remb)
};

/// An audio or video section that both descriptions agree on.
struct AgreedMedia {
  MediaType type{};
  std::string mid;
  std::string codec;              ///< "opus", "VP8": as a=rtpmap spells it
  std::uint8_t payload_type = 0;  ///< what packets of this codec carry, both ways
  MediaDirection direction{};     ///< ours
  bool nack = false;              ///< the receiver asks for lost packets (RFC 4585 section 6.2.1)
  bool nack_pli = false;          ///< ... and for key frames (RFC 4585 section 6.3.1)
  bool ccm_fir = false;           ///< ... so, too (RFC 5104 section 4.3.1)

  [[nodiscard]] bool sends() const {
    return direction == MediaDirection::sendrecv || direction == MediaDirection::sendonly;
  }
  friend bool operator==(const AgreedMedia&, const AgreedMedia&) = default;
};

}  // namespace REDAN_PUBLIC
