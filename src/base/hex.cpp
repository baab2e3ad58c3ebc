#include "base/hex.hpp"

namespace redan {
namespace {

std::string write(Bytes bytes, std::string_view digits, bool colons) {
  std::string text;
  text.reserve(bytes.size() * 3);
  for (const std::uint8_t byte : bytes) {
    if (colons && !text.empty()) text.push_back(':');
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 15U]);
  }
  return text;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(Bytes bytes) { return write(bytes, "0123456789abcdef", false); }
std::string to_colon_hex(Bytes bytes) { return write(bytes, "0123456789ABCDEF", true); }

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text, HexForm form) {
  const std::size_t step = form == HexForm::colons ? 3 : 2;
  if (form == HexForm::colons ? text.size() % 3 != 2 : text.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / step + 1);
  for (std::size_t i = 0; i < text.size(); i += step) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0 || (step == 3 && i + 2 < text.size() && text[i + 2] != ':')) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

}  // namespace redan
