#include "cloud/bus/bus.hpp"

#include <algorithm>

namespace redan::cloud::bus {
namespace {

constexpr std::size_t kMaxToken = 64;
constexpr std::size_t kMaxTokens = 16;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Removes the first token and its dot from `text`. `more`: a dot followed.
std::string_view take_token(std::string_view& text, bool& more) {
  const std::size_t dot = text.find('.');
  const std::string_view token = text.substr(0, dot);
  more = dot != std::string_view::npos;
  text.remove_prefix(more ? dot + 1 : text.size());
  return token;
}

bool is_path(std::string_view text, bool wildcards) {
  bool more = true;
  for (std::size_t count = 1; more; ++count) {
    const std::string_view token = take_token(text, more);
    if (count > kMaxTokens) return false;
    if (wildcards && (token == "*" || (token == ">" && !more))) continue;
    if (!is_subject_token(token)) return false;
  }
  return true;
}

}  // namespace

bool is_subject_token(std::string_view text) {
  return !text.empty() && text.size() <= kMaxToken && std::all_of(text.begin(), text.end(), is_plain);
}

bool is_subject(std::string_view text) { return is_path(text, false); }
bool is_subject_pattern(std::string_view text) { return is_path(text, true); }

bool subject_fits(std::string_view pattern, std::string_view subject) {
  bool more_pattern = true, more_subject = true;
  while (more_pattern && more_subject) {
    const std::string_view wanted = take_token(pattern, more_pattern);
    const std::string_view token = take_token(subject, more_subject);
    if (wanted == ">") return true;
    if (wanted != "*" && wanted != token) return false;
  }
  return more_pattern == more_subject;
}

}  // namespace redan::cloud::bus
