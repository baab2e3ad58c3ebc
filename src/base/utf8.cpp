#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace redan {
namespace {

constexpr bool is_continuation(char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) == 0x80U; }

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  ///< 0: these bytes are not UTF-8
};

// RFC 3629 section 4: no overlong form, no surrogate, nothing above U+10FFFF.
Character first_character(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0x7FU >> size);
  for (const char c : text.substr(1, size - 1)) {
    if (!is_continuation(c)) return {};
    code = code << 6U | (static_cast<std::uint8_t>(c) & 0x3FU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

// Whether more bytes could complete `text`, which is shorter than a character, to one.
bool is_cut_character(std::string_view text) {
  const auto completes = [&](char c) {
    return first_character((std::string(text) + std::string(3, c))).size > text.size();
  };
  return completes('\x80') || completes('\xBF');
}

bool is_harmless(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool separates_lines = code == 0x2028 || code == 0x2029;
  const bool turns_text = code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                          (code >= 0x2066 && code <= 0x2069) || code == 0x061C;
  return !control && !separates_lines && !turns_text;
}

}  // namespace

std::string_view first_bytes(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && is_continuation(text[size])) --size;
  return text.substr(0, size);
}

Utf8Check check_utf8(std::string_view text) {
  Utf8Check check{true, 0, text.size()};
  while (!check.whole()) {
    const std::string_view rest = text.substr(check.complete);
    const Character next = first_character(rest);
    check.valid = next.size != 0 || (rest.size() < 4 && is_cut_character(rest));
    if (next.size == 0) break;
    check.complete += next.size;
  }
  return check;
}

std::string escape_controls(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_character(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(next.size, 1));
    text.remove_prefix(bytes.size());
    if (next.size != 0 && is_harmless(next.code)) {
      out += bytes;
      continue;
    }
    for (const char c : bytes) {
      const auto byte = static_cast<std::uint8_t>(c);
      out.append("\\x").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 0x0FU]);
    }
  }
  return out;
}

}  // namespace redan
