// Sends a browser its own audio and video back. The echo travels under other SSRCs; what the browser's receiver says
// about them is handed to its sender under the original ones, so that lost packets are sent again and lost key frames
// made anew.
#pragma once

#include <redan/endpoint.hpp>
#include <vector>

namespace redan::cmd {

/// Rewrites one RTP packet (RFC 3550 section 5.1) for the way back, in place. False if it is no RTP packet.
bool echo_rtp(MutableBytes packet);

/// From a compound RTCP packet, the feedback about our echo that the browser's sender must hear: generic NACKs, picture
/// loss indications (RFC 4585) and full intra requests (RFC 5104), rewritten to its SSRCs; each is a whole RTCP packet.
/// Sequence numbers need no rewriting: the echo keeps them. At most kMaxFeedback.
inline constexpr std::size_t kMaxFeedback = 8;
std::vector<std::vector<std::uint8_t>> echo_feedback(Bytes compound);

}  // namespace redan::cmd
