// Counters of peers and endpoints: sums since their creation, never reset. Names follow webrtc-stats (W3C) where it has
// one, in our spelling: packets_sent is packetsSent.
#pragma once

#include <cstdint>
#include <optional>
#include <redan/export.hpp>
#include <redan/types.hpp>

namespace redan REDAN_PUBLIC {

/// Datagrams that were dropped, by reason.
struct DropCounters {
  std::uint64_t malformed = 0;        ///< not parseable as STUN, DTLS, RTP or RTCP
  std::uint64_t unknown_source = 0;   ///< from a path that no peer validated, or media without keys for it
  std::uint64_t unauthenticated = 0;  ///< the HMAC of a STUN message, a record tag or an SRTP tag does not verify
  std::uint64_t replayed = 0;         ///< seen before, or older than the window
  std::uint64_t path_in_use = 0;      ///< authenticated checks on a path that another peer uses

  DropCounters& operator+=(const DropCounters& other);
};

/// One peer.
struct PeerStatistics {
  // RTCTransportStats: UDP payload.
  std::uint64_t packets_sent = 0, packets_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  // RTCReceivedRtpStreamStats, but of all packets: what the network marked (RFC 3168).
  std::uint64_t packets_received_with_ect1 = 0, packets_received_with_ce = 0;
  std::uint64_t selected_candidate_pair_changes = 0;
  // RTCIceCandidatePairStats, over all pairs: connectivity checks.
  std::uint64_t requests_sent = 0, responses_received = 0;
  std::uint64_t requests_received = 0, responses_sent = 0;
  std::uint64_t remote_candidates_ignored = 0;  ///< of descriptions and trickled: see Endpoint::add_remote_candidate
  std::optional<Duration> current_round_trip_time{};  ///< absent: an ICE lite agent measures none
  // RTCPeerConnectionStats.
  std::uint64_t data_channels_opened = 0, data_channels_closed = 0;
  // RTCDataChannelStats, over all channels. Bytes of payload.
  std::uint64_t messages_sent = 0, messages_received = 0;
  std::uint64_t message_bytes_sent = 0, message_bytes_received = 0;
  // RTCSctpTransportStats.
  std::uint64_t congestion_window = 0;     ///< bytes
  std::uint64_t chunks_retransmitted = 0;  ///< DATA chunks; webrtc-stats has no such sum
  DropCounters dropped;
};

/// All peers of an endpoint, including closed ones.
struct EndpointStatistics {
  std::uint64_t datagrams_in = 0, datagrams_out = 0;
  std::uint64_t over_budget = 0;  ///< not dropped: from a peer that exceeds its share while memory_budget is short
  DropCounters dropped;
};

}  // namespace REDAN_PUBLIC
