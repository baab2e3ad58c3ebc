// The common header and checksum around all chunks (RFC 9260 section 3.1).
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-------------------------------+-------------------------------+
// |       Source Port Number      |    Destination Port Number    |
// +-------------------------------+-------------------------------+
// |                       Verification Tag                        |
// +---------------------------------------------------------------+
// |                           Checksum                            |
// +---------------------------------------------------------------+
struct CommonHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  VerificationTag verification_tag;
};

/// A packet with broken framing is dropped as a whole: nothing of it takes effect.
struct Packet {
  CommonHeader header;
  Bytes chunks;
  std::size_t chunk_count = 0;

  /// Of the first chunk; there is one.
  [[nodiscard]] ChunkType first_type() const { return static_cast<ChunkType>(chunks[0]); }
  [[nodiscard]] std::uint8_t first_flags() const { return chunks[1]; }

  enum class Checksum : std::uint8_t { crc32c, zero_accepted };

  /// Verifies framing and checksum. `bytes` is changed (the checksum field is zeroed); the result borrows it.
  static std::optional<Packet> parse(MutableBytes bytes, Checksum accepted, Drop& reason);
};

/// Builds one packet at the start of a buffer: construct, write chunks to chunks(), finish().
class PacketWriter {
 public:
  PacketWriter(MutableBytes buffer, const CommonHeader& header);
  Writer& chunks() { return writer_; }
  [[nodiscard]] bool empty() const { return writer_.size() == kCommonHeaderSize; }
  [[nodiscard]] std::size_t space() const { return writer_.space(); }
  /// Writes the checksum. `with_crc` false: zero (RFC 9653).
  MutableBytes finish(bool with_crc = true);

 private:
  Writer writer_;
};

}  // namespace redan::sctp
