// RE-CONFIG (RFC 6525): the parameters that reset streams, and their response.
#pragma once

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

/// Outgoing SSN Reset Request (section 4.1): the sender will number these streams from 0 again. No streams: all of
/// them.
struct OutgoingResetRequest {
  ResetSequence request_sequence;
  ResetSequence response_sequence;
  Tsn last_assigned_tsn;
  Bytes streams;  ///< 2 bytes each, as on the wire

  static std::optional<OutgoingResetRequest> parse(Bytes value) {
    Reader reader(value);
    OutgoingResetRequest request;
    request.request_sequence = ResetSequence(reader.u32());
    request.response_sequence = ResetSequence(reader.u32());
    request.last_assigned_tsn = Tsn(reader.u32());
    request.streams = reader.rest();
    return reader.ok() && request.streams.size() % 2 == 0 ? std::optional(request) : std::nullopt;
  }
  void write(Writer& writer) const {
    write_parameter(writer, ParameterType::outgoing_reset_request, [&](Writer& p) {
      p.u32(request_sequence.value);
      p.u32(response_sequence.value);
      p.u32(last_assigned_tsn.value);
      p.bytes(streams);
    });
  }
};

/// Section 4.4.
enum class ResetResult : std::uint32_t {
  nothing_to_do = 0,
  performed = 1,
  denied = 2,
  wrong_ssn = 3,
  already_in_progress = 4,
  bad_sequence_number = 5,
  in_progress = 6,
};

/// Re-configuration Response (section 4.4). The optional TSN fields belong to requests that we never make.
struct ResetResponse {
  ResetSequence response_sequence;
  ResetResult result{};

  static std::optional<ResetResponse> parse(Bytes value) {
    Reader reader(value);
    ResetResponse response;
    response.response_sequence = ResetSequence(reader.u32());
    response.result = static_cast<ResetResult>(reader.u32());
    return reader.ok() ? std::optional(response) : std::nullopt;
  }
  void write(Writer& writer) const {
    write_parameter(writer, ParameterType::re_config_response, [&](Writer& p) {
      p.u32(response_sequence.value);
      p.u32(static_cast<std::uint32_t>(result));
    });
  }
};

/// Any other request (sections 4.2, 4.3, 4.5, 4.6) begins with its sequence number; we deny them all.
inline std::optional<ResetSequence> parse_other_request(Bytes value) {
  Reader reader(value);
  const ResetSequence sequence(reader.u32());
  return reader.ok() ? std::optional(sequence) : std::nullopt;
}

}  // namespace redan::sctp
