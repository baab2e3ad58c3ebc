// DATA (RFC 9260 section 3.3.1, I bit: RFC 7053).
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

// +---------------+---------------+-------------------------------+
// |   Type = 0    |  Res  |I|U|B|E|            Length             |
// +---------------+---------------+-------------------------------+
// |                              TSN                              |
// +-------------------------------+-------------------------------+
// |      Stream Identifier S      |   Stream Sequence Number n    |
// +-------------------------------+-------------------------------+
// |                  Payload Protocol Identifier                  |
// +---------------------------------------------------------------+
// |                 User Data (seq n of Stream S)                 |
struct Data {
  static constexpr std::uint8_t kEnd = 1, kBeginning = 2, kUnordered = 4, kImmediate = 8;

  std::uint8_t flags = 0;
  Tsn tsn;
  StreamId stream;
  Ssn ssn;
  Ppid ppid;
  Bytes payload;

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }

  /// Refuses a chunk without user data.
  static std::optional<Data> parse(const Chunk& chunk) {
    Reader reader(chunk.value);
    Data data;
    data.flags = chunk.flags;
    data.tsn = Tsn(reader.u32());
    data.stream = StreamId(reader.u16());
    data.ssn = Ssn(reader.u16());
    data.ppid = Ppid(reader.u32());
    data.payload = reader.rest();
    return reader.ok() && !data.payload.empty() ? std::optional(data) : std::nullopt;
  }

  /// Writes everything but the `size` bytes of user data, which the caller copies into the result.
  MutableBytes write_header(Writer& writer, std::size_t size) const {
    const MutableBytes chunk = writer.reserve(padded(kDataHeaderSize + size));
    if (chunk.empty()) return {};
    Writer header(chunk);
    header.u8(static_cast<std::uint8_t>(ChunkType::data));
    header.u8(flags);
    header.u16(static_cast<std::uint16_t>(kDataHeaderSize + size));
    header.u32(tsn.value);
    header.u16(stream.value);
    header.u16(ssn.value);
    header.u32(ppid.value);
    for (std::size_t i = kDataHeaderSize + size; i < chunk.size(); ++i) chunk[i] = 0;
    return chunk.subspan(kDataHeaderSize, size);
  }
  void write(Writer& writer) const {
    const MutableBytes space = write_header(writer, payload.size());
    if (!space.empty()) std::memcpy(space.data(), payload.data(), payload.size());
  }
};

}  // namespace redan::sctp
