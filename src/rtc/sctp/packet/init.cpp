#include "rtc/sctp/packet/init.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {

// RFC 9653 section 3: error detection method 1 is SCTP over DTLS.
constexpr std::uint32_t kErrorDetectionByDtls = 1;

void read_extensions(Bytes chunk_types, Init& init) {
  for (const std::uint8_t type : chunk_types) {
    if (type == static_cast<std::uint8_t>(ChunkType::re_config)) init.re_config = true;
    if (type == static_cast<std::uint8_t>(ChunkType::forward_tsn)) init.forward_tsn = true;
  }
}

bool read_parameter(const Parameter& parameter, Init& init) {
  switch (parameter.type) {
    case ParameterType::state_cookie:
      init.cookie = parameter.value;
      return true;
    case ParameterType::forward_tsn_supported:
      init.forward_tsn = true;
      return true;
    case ParameterType::supported_extensions:
      read_extensions(parameter.value, init);
      return true;
    case ParameterType::zero_checksum_acceptable:
      init.zero_checksum = Reader(parameter.value).u32() == kErrorDetectionByDtls;
      return true;
    case ParameterType::unrecognized_parameter:
      return true;
    default:
      return false;
  }
}

void keep_for_report(const Parameter& parameter, MutableBytes report, std::size_t& used) {
  const std::size_t size = padded(parameter.whole.size());
  if (size > report.size() - used) return;
  const MutableBytes space = report.subspan(used, size);
  std::fill(space.begin(), space.end(), std::uint8_t{0});
  std::copy(parameter.whole.begin(), parameter.whole.end(), space.begin());
  used += size;
}

}  // namespace

std::optional<Init> Init::parse(const Chunk& chunk, MutableBytes report, std::size_t* reported) {
  Reader reader(chunk.value);
  Init init;
  init.initiate_tag = VerificationTag(reader.u32());
  init.a_rwnd = reader.u32();
  init.outbound_streams = reader.u16();
  init.inbound_streams = reader.u16();
  init.initial_tsn = Tsn(reader.u32());
  const Bytes parameters = reader.rest();
  if (!reader.ok() || init.initiate_tag.value == 0 || init.a_rwnd < kMinReceiverWindow) return std::nullopt;
  if (init.outbound_streams == 0 || init.inbound_streams == 0) return std::nullopt;
  std::size_t used = 0;
  const bool framed = for_each_parameter(parameters, [&](const Parameter& parameter) {
    if (read_parameter(parameter, init)) return true;
    const UnknownAction action = unknown_action(parameter.type);
    if (action.report) keep_for_report(parameter, report, used);
    return action.go_on;
  });
  if (reported != nullptr) *reported = used;
  return framed ? std::optional(init) : std::nullopt;
}

void Init::write(Writer& writer, ChunkType type) const {
  write_chunk(writer, type, 0, [&](Writer& w) {
    w.u32(initiate_tag.value);
    w.u32(a_rwnd);
    w.u16(outbound_streams);
    w.u16(inbound_streams);
    w.u32(initial_tsn.value);
    if (!cookie.empty()) write_parameter(w, ParameterType::state_cookie, [&](Writer& p) { p.bytes(cookie); });
    if (forward_tsn) write_parameter(w, ParameterType::forward_tsn_supported, [](Writer&) {});
    if (forward_tsn || re_config) {
      write_parameter(w, ParameterType::supported_extensions, [&](Writer& p) {
        if (re_config) p.u8(static_cast<std::uint8_t>(ChunkType::re_config));
        if (forward_tsn) p.u8(static_cast<std::uint8_t>(ChunkType::forward_tsn));
      });
    }
    if (zero_checksum) {
      write_parameter(w, ParameterType::zero_checksum_acceptable, [](Writer& p) { p.u32(kErrorDetectionByDtls); });
    }
    if (!unrecognized.empty()) {
      write_parameter(w, ParameterType::unrecognized_parameter, [&](Writer& p) { p.bytes(unrecognized); });
    }
  });
}

}  // namespace redan::sctp
