// Internals shared by the three serializations. Included by .cpp files only.
#pragma once

#include "wamp/serializer.hpp"

namespace redan::wamp {

std::optional<Value> decode_json(Bytes bytes, const DecodeLimits& limits);
std::optional<Value> decode_msgpack(Bytes bytes, const DecodeLimits& limits);
std::optional<Value> decode_cbor(Bytes bytes, const DecodeLimits& limits);

/// They append to `out`.
void encode_json(const Value& value, std::vector<std::uint8_t>& out);
void encode_msgpack(const Value& value, std::vector<std::uint8_t>& out);
void encode_cbor(const Value& value, std::vector<std::uint8_t>& out);

/// RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
/// Whether all serializations can carry the text: UTF-8, without U+0000 at the beginning, which marks binary in JSON.
bool is_portable_text(std::string_view text);
/// O(n log n), because the keys are untrusted.
bool keys_are_unique(const Dict& dict);

inline void append(std::vector<std::uint8_t>& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// The remaining limits while one value is decoded.
class Budget {
 public:
  explicit Budget(const DecodeLimits& limits) : values_(limits.max_values), depth_(limits.max_depth) {}

  /// Counts one more value. False if there are too many.
  [[nodiscard]] bool take() { return values_-- > 0; }
  /// Enters a list or dictionary of at least `size` values. False if it is nested too deep or too large.
  [[nodiscard]] bool enter(std::uint64_t size) {
    if (depth_ == 0 || size > values_) return false;
    --depth_;
    return true;
  }
  void leave() { ++depth_; }

 private:
  std::size_t values_;
  std::size_t depth_;
};

}  // namespace redan::wamp
