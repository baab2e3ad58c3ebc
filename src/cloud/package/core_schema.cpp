#include "cloud/package/core_schema.hpp"

#include <algorithm>
#include <charconv>

namespace redan::cloud::package {
namespace {

namespace json = boost::json;

template <std::size_t N>
bool is_one_of(std::string_view text, const std::string_view (&words)[N]) {
  return std::ranges::find(words, text) != std::end(words);
}

constexpr std::string_view kDigits = "0123456789";

/// Removes what `alphabet` has from the front; how many characters that is.
std::size_t skip(std::string_view& text, std::string_view alphabet) {
  const std::size_t count = std::min(text.find_first_not_of(alphabet), text.size());
  text.remove_prefix(count);
  return count;
}

void skip_sign(std::string_view& text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
}

bool is_decimal(std::string_view text) {
  skip_sign(text);
  return skip(text, kDigits) > 0 && text.empty();
}

bool is_octal(std::string_view text) {
  if (!text.starts_with("0o")) return false;
  text.remove_prefix(2);
  return skip(text, "01234567") > 0 && text.empty();
}

bool is_hexadecimal(std::string_view text) {
  if (!text.starts_with("0x")) return false;
  text.remove_prefix(2);
  return skip(text, "0123456789abcdefABCDEF") > 0 && text.empty();
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  skip_sign(text);
  std::size_t digits = skip(text, kDigits);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += skip(text, kDigits);
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  skip_sign(text);
  return skip(text, kDigits) > 0 && text.empty();
}

/// .inf and .nan
bool is_special_float(std::string_view text) {
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  skip_sign(text);
  return is_one_of(text, {".inf", ".Inf", ".INF"});
}

template <class Number, class... Base>
std::optional<json::value> number(std::string_view text, Base... base) {
  if (text.starts_with('+')) text.remove_prefix(1);  // which std::from_chars does not take
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return json::value(value);
}

/// As JSON has them: uint64 only for what int64 cannot hold.
std::optional<json::value> integer(std::string_view text, int base) {
  if (auto value = number<std::int64_t>(text, base)) return value;
  return number<std::uint64_t>(text, base);
}

}  // namespace

bool is_null(std::string_view plain) { return plain.empty() || is_one_of(plain, {"~", "null", "Null", "NULL"}); }

std::optional<json::value> resolve(std::string_view plain) {
  if (is_null(plain)) return json::value();
  if (is_one_of(plain, {"true", "True", "TRUE"})) return json::value(true);
  if (is_one_of(plain, {"false", "False", "FALSE"})) return json::value(false);
  if (is_decimal(plain)) return integer(plain, 10);
  if (is_octal(plain)) return integer(plain.substr(2), 8);
  if (is_hexadecimal(plain)) return integer(plain.substr(2), 16);
  if (is_float(plain)) return number<double>(plain);
  if (is_special_float(plain)) return std::nullopt;
  return json::value(plain);
}

}  // namespace redan::cloud::package
