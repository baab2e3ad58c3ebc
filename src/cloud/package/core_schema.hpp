// How YAML resolves a scalar without quotes: the core schema of YAML 1.2 (section 10.3.2).
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

namespace redan::cloud::package {

/// Empty, ~ or null.
bool is_null(std::string_view plain);

/// null, a boolean, an integer, a floating-point number, or else the text. nullopt for numbers that JSON or 64 bits
/// cannot represent.
std::optional<boost::json::value> resolve(std::string_view plain);

}  // namespace redan::cloud::package
