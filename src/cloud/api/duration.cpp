#include "cloud/api/duration.hpp"

#include <charconv>
#include <utility>

namespace redan::cloud::api {
namespace {

constexpr std::pair<char, std::int64_t> kUnits[] = {{'h', 3600}, {'m', 60}, {'s', 1}};
constexpr std::int64_t kMost = std::int64_t{365} * 24 * 3600;

/// Removes "<number><unit>" from the front of `text` if it is there; its seconds, or nullopt beyond the maximum.
std::optional<std::int64_t> take(std::string_view& text, char unit, std::int64_t seconds) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (digits == text.size() || text[digits] != unit) return 0;
  if (error != std::errc() || number < 0 || number > kMost / seconds) return std::nullopt;
  text.remove_prefix(digits + 1);
  return number * seconds;
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  for (const auto& [unit, seconds] : kUnits) {
    const auto part = take(text, unit, seconds);
    if (!part) return std::nullopt;
    total += *part;
  }
  if (!text.empty() || total == 0 || total > kMost) return std::nullopt;
  return std::chrono::seconds(total);
}

std::string duration_text(std::chrono::seconds duration) {
  std::string text;
  std::int64_t rest = duration.count();
  for (const auto& [unit, seconds] : kUnits) {
    if (rest / seconds > 0) text += std::to_string(rest / seconds) + unit;
    rest %= seconds;
  }
  return text;
}

}  // namespace redan::cloud::api
