#include "wamp/serializer.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "wamp/codec.hpp"

namespace redan::wamp {
namespace {

constexpr std::array<std::string_view, kSerializers.size()> kSubprotocols = {"wamp.2.json", "wamp.2.msgpack",
                                                                             "wamp.2.cbor"};
// Below this number, comparing all pairs is faster than sorting.
constexpr std::size_t kFewKeys = 8;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

/// The size of the character at the beginning of `text`, which must not be empty; 0 if it is invalid (RFC 3629 section
/// 4).
std::size_t character(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = at(0);
  const unsigned second = at(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return bad ? 0 : size;
}

std::size_t skip_ascii(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    if ((eight & 0x8080'8080'8080'8080U) != 0) break;
  }
  return at;
}

}  // namespace

std::string_view subprotocol(Serializer serializer) { return kSubprotocols[static_cast<std::size_t>(serializer)]; }

std::optional<Serializer> parse_subprotocol(std::string_view name) {
  const auto at = std::find(kSubprotocols.begin(), kSubprotocols.end(), name);
  if (at == kSubprotocols.end()) return std::nullopt;
  return kSerializers[static_cast<std::size_t>(at - kSubprotocols.begin())];
}

std::optional<Value> decode(Serializer serializer, Bytes bytes, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_size) return std::nullopt;
  switch (serializer) {
    case Serializer::json:
      return decode_json(bytes, limits);
    case Serializer::msgpack:
      return decode_msgpack(bytes, limits);
    case Serializer::cbor:
      return decode_cbor(bytes, limits);
  }
  return std::nullopt;
}

std::vector<std::uint8_t> encode(Serializer serializer, const Value& value) {
  std::vector<std::uint8_t> out;
  out.reserve(256);
  switch (serializer) {
    case Serializer::json:
      encode_json(value, out);
      break;
    case Serializer::msgpack:
      encode_msgpack(value, out);
      break;
    case Serializer::cbor:
      encode_cbor(value, out);
      break;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = skip_ascii(text, 0); at < text.size(); at = skip_ascii(text, at)) {
    const std::size_t size = character(text.substr(at));
    if (size == 0) return false;
    at += size;
  }
  return true;
}

bool is_portable_text(std::string_view text) { return !text.starts_with('\0') && is_utf8(text); }

bool keys_are_unique(const Dict& dict) {
  if (dict.size() <= kFewKeys) {
    for (auto one = dict.begin(); one != dict.end(); ++one) {
      const bool twice = std::any_of(dict.begin(), one, [&](const auto& other) { return other.first == one->first; });
      if (twice) return false;
    }
    return true;
  }
  std::vector<std::string_view> keys;
  keys.reserve(dict.size());
  for (const auto& [key, value] : dict) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

}  // namespace redan::wamp
