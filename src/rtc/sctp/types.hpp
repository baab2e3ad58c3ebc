// The numbers of SCTP (RFC 9260) as types of their own, and why a packet or chunk is dropped.
#pragma once

#include <redan/types.hpp>

#include "base/counters.hpp"
#include "base/strong.hpp"

namespace redan::sctp {

using Tsn = Serial<struct TsnTag, std::uint32_t>;
using Ssn = Serial<struct SsnTag, std::uint16_t>;
using ResetSequence = Serial<struct ResetSequenceTag, std::uint32_t>;
using StreamId = Strong<struct StreamIdTag, std::uint16_t>;
using Ppid = Strong<struct PpidTag, std::uint32_t>;
using VerificationTag = Strong<struct VerificationTagTag, std::uint32_t>;

/// Our name of an outgoing stream: a slot of the send queue and which use of that slot is meant. The SCTP stream id may
/// be given to it later. A name outlives its stream: whatever takes one refuses or ignores a stale name.
struct OutgoingStream {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  ///< 0: names nothing
  friend bool operator==(const OutgoingStream&, const OutgoingStream&) = default;
};

enum class Drop : std::uint8_t {
  malformed,            ///< header, chunk or parameter framing
  checksum,             ///< CRC32c
  port,                 ///< not our ports
  verification_tag,     ///< RFC 9260 section 8.5
  unexpected_chunk,     ///< a chunk that the state has no use for
  unknown_chunk,        ///< RFC 9260 section 3.2
  bad_init,             ///< an INIT or INIT ACK with impossible values
  bad_cookie,           ///< a COOKIE ECHO that is not ours, or stale
  bad_sack,             ///< acknowledges what was never sent, or contradicts itself
  reneged,              ///< a SACK that takes back what an earlier one acknowledged
  old_sack,             ///< behind the cumulative TSN
  duplicate_data,       ///< a TSN received before
  out_of_window,        ///< a TSN too far ahead, or one gap too many
  receive_buffer_full,  ///< over the receive window
  bad_fragment,         ///< a fragment without its beginning
  bad_reset,            ///< RFC 6525: out of sequence, or an answer to nothing
  reset_refused,        ///< the peer refused a reset of ours
  bad_heartbeat_ack,    ///< not an answer to our HEARTBEAT
  count_,
};

/// RFC 8831: a message is never empty on the wire, and DATA without payload is refused (RFC 9260 section 3.3.1).
inline constexpr std::size_t kCommonHeaderSize = 12;
inline constexpr std::size_t kChunkHeaderSize = 4;
inline constexpr std::size_t kDataHeaderSize = 16;
/// Sizes of messages are kept in 32 bits.
inline constexpr std::size_t kMaxMessageSize = 0xFFFFFFFFU;

}  // namespace redan::sctp
