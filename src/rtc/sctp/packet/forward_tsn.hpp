// FORWARD TSN (RFC 3758 section 3.2).
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

// +---------------+---------------+-------------------------------+
// |  Type = 192   |  Flags = 0x00 |       Length = Variable       |
// +---------------+---------------+-------------------------------+
// |                      New Cumulative TSN                       |
// +-------------------------------+-------------------------------+
// |           Stream-1            |       Stream Sequence-1       |  ...
struct ForwardTsn {
  struct Skipped {
    StreamId stream;
    Ssn ssn;
    friend bool operator==(const Skipped&, const Skipped&) = default;
  };

  Tsn new_cumulative_tsn;
  Bytes skipped;  ///< 4 bytes each, as on the wire

  [[nodiscard]] std::size_t skipped_count() const { return skipped.size() / 4; }
  [[nodiscard]] Skipped skipped_at(std::size_t i) const {
    Reader reader(skipped.subspan(4 * i, 4));
    Skipped entry;
    entry.stream = StreamId(reader.u16());
    entry.ssn = Ssn(reader.u16());
    return entry;
  }

  static std::optional<ForwardTsn> parse(const Chunk& chunk) {
    Reader reader(chunk.value);
    ForwardTsn forward;
    forward.new_cumulative_tsn = Tsn(reader.u32());
    forward.skipped = reader.rest();
    return reader.ok() && forward.skipped.size() % 4 == 0 ? std::optional(forward) : std::nullopt;
  }
  void write(Writer& writer) const {
    write_chunk(writer, ChunkType::forward_tsn, 0, [&](Writer& w) {
      w.u32(new_cumulative_tsn.value);
      w.bytes(skipped);
    });
  }
};

}  // namespace redan::sctp
