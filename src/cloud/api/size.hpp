// Sizes of memory and disks as text: "3GB".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redan::cloud::api {

/// A whole number and a unit: B, kB, KB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB are powers of 1024, as in
/// LXD. A space between them is permitted. nullopt: no unit, another unit, zero, or beyond 63 bits.
std::optional<std::int64_t> parse_size(std::string_view text);

/// The shortest text that parse_size reads as `bytes`: "3GB", "512MiB", "1500001B". `bytes` is positive.
std::string size_text(std::int64_t bytes);

}  // namespace redan::cloud::api
