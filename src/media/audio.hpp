// The generated sound: a soft tone, and a short beep at the beginning of each second. Opus in packets of 20 ms (RFC
// 7587), mono. One second is encoded once and played in a loop.
#pragma once

#include <redan/error.hpp>

#include "media/ticking_audio.hpp"

namespace redan::media {

/// One second: 50 packets. Errors: media_unsupported in a build without libopus; io_failed.
Result<std::vector<AudioPacket>> encode_tone();

}  // namespace redan::media
