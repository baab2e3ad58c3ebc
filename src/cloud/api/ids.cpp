#include "cloud/api/ids.hpp"

#include "base/hex.hpp"

namespace redan::cloud::api {

std::string new_id(RandomSource& random, WallTime now) {
  std::array<std::uint8_t, 12> bytes{};
  random.random(MutableBytes(bytes).subspan(4));
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(now.seconds_since_1970 >> (8 * (3 - i)));
  }
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";
  std::string text;
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = pending << 8U | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[pending >> (bits - 5) & 31U];
  }
  text += kAlphabet[pending << (5 - bits) & 31U];
  return text;
}

std::string new_uuid(RandomSource& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.random(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  const std::string hex = to_hex(bytes);
  const std::string_view digits = hex;
  std::string text(digits.substr(0, 8));
  for (const auto& [at, length] : {std::pair(8, 4), std::pair(12, 4), std::pair(16, 4), std::pair(20, 12)}) {
    text.append("-").append(digits.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(length)));
  }
  return text;
}

bool is_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 63 || !plain(text.front())) return false;
  for (const char c : text) {
    if (!plain(c) && c != '-' && c != '.' && c != '_') return false;
  }
  return true;
}

}  // namespace redan::cloud::api
