#include "base/base64.hpp"

namespace redan {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value of each digit, and of everything else kNoDigit.
using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t kNoDigit = 0xff;
constexpr std::uint8_t kLastDigit = 63;

constexpr Values values_of(std::string_view digits) {
  Values values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr Values kStandardValues = values_of(kStandard);
constexpr Values kUrlValues = values_of(kUrl);

}  // namespace

std::string to_base64(Bytes bytes, Base64 form) {
  const std::string_view digits = form == Base64::url ? kUrl : kStandard;
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  std::size_t at = 0;
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16U | std::uint32_t{bytes[i + 1]} << 8U | bytes[i + 2];
    for (unsigned shift = 24; shift > 0; shift -= 6) text[at++] = digits[group >> (shift - 6) & 63U];
  }
  if (const std::size_t rest = bytes.size() - i; rest > 0) {
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16U | (rest > 1 ? std::uint32_t{bytes[i + 1]} << 8U : 0U);
    for (std::size_t j = 0; j <= rest; ++j) text[at++] = digits[group >> (18 - 6 * j) & 63U];
  }
  if (form == Base64::url) text.resize(at);
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, Base64 form) {
  if (form == Base64::standard) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  const Values& values = form == Base64::url ? kUrlValues : kStandardValues;
  const auto value = [&](std::size_t i) { return std::uint32_t{values[static_cast<unsigned char>(text[i])]}; };
  std::vector<std::uint8_t> bytes(text.size() * 6 / 8);
  std::size_t at = 0;
  const auto put = [&](std::uint32_t byte) { bytes[at++] = static_cast<std::uint8_t>(byte); };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    if ((a | b | c | d) > kLastDigit) return std::nullopt;
    put(a << 2U | b >> 4U);
    put(b << 4U | c >> 2U);
    put(c << 6U | d);
  }
  if (i == text.size()) return bytes;
  const std::uint32_t a = value(i), b = value(i + 1), c = i + 2 < text.size() ? value(i + 2) : 0;
  if ((a | b | c) > kLastDigit) return std::nullopt;
  put(a << 2U | b >> 4U);
  if (i + 2 < text.size()) put(b << 4U | c >> 2U);
  const std::uint32_t unused = i + 2 < text.size() ? c & 3U : b & 15U;
  if (unused != 0) return std::nullopt;
  return bytes;
}

}  // namespace redan
