// INIT and INIT ACK (RFC 9260 sections 3.3.2 and 3.3.3).
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

// +---------------+---------------+-------------------------------+
// |  Type = 1, 2  |  Chunk Flags  |         Chunk Length          |
// +---------------+---------------+-------------------------------+
// |                         Initiate Tag                          |
// +---------------------------------------------------------------+
// |          Advertised Receiver Window Credit (a_rwnd)           |
// +-------------------------------+-------------------------------+
// |  Number of Outbound Streams   |   Number of Inbound Streams   |
// +-------------------------------+-------------------------------+
// |                          Initial TSN                          |
// +---------------------------------------------------------------+
// |              Optional/Variable-Length Parameters              |
struct Init {
  VerificationTag initiate_tag;
  std::uint32_t a_rwnd = 0;
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
  Tsn initial_tsn;
  bool forward_tsn = false;    ///< RFC 3758
  bool re_config = false;      ///< RFC 6525
  bool zero_checksum = false;  ///< RFC 9653: the sender accepts packets without a checksum (method 1, DTLS)
  Bytes cookie;                ///< INIT ACK only
  Bytes unrecognized;          ///< INIT ACK only: parameters to report, each whole and padded

  /// Refuses a zero tag, zero streams and an a_rwnd under 1,500 (RFC 9260 section 3.3.2). Parameters that ask to be
  /// reported are handed to `report`, if given, as long as they fit; `reported` is how much of it is used.
  static std::optional<Init> parse(const Chunk& chunk, MutableBytes report = {}, std::size_t* reported = nullptr);
  void write(Writer& writer, ChunkType type) const;
};

/// RFC 9260 section 3.3.2.
inline constexpr std::uint32_t kMinReceiverWindow = 1500;

}  // namespace redan::sctp
