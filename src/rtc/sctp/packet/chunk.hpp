// Chunks and parameters: type, length, value, padded to four bytes (RFC 9260 sections 3.2 and 3.2.1).
#pragma once

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/sctp/types.hpp"

namespace redan::sctp {

enum class ChunkType : std::uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  sack = 3,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  shutdown = 7,
  shutdown_ack = 8,
  error = 9,
  cookie_echo = 10,
  cookie_ack = 11,
  shutdown_complete = 14,
  re_config = 130,    // RFC 6525
  forward_tsn = 192,  // RFC 3758
};

enum class ParameterType : std::uint16_t {
  heartbeat_info = 1,
  state_cookie = 7,
  unrecognized_parameter = 8,
  outgoing_reset_request = 13,  // RFC 6525 section 4
  incoming_reset_request = 14,
  ssn_tsn_reset_request = 15,
  re_config_response = 16,
  add_outgoing_streams = 17,
  add_incoming_streams = 18,
  zero_checksum_acceptable = 0x8001,  // RFC 9653
  supported_extensions = 0x8008,      // RFC 5061 section 4.2.7
  forward_tsn_supported = 0xC000,     // RFC 3758 section 3.1
};

/// What the two highest bits of an unknown type ask for (RFC 9260 section 3.2).
struct UnknownAction {
  bool go_on;   ///< process what follows it
  bool report;  ///< to its sender
};
constexpr UnknownAction unknown_action(ChunkType type) {
  const auto bits = static_cast<unsigned>(type);
  return {(bits & 0x80U) != 0, (bits & 0x40U) != 0};
}
constexpr UnknownAction unknown_action(ParameterType type) {
  const auto bits = static_cast<unsigned>(type);
  return {(bits & 0x8000U) != 0, (bits & 0x4000U) != 0};
}

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |  Chunk Type   |  Chunk Flags  |          Chunk Length         |
// +---------------+---------------+-------------------------------+
// |                         Chunk Value                           |
struct Chunk {
  ChunkType type{};
  std::uint8_t flags = 0;
  Bytes value;  ///< without header and padding
  Bytes whole;  ///< header and value
};

struct Parameter {
  ParameterType type{};
  Bytes value;
  Bytes whole;
};

constexpr std::size_t padding(std::size_t length) { return (4U - length % 4U) % 4U; }
constexpr std::size_t padded(std::size_t length) { return length + padding(length); }

/// Takes the next chunk. False, and `reader` failed, if the framing is broken. The last chunk may lack its padding.
inline bool next_chunk(Reader& reader, Bytes& rest, Chunk& chunk) {
  chunk.type = static_cast<ChunkType>(reader.u8());
  chunk.flags = reader.u8();
  const std::size_t length = reader.u16();
  if (length < kChunkHeaderSize || length > rest.size()) {
    reader.fail();
    return false;
  }
  chunk.value = reader.bytes(length - kChunkHeaderSize);
  chunk.whole = rest.first(length);
  reader.skip(std::min(padding(length), reader.remaining()));
  rest = rest.last(reader.remaining());
  return reader.ok();
}

/// Calls visit(const Chunk&) for each chunk until it returns false. False if the framing is broken.
template <class Visit>
bool for_each_chunk(Bytes chunks, Visit&& visit) {
  Reader reader(chunks);
  Chunk chunk;
  while (!reader.empty()) {
    if (!next_chunk(reader, chunks, chunk)) return false;
    if (!visit(chunk)) return true;
  }
  return true;
}

/// The same for parameters and error causes, which are framed alike.
template <class Visit>
bool for_each_parameter(Bytes bytes, Visit&& visit) {
  while (!bytes.empty()) {
    Reader reader(bytes);
    Parameter parameter;
    parameter.type = static_cast<ParameterType>(reader.u16());
    const std::size_t length = reader.u16();
    if (!reader.ok() || length < 4 || length > bytes.size()) return false;
    parameter.value = reader.bytes(length - 4);
    parameter.whole = bytes.first(length);
    bytes = bytes.subspan(std::min(padded(length), bytes.size()));
    if (!visit(parameter)) return true;
  }
  return true;
}

/// Writes a chunk whose value writes itself, with length and padding.
template <class Value>
void write_chunk(Writer& writer, ChunkType type, std::uint8_t flags, Value&& value) {
  const std::size_t start = writer.size();
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u8(flags);
  const MutableBytes length = writer.reserve(2);
  value(writer);
  const std::size_t n = writer.size() - start;
  if (n > 0xFFFFU) writer.fail();
  if (!writer.ok()) return;
  Writer(length).u16(static_cast<std::uint16_t>(n));
  writer.zeros(padding(n));
}
inline void write_chunk(Writer& writer, ChunkType type, std::uint8_t flags = 0) {
  write_chunk(writer, type, flags, [](Writer&) {});
}

/// Writes a parameter or an error cause.
template <class Value>
void write_parameter(Writer& writer, std::uint16_t type, Value&& value) {
  const std::size_t start = writer.size();
  writer.u16(type);
  const MutableBytes length = writer.reserve(2);
  value(writer);
  const std::size_t n = writer.size() - start;
  if (n > 0xFFFFU) writer.fail();
  if (!writer.ok()) return;
  Writer(length).u16(static_cast<std::uint16_t>(n));
  writer.zeros(padding(n));
}
template <class Value>
void write_parameter(Writer& writer, ParameterType type, Value&& value) {
  write_parameter(writer, static_cast<std::uint16_t>(type), value);
}

}  // namespace redan::sctp
