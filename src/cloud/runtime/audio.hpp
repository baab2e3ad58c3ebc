// The generated sound: a soft tone, and a short beep at the beginning of each second. Opus in packets of 20 ms (RFC
// 7587), mono. One second is encoded once and played in a circle.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <vector>

namespace redan::cloud {

inline constexpr Duration kAudioFrame = std::chrono::milliseconds(20);

/// One second: 50 packets. Errors: media_unsupported in a build without libopus; io_failed.
Result<std::vector<std::vector<std::uint8_t>>> encode_tone();

}  // namespace redan::cloud
