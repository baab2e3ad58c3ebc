#include <algorithm>
#include <charconv>
#include <cstdint>

#include "cloud/package/core_schema.hpp"
#include "cloud/package/yaml.hpp"

namespace redan::cloud::package {
namespace {

/// libyaml reads keys of up to 1,024 characters without a question mark.
constexpr std::size_t kMaxSimpleKey = 128;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_safe(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("_./-:").find(c) != std::string_view::npos;
}

/// Booleans of YAML 1.1, which other readers may know.
bool is_old_boolean(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower == "y" || lower == "n" || lower == "yes" || lower == "no" || lower == "on" || lower == "off";
}

/// Whether every reader takes the text as it is, without quotes.
bool is_plain(std::string_view text) {
  if (text.empty() || !(is_letter(text.front()) || text.front() == '/') || text.ends_with(':')) return false;
  if (!std::ranges::all_of(text, is_safe) || is_old_boolean(text)) return false;
  const auto resolved = resolve(text);
  return resolved && resolved->is_string();
}

/// The first character of a text that is UTF-8; removes it from `text`.
std::uint32_t take_character(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t code = size == 1 ? lead : lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) code = code << 6U | (static_cast<std::uint8_t>(c) & 0x3FU);
  text.remove_prefix(std::min(size, text.size()));
  return code;
}

/// Whether a character is itself between quotes: printable, no line break and no byte order mark.
bool is_printable(std::uint32_t code) {
  if (code == '"' || code == '\\') return false;
  if (code < 0xA0) return code >= 0x20 && code < 0x7F;
  return code != 0x2028 && code != 0x2029 && code != 0xFEFF && code != 0xFFFE && code != 0xFFFF;
}

std::string escaped(std::uint32_t code) {
  if (code == '"') return "\\\"";
  if (code == '\\') return "\\\\";
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (int shift = code > 0xFFFF ? 28 : 12; shift >= 0; shift -= 4)
    digits += kHex[code >> static_cast<unsigned>(shift) & 15U];
  return (code > 0xFFFF ? "\\U" : "\\u") + digits;
}

std::string text_in_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::string_view rest = text;
    const std::uint32_t code = take_character(text);
    out += is_printable(code) ? std::string(rest.substr(0, rest.size() - text.size())) : escaped(code);
  }
  return out += '"';
}

std::string scalar(std::string_view text) { return is_plain(text) ? std::string(text) : text_in_quotes(text); }

std::string scalar(double number) {
  char buffer[32];
  const auto result = std::to_chars(std::begin(buffer), std::end(buffer), number);
  std::string text(buffer, result.ptr);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";  // not an integer
  return text;
}

/// In one line.
std::string scalar(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    case json::kind::double_:
      return scalar(value.get_double());
    case json::kind::string:
      return scalar(std::string_view(value.get_string()));
    case json::kind::array:
      return "[]";
    case json::kind::object:
      return "{}";
  }
  return {};
}

bool is_block(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) || (value.is_array() && !value.get_array().empty());
}

std::string block(const json::value& value, std::size_t indent);

std::string member(std::string_view name, const json::value& value, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string text = margin;
  const std::string key = scalar(name);
  text += key.size() > kMaxSimpleKey ? "? " + key + "\n" + margin : key;
  text += is_block(value) ? ":\n" + block(value, indent + 2) : ": " + scalar(value) + "\n";
  return text;
}

std::string element(const json::value& value, std::size_t indent) {
  if (!is_block(value)) return std::string(indent, ' ') + "- " + scalar(value) + "\n";
  std::string text = block(value, indent + 2);
  text[indent] = '-';  // in the margin of its first line
  return text;
}

/// The lines of an object or array that is not empty.
std::string block(const json::value& value, std::size_t indent) {
  std::string text;
  if (value.is_object()) {
    for (const auto& [name, inner] : value.get_object()) text += member(name, inner, indent);
  } else {
    for (const json::value& inner : value.get_array()) text += element(inner, indent);
  }
  return text;
}

}  // namespace

std::string to_yaml(const json::object& object) { return object.empty() ? "{}\n" : block(object, 0); }

}  // namespace redan::cloud::package
