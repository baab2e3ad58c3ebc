// Counters of an agent: sums over all pairs, as in RTCIceCandidatePairStats of webrtc-stats.
#pragma once

#include <cstdint>

namespace redan::ice {

struct Statistics {
  std::uint64_t requests_sent = 0, responses_received = 0;  ///< our checks, retransmissions included
  std::uint64_t requests_received = 0, responses_sent = 0;  ///< authenticated checks of the peer
  std::uint64_t candidates_ignored = 0;                     ///< of the peer
};

}  // namespace redan::ice
