// Dates with time in the format of RFC 3339 section 5.6.
#pragma once

#include <redan/types.hpp>
#include <string>

namespace redan::cloud::token {

/// "2030-01-01T00:00:00Z", optionally with a fraction of 1 to 9 digits, which is truncated, and any offset: "+02:00".
/// Upper-case T and Z, years 0000 to 9999, no leap seconds. nullopt for anything else.
std::optional<WallTime> parse_rfc3339(std::string_view text);

/// In UTC, without a fraction: "2030-01-01T00:00:00Z". For years 0000 to 9999.
std::string to_rfc3339(WallTime time);

}  // namespace redan::cloud::token
