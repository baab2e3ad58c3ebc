// Durations as text: "10m".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace redan::cloud::api {

/// Whole numbers with the units h, m and s, each at most once and in this order: "10m", "1h30m", "90s". nullopt for
/// anything else, for zero, and beyond a year.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// "1h30m". `duration` is positive.
std::string duration_text(std::chrono::seconds duration);

}  // namespace redan::cloud::api
