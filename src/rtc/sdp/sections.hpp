// Which media sections are served, and how: shared by reading and writing.
#pragma once

#include <redan/media.hpp>

#include "rtc/sdp/session.hpp"

namespace redan::sdp {

/// The section is in the first a=group:BUNDLE; another group would be another transport.
bool in_bundle(const SessionDescription& description, const MediaSection& section);
/// A data channel over DTLS/SCTP, or audio or video over SAVPF with a codec; not rejected.
bool is_served(const MediaSection& section, bool accept_media);
/// All served sections, at most one of them for data channels.
std::vector<const MediaSection*> served(const SessionDescription& description, bool accept_media);

/// The payload type we take: Opus or VP8 if offered, else the first that is media and no repair or comfort format.
std::optional<std::string_view> choose_format(const MediaSection& section);
/// The encoding name that a=rtpmap gives the payload type; "" if none does.
std::string_view codec_of(const std::vector<std::string_view>& rtpmaps, std::string_view format);
/// Our direction where the peer says its own.
MediaDirection mirrored(const MediaSection& section);
/// "sendonly".
std::string_view name_of(MediaDirection direction);

}  // namespace redan::sdp
