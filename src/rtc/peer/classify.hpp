// Classifies a datagram by its first byte: RFC 7983 section 7 with RFC 9443 section 3.
#pragma once

#include <redan/types.hpp>

namespace redan::peer {

enum class DatagramKind : std::uint8_t { stun, dtls, rtp, rtcp, other };

//            +----------------+
//            |        [0..3] -+--> STUN
//            |      [20..63] -+--> DTLS
//            |    [128..191] -+--> RTP/RTCP
//            +----------------+   the rest: ZRTP, TURN channels, QUIC: not ours
constexpr DatagramKind classify(Bytes datagram) {
  if (datagram.size() < 2) return DatagramKind::other;
  const std::uint8_t first = datagram[0];
  if (first <= 3) return DatagramKind::stun;
  if (first >= 20 && first <= 63) return DatagramKind::dtls;
  if (first >= 128 && first <= 191) {
    // RFC 5761 section 4: RTCP packet types 192 to 223 are no RTP payload types with the marker bit.
    return datagram[1] >= 192 && datagram[1] <= 223 ? DatagramKind::rtcp : DatagramKind::rtp;
  }
  return DatagramKind::other;
}

}  // namespace redan::peer
