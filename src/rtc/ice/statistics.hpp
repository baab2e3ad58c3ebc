// What an agent counts: sums over all pairs, as RTCIceCandidatePairStats of webrtc-stats has them.
#pragma once

#include <cstdint>

namespace redan::ice {

struct Statistics {
  std::uint64_t requests_sent = 0, responses_received = 0;  ///< checks of ours, retransmissions included
  std::uint64_t requests_received = 0, responses_sent = 0;  ///< authenticated checks of the peer
};

}  // namespace redan::ice
