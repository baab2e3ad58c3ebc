// SACK (RFC 9260 section 3.3.4).
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

/// Offsets from the cumulative TSN ack, both ends inclusive.
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;
  friend bool operator==(const GapBlock&, const GapBlock&) = default;
};

// +---------------+---------------+-------------------------------+
// |   Type = 3    |  Chunk Flags  |         Chunk Length          |
// +---------------+---------------+-------------------------------+
// |                      Cumulative TSN Ack                       |
// +---------------------------------------------------------------+
// |          Advertised Receiver Window Credit (a_rwnd)           |
// +-------------------------------+-------------------------------+
// | Number of Gap Ack Blocks = N  |  Number of Duplicate TSNs = M |
// +-------------------------------+-------------------------------+
// |    Gap Ack Block #1 Start     |     Gap Ack Block #1 End      |  ... N, then M duplicate TSNs
struct Sack {
  static constexpr std::size_t kFixedSize = 16;

  Tsn cumulative_ack;
  std::uint32_t a_rwnd = 0;
  Bytes gap_blocks;  ///< 4 bytes each, as on the wire
  Bytes duplicates;  ///< 4 bytes each

  [[nodiscard]] std::size_t gap_count() const { return gap_blocks.size() / 4; }
  [[nodiscard]] GapBlock gap(std::size_t i) const {
    Reader reader(gap_blocks.subspan(4 * i, 4));
    GapBlock block;
    block.start = reader.u16();
    block.end = reader.u16();
    return block;
  }

  static std::optional<Sack> parse(const Chunk& chunk) {
    Reader reader(chunk.value);
    Sack sack;
    sack.cumulative_ack = Tsn(reader.u32());
    sack.a_rwnd = reader.u32();
    const std::size_t gaps = reader.u16();
    const std::size_t duplicates = reader.u16();
    sack.gap_blocks = reader.bytes(4 * gaps);
    sack.duplicates = reader.bytes(4 * duplicates);
    return reader.done() ? std::optional(sack) : std::nullopt;
  }
  void write(Writer& writer) const {
    write_chunk(writer, ChunkType::sack, 0, [&](Writer& w) {
      w.u32(cumulative_ack.value);
      w.u32(a_rwnd);
      w.u16(static_cast<std::uint16_t>(gap_count()));
      w.u16(static_cast<std::uint16_t>(duplicates.size() / 4));
      w.bytes(gap_blocks);
      w.bytes(duplicates);
    });
  }
};

}  // namespace redan::sctp
