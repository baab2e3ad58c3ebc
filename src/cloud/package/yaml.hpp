// YAML as people write manifests: one document, a mapping, resolved by the core schema of YAML 1.2 (section 10.3).
// Refused are anchors, aliases, tags, keys named twice, more than one document, more than 8 levels, more than 64 KiB,
// and numbers that JSON cannot represent (.inf, .nan, integers beyond 64 bits).
#pragma once

#include <boost/json/object.hpp>
#include <span>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::package {

using api::Outcome;
namespace json = api::json;

inline constexpr std::size_t kMaxYamlSize = 64 * 1024;

/// Empty text, or only comments, is an empty object. A refusal names line and column, both from 1. Below the members
/// named in `texts`, at any level, unquoted numbers and booleans stay text as written: version: 1.10 is not 1.1.
Outcome<json::object> parse_yaml(std::string_view text, std::span<const std::string_view> texts = {});

/// Block style, members in their order. parse_yaml returns an equal object, if it has at most 8 levels and 64 KiB and
/// no text in it is invalid UTF-8.
std::string to_yaml(const json::object& object);

}  // namespace redan::cloud::package
