#include "rtc/ice/credentials.hpp"

namespace redan::ice {
namespace {

// RFC 8839 section 5.4: ice-char is ALPHA / DIGIT / "+" / "/". These are 64 characters, so each encodes six bits
// without bias.
constexpr std::string_view kIceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string ice_chars(RandomSource& random, std::size_t count) {
  std::string text(count, '\0');
  random.random({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  for (char& c : text) c = kIceChars[static_cast<std::uint8_t>(c) & 63U];
  return text;
}

}  // namespace

Credentials Credentials::make(RandomSource& random) { return {ice_chars(random, 8), ice_chars(random, 24)}; }

}  // namespace redan::ice
