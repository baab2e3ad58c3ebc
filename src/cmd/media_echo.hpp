// Sends a browser its own audio and video back. The echo travels under other SSRCs; what the browser's receiver says
// about them is handed to its sender under the original ones, so that a lost key frame is made anew.
#pragma once

#include <redan/endpoint.hpp>
#include <vector>

namespace redan::cmd {

/// Rewrites one RTP packet (RFC 3550 section 5.1) for the way back, in place. False if it is no RTP packet.
bool echo_rtp(MutableBytes packet);

/// From a compound RTCP packet, the feedback about our echo that the browser's sender must hear: picture loss
/// indications and full intra requests (RFC 4585, RFC 5104), rewritten to its SSRCs; each is a whole RTCP packet. At
/// most kMaxFeedback.
inline constexpr std::size_t kMaxFeedback = 8;
std::vector<std::vector<std::uint8_t>> echo_feedback(Bytes compound);

}  // namespace redan::cmd
