// Sends a browser's own audio and video back to it, under other SSRCs. Feedback of the browser's receiver is passed to
// its sender under the original SSRCs, so that lost packets and key frames are sent again.
#pragma once

#include <redan/endpoint.hpp>
#include <vector>

namespace redan::cmd {

/// Rewrites one RTP packet (RFC 3550 section 5.1) for the way back, in place. False if it is not an RTP packet.
bool echo_rtp(MutableBytes packet);

/// From a compound RTCP packet, the feedback about our echo that the browser's sender needs: generic NACKs, picture
/// loss indications (RFC 4585) and full intra requests (RFC 5104), rewritten to its SSRCs; each is a whole RTCP packet.
/// Sequence numbers are unchanged, because the echo keeps them. At most kMaxFeedback.
inline constexpr std::size_t kMaxFeedback = 8;
std::vector<std::vector<std::uint8_t>> echo_feedback(Bytes compound);

}  // namespace redan::cmd
