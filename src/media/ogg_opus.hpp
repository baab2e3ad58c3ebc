// Opus in Ogg (RFC 3533, RFC 7845): the packets of a file's first Opus stream.
#pragma once

#include <redan/error.hpp>

#include "media/ticking_audio.hpp"

namespace redan::media {

inline constexpr std::size_t kMaxOggFile = 64U << 20U;

/// At least one packet. Damaged or truncated packets are skipped. Errors: invalid_argument if it is not Opus in Ogg.
Result<std::vector<AudioPacket>> parse_ogg_opus(Bytes file);

/// RFC 6716 section 3.1: the duration of a packet, at most 120 ms; nullopt if it is not a valid packet.
std::optional<Duration> opus_duration(Bytes packet);

}  // namespace redan::media
