// The small control chunks of RFC 9260 section 3.3: HEARTBEAT, ABORT, ERROR and SHUTDOWN with their answers.
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

/// HEARTBEAT and HEARTBEAT ACK (3.3.5, 3.3.6): one Heartbeat Info parameter, opaque to the side that returns it.
struct Heartbeat {
  Bytes info;

  static std::optional<Heartbeat> parse(const Chunk& chunk) {
    std::optional<Heartbeat> heartbeat;
    const bool framed = for_each_parameter(chunk.value, [&](const Parameter& parameter) {
      if (parameter.type == ParameterType::heartbeat_info) heartbeat = Heartbeat{parameter.value};
      return !heartbeat;
    });
    return framed ? heartbeat : std::nullopt;
  }
  void write(Writer& writer, ChunkType type) const {
    write_chunk(writer, type, 0, [&](Writer& w) {
      write_parameter(w, ParameterType::heartbeat_info, [&](Writer& p) { p.bytes(info); });
    });
  }
};

/// RFC 9260 section 3.3.10.
enum class CauseCode : std::uint16_t {
  none = 0,
  stale_cookie = 3,
  out_of_resource = 4,
  unrecognized_chunk_type = 6,
  invalid_mandatory_parameter = 7,
  no_user_data = 9,
  user_initiated_abort = 12,
  protocol_violation = 13,
};

/// ABORT and ERROR (3.3.7, 3.3.10) with at most one cause written, and the first one read.
struct ErrorCauses {
  static constexpr std::uint8_t kReflectedTag = 1;  ///< the T bit of ABORT and SHUTDOWN COMPLETE

  std::uint8_t flags = 0;
  CauseCode cause = CauseCode::none;
  Bytes value;

  static std::optional<ErrorCauses> parse(const Chunk& chunk) {
    ErrorCauses causes;
    causes.flags = chunk.flags;
    const bool framed = for_each_parameter(chunk.value, [&](const Parameter& first) {
      causes.cause = static_cast<CauseCode>(first.type);
      causes.value = first.value;
      return false;
    });
    return framed ? std::optional(causes) : std::nullopt;
  }
  void write(Writer& writer, ChunkType type) const {
    write_chunk(writer, type, flags, [&](Writer& w) {
      if (cause == CauseCode::none) return;
      write_parameter(w, static_cast<std::uint16_t>(cause), [&](Writer& p) { p.bytes(value); });
    });
  }
};

/// SHUTDOWN (3.3.8).
struct Shutdown {
  Tsn cumulative_ack;

  static std::optional<Shutdown> parse(const Chunk& chunk) {
    Reader reader(chunk.value);
    const Shutdown shutdown{Tsn(reader.u32())};
    return reader.done() ? std::optional(shutdown) : std::nullopt;
  }
  void write(Writer& writer) const {
    write_chunk(writer, ChunkType::shutdown, 0, [&](Writer& w) { w.u32(cumulative_ack.value); });
  }
};

}  // namespace redan::sctp
