#include "base/base64.hpp"

namespace redan {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::string_view alphabet(Base64 form) { return form == Base64::url ? kUrl : kStandard; }

}  // namespace

std::string to_base64(Bytes bytes, Base64 form) {
  const std::string_view digits = alphabet(form);
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8U | (j < n ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j < 4; ++j) {
      if (j <= n) {
        text.push_back(digits[group >> (18 - 6 * j) & 63U]);
      } else if (form == Base64::standard) {
        text.push_back('=');
      }
    }
  }
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, Base64 form) {
  if (form == Base64::standard) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = alphabet(form).find(c);
    if (value == std::string_view::npos) return std::nullopt;
    group = group << 6U | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(group >> bits));
      group &= (1U << bits) - 1U;
    }
  }
  if (group != 0) return std::nullopt;
  return bytes;
}

}  // namespace redan
