#include "wamp/router/pattern.hpp"

namespace redan::wamp {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"exact", "prefix", "wildcard"};

/// Removes the first component and its dot. At the end `rest` becomes nullopt.
std::string_view take_part(std::optional<std::string_view>& rest) {
  const std::size_t dot = rest->find('.');
  const std::string_view part = rest->substr(0, dot);
  if (dot == std::string_view::npos) {
    rest.reset();
  } else {
    rest = rest->substr(dot + 1);
  }
  return part;
}

/// Whether each component of `rule` is empty or equal to that of `other`.
bool fits_parts(std::string_view rule, std::string_view other) {
  std::optional<std::string_view> a = rule, b = other;
  while (a && b) {
    const std::string_view wanted = take_part(a);
    const std::string_view part = take_part(b);
    if (!wanted.empty() && wanted != part) return false;
  }
  return !a && !b;
}

/// The common beginning of everything that matches the pattern.
std::string_view fixed_beginning(Match match, std::string_view pattern) {
  if (match != Match::wildcard) return pattern;
  if (pattern.starts_with('.')) return {};
  const std::size_t gap = pattern.find("..");
  if (gap != std::string_view::npos) return pattern.substr(0, gap + 1);
  return pattern;
}

}  // namespace

std::optional<Match> parse_match(const Value* option) {
  if (option == nullptr || option->is_null()) return Match::exact;
  const auto text = option->text();
  for (std::size_t i = 0; text && i < kNames.size(); ++i) {
    if (*text == kNames[i]) return static_cast<Match>(i);
  }
  return std::nullopt;
}

std::string_view name(Match match) { return kNames[static_cast<std::size_t>(match)]; }

bool is_well_formed(Match match, std::string_view pattern) {
  return match == Match::exact ? is_uri(pattern) : is_uri_pattern(pattern);
}

bool matches(Match match, std::string_view pattern, std::string_view uri) {
  switch (match) {
    case Match::exact:
      return uri == pattern;
    case Match::prefix:
      return uri.starts_with(pattern);
    case Match::wildcard:
      return fits_parts(pattern, uri);
  }
  return false;
}

bool covers(Match rule_match, std::string_view rule, Match match, std::string_view pattern) {
  switch (rule_match) {
    case Match::exact:
      return match == Match::exact && pattern == rule;
    case Match::prefix:
      return fixed_beginning(match, pattern).starts_with(rule);
    case Match::wildcard:
      return match != Match::prefix && fits_parts(rule, pattern);
  }
  return false;
}

}  // namespace redan::wamp
