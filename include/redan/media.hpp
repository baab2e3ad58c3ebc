// How an application describes audio and video (RFC 8829).
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
  std::string cname{};           ///< RFC 3550 section 6.5.1; repeated for each SSRC
  std::uint32_t audio_ssrc = 0;  ///< 0: not announced
  std::uint32_t video_ssrc = 0;
  bool receiver_estimates = false;  ///< requests the receiver's bandwidth estimate (goog-remb)
};

/// An audio or video section that both descriptions agree on.
struct AgreedMedia {
  MediaType type{};
  std::string mid;
  std::string codec;              ///< "opus", "VP8": in the spelling of a=rtpmap
  std::uint8_t payload_type = 0;  ///< of packets of this codec, in both directions
  MediaDirection direction{};     ///< ours
  bool nack = false;              ///< the receiver requests lost packets (RFC 4585 section 6.2.1)
  bool nack_pli = false;          ///< ... and for key frames (RFC 4585 section 6.3.1)
  bool ccm_fir = false;           ///< ... also in this form (RFC 5104 section 4.3.1)

  [[nodiscard]] bool sends() const {
    return direction == MediaDirection::sendrecv || direction == MediaDirection::sendonly;
  }
  friend bool operator==(const AgreedMedia&, const AgreedMedia&) = default;
};

}  // namespace REDAN_PUBLIC
