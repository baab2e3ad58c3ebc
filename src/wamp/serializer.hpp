// The three serializations: wamp.2.json, wamp.2.msgpack, wamp.2.cbor. Each is a bounded codec between bytes and Values.
//
// JSON (RFC 8259): binary is a string of U+0000 and base64 (WAMP, "Binary conversion of JSON strings"). MessagePack and
// CBOR (RFC 8949): definite and indefinite lengths, 64-bit integers, CBOR undefined as null. All of them refuse: text
// that is not UTF-8; in MessagePack and CBOR, text that would be binary in JSON (U+0000 first); duplicate keys and keys
// that are not text; NaN and infinity (absent in JSON); tags and extension types; bytes after the value; and anything
// that exceeds a limit. Integers beyond 64 bits are refused; in JSON they are rounded to a double.
#pragma once

#include <redan/error.hpp>

#include <redan/wamp_types.hpp>

namespace redan::wamp {

inline constexpr std::array kSerializers = {Serializer::json, Serializer::msgpack, Serializer::cbor};

/// "wamp.2.json", as a WebSocket subprotocol.
std::string_view subprotocol(Serializer serializer);
std::optional<Serializer> parse_subprotocol(std::string_view name);

struct DecodeLimits {
  std::size_t max_size = 1024 * 1024;  ///< bytes of the whole
  std::size_t max_depth = 32;          ///< nesting of lists and dictionaries
  std::size_t max_values = 64 * 1024;  ///< limits the expansion of a small message
};

/// nullopt unless it is exactly one value within the limits.
std::optional<Value> decode(Serializer serializer, Bytes bytes, const DecodeLimits& limits = {});
/// Integers and lengths in their shortest form, doubles with 64 bits; in JSON the fewest digits that read back to the
/// same value, with ".0" or an exponent, so that a double remains a double. NaN and infinity, which decode() never
/// returns, become null. All text in `value` must be UTF-8.
std::vector<std::uint8_t> encode(Serializer serializer, const Value& value);

}  // namespace redan::wamp
