// Sizes of memory and disks as text: "3GB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redan::cloud::api {

/// A whole number and a unit: B, kB or KB, MB, GB, TB, PB, which are powers of 1024 as the documented interface has
/// them; KiB to PiB are the same. A space between them is permitted; without a unit the number is bytes. nullopt:
/// another unit, zero, or beyond 63 bits.
std::optional<std::int64_t> parse_size(std::string_view text);

/// The shortest text that parse_size reads as `bytes`: "3GB", "512MB", "1500001B". `bytes` is positive.
std::string size_text(std::int64_t bytes);

}  // namespace redan::cloud::api
