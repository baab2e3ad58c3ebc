// Opus in Ogg (RFC 3533, RFC 7845): the packets of a file's first Opus stream.
#pragma once

#include <redan/error.hpp>

#include "media/ticking_audio.hpp"

namespace redan::media {

inline constexpr std::size_t kMaxOggFile = 64U << 20U;

/// At least one packet. What is damaged or cut off is left out. Errors: invalid_argument for what is no Opus in Ogg.
Result<std::vector<AudioPacket>> parse_ogg_opus(Bytes file);

/// RFC 6716 section 3.1: how long a packet sounds, at most 120 ms; nullopt if it is no packet.
std::optional<Duration> opus_duration(Bytes packet);

}  // namespace redan::media
