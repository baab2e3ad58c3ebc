#include "cloud/api/size.hpp"

#include <charconv>
#include <limits>

namespace redan::cloud::api {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t bytes;
};
// The longer spellings of the same units are read, not written.
constexpr Unit kUnits[] = {{"B", 1},
                           {"KB", std::int64_t{1} << 10},
                           {"MB", std::int64_t{1} << 20},
                           {"GB", std::int64_t{1} << 30},
                           {"TB", std::int64_t{1} << 40},
                           {"PB", std::int64_t{1} << 50},
                           {"kB", std::int64_t{1} << 10},
                           {"KiB", std::int64_t{1} << 10},
                           {"MiB", std::int64_t{1} << 20},
                           {"GiB", std::int64_t{1} << 30},
                           {"TiB", std::int64_t{1} << 40},
                           {"PiB", std::int64_t{1} << 50}};

std::int64_t bytes_of(std::string_view unit) {
  for (const Unit& known : kUnits) {
    if (known.name == unit) return known.bytes;
  }
  return 0;
}

std::string text_in(const Unit& unit, std::int64_t bytes) {
  return std::to_string(bytes / unit.bytes).append(unit.name);
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  const std::int64_t unit = text.empty() ? 1 : bytes_of(text);
  if (unit == 0 || number > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return number * unit;
}

std::string size_text(std::int64_t bytes) {
  std::string shortest = std::to_string(bytes) + "B";
  for (const Unit& unit : kUnits) {
    if (bytes % unit.bytes != 0) continue;
    std::string text = text_in(unit, bytes);
    if (text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

}  // namespace redan::cloud::api
