// MessagePack (the MessagePack specification, "Formats").
#include <bit>
#include <cmath>

#include "base/reader.hpp"
#include "wamp/codec.hpp"

namespace redan::wamp {
namespace {

class Decoding {
 public:
  Decoding(Bytes bytes, const DecodeLimits& limits) : reader_(bytes), budget_(limits) {}

  [[nodiscard]] bool done() const { return reader_.done(); }

  std::optional<Value> value() {
    if (!budget_.take()) return std::nullopt;
    const std::uint8_t format = reader_.u8();
    if (!reader_.ok()) return std::nullopt;
    if (format <= 0x7f) return Value(std::int64_t{format});
    if (format <= 0x8f) return map(format & 0x0fU);
    if (format <= 0x9f) return array(format & 0x0fU);
    if (format <= 0xbf) return text(format & 0x1fU);
    if (format >= 0xe0) return Value(std::int64_t{static_cast<std::int8_t>(format)});
    return prefixed(format);
  }

 private:
  std::optional<Value> prefixed(std::uint8_t format) {
    switch (format) {
      case 0xc0:
        return Value();
      case 0xc2:
      case 0xc3:
        return Value(format == 0xc3);
      case 0xc4:
        return binary(reader_.u8());
      case 0xc5:
        return binary(reader_.u16());
      case 0xc6:
        return binary(reader_.u32());
      case 0xca:
        return number(double{std::bit_cast<float>(reader_.u32())});
      case 0xcb:
        return number(std::bit_cast<double>(reader_.u64()));
      case 0xcc:
        return number(std::uint64_t{reader_.u8()});
      case 0xcd:
        return number(std::uint64_t{reader_.u16()});
      case 0xce:
        return number(std::uint64_t{reader_.u32()});
      case 0xcf:
        return number(reader_.u64());
      case 0xd0:
        return number(std::int64_t{static_cast<std::int8_t>(reader_.u8())});
      case 0xd1:
        return number(std::int64_t{static_cast<std::int16_t>(reader_.u16())});
      case 0xd2:
        return number(std::int64_t{static_cast<std::int32_t>(reader_.u32())});
      case 0xd3:
        return number(static_cast<std::int64_t>(reader_.u64()));
      case 0xd9:
        return text(reader_.u8());
      case 0xda:
        return text(reader_.u16());
      case 0xdb:
        return text(reader_.u32());
      case 0xdc:
        return array(reader_.u16());
      case 0xdd:
        return array(reader_.u32());
      case 0xde:
        return map(reader_.u16());
      case 0xdf:
        return map(reader_.u32());
      default:  // the unused format, and the extension types
        return std::nullopt;
    }
  }

  std::optional<Value> number(double real) {
    if (!reader_.ok() || !std::isfinite(real)) return std::nullopt;
    return Value(real);
  }
  template <class Integer>
  std::optional<Value> number(Integer integer) {
    if (!reader_.ok()) return std::nullopt;
    return Value(integer);
  }
  std::optional<Value> binary(std::size_t size) {
    const Bytes bytes = reader_.bytes(size);
    if (!reader_.ok()) return std::nullopt;
    return Value(Binary(bytes.begin(), bytes.end()));
  }
  std::optional<Value> text(std::size_t size) {
    const std::string_view text = as_text(reader_.bytes(size));
    if (!reader_.ok() || !is_portable_text(text)) return std::nullopt;
    return Value(text);
  }
  std::optional<Value> array(std::size_t size) {
    if (!reader_.ok() || !budget_.enter(size)) return std::nullopt;
    List list;
    list.reserve(std::min<std::size_t>(size, 16));
    for (std::size_t i = 0; i < size; ++i) {
      auto element = value();
      if (!element) return std::nullopt;
      list.push_back(std::move(*element));
    }
    budget_.leave();
    return Value(std::move(list));
  }
  std::optional<Value> map(std::size_t size) {
    if (!reader_.ok() || !budget_.enter(size)) return std::nullopt;
    Dict dict;
    for (std::size_t i = 0; i < size; ++i) {
      auto key = this->key();
      auto element = key ? value() : std::nullopt;
      if (!element) return std::nullopt;
      dict.append(std::move(*key), std::move(*element));
    }
    budget_.leave();
    if (!keys_are_unique(dict)) return std::nullopt;
    return Value(std::move(dict));
  }
  std::optional<std::string> key() {
    const std::uint8_t format = reader_.u8();
    std::size_t size = format & 0x1fU;
    if (format == 0xd9) {
      size = reader_.u8();
    } else if (format == 0xda) {
      size = reader_.u16();
    } else if (format == 0xdb) {
      size = reader_.u32();
    } else if (format < 0xa0 || format > 0xbf) {
      return std::nullopt;
    }
    const std::string_view text = as_text(reader_.bytes(size));
    if (!reader_.ok() || !is_utf8(text)) return std::nullopt;
    return std::string(text);
  }

  Reader reader_;
  Budget budget_;
};

class Encoding {
 public:
  explicit Encoding(std::vector<std::uint8_t>& out) : out_(out) {}

  void operator()(std::nullptr_t) const { out_.push_back(0xc0); }
  void operator()(bool truth) const { out_.push_back(truth ? 0xc3 : 0xc2); }
  void operator()(std::int64_t number) const {
    if (number >= 0) return (*this)(static_cast<std::uint64_t>(number));
    const auto bits = static_cast<std::uint64_t>(number);
    if (number >= -32) return out_.push_back(static_cast<std::uint8_t>(bits));
    if (number >= INT8_MIN) return head<1>(0xd0, bits);
    if (number >= INT16_MIN) return head<2>(0xd1, bits);
    if (number >= INT32_MIN) return head<4>(0xd2, bits);
    head<8>(0xd3, bits);
  }
  void operator()(std::uint64_t number) const {
    if (number <= 0x7f) return out_.push_back(static_cast<std::uint8_t>(number));
    if (number <= UINT8_MAX) return head<1>(0xcc, number);
    if (number <= UINT16_MAX) return head<2>(0xcd, number);
    if (number <= UINT32_MAX) return head<4>(0xce, number);
    head<8>(0xcf, number);
  }
  void operator()(double number) const {
    if (!std::isfinite(number)) return (*this)(nullptr);
    head<8>(0xcb, std::bit_cast<std::uint64_t>(number));
  }
  void operator()(std::string_view text) const {
    if (text.size() <= 31) {
      out_.push_back(static_cast<std::uint8_t>(0xa0 | text.size()));
    } else if (text.size() <= UINT8_MAX) {
      head<1>(0xd9, text.size());
    } else {
      sized(0xda, text.size());
    }
    append(out_, as_bytes(text));
  }
  void operator()(const std::string& text) const { (*this)(std::string_view(text)); }
  void operator()(const Binary& binary) const {
    if (binary.size() <= UINT8_MAX) {
      head<1>(0xc4, binary.size());
    } else {
      sized(0xc5, binary.size());
    }
    append(out_, binary);
  }
  void operator()(const List& list) const {
    container(0x90, 0xdc, list.size());
    for (const Value& value : list) encode_msgpack(value, out_);
  }
  void operator()(const Dict& dict) const {
    container(0x80, 0xde, dict.size());
    for (const auto& [key, value] : dict) {
      (*this)(std::string_view(key));
      encode_msgpack(value, out_);
    }
  }

 private:
  template <std::size_t N>
  void head(std::uint8_t format, std::uint64_t number) const {
    std::array<std::uint8_t, 1 + N> bytes{format};
    for (std::size_t i = 0; i < N; ++i) bytes[1 + i] = static_cast<std::uint8_t>(number >> (8 * (N - 1 - i)));
    append(out_, bytes);
  }
  /// `format` is the one for a 16-bit size; the one for a 32-bit size follows it.
  void sized(std::uint8_t format, std::size_t size) const {
    if (size <= UINT16_MAX) return head<2>(format, size);
    head<4>(static_cast<std::uint8_t>(format + 1), size);
  }
  void container(std::uint8_t small, std::uint8_t format, std::size_t size) const {
    if (size <= 15) return out_.push_back(static_cast<std::uint8_t>(small | size));
    sized(format, size);
  }

  std::vector<std::uint8_t>& out_;
};

}  // namespace

std::optional<Value> decode_msgpack(Bytes bytes, const DecodeLimits& limits) {
  Decoding decoding(bytes, limits);
  auto value = decoding.value();
  if (!value || !decoding.done()) return std::nullopt;
  return value;
}

void encode_msgpack(const Value& value, std::vector<std::uint8_t>& out) { std::visit(Encoding(out), value.storage()); }

}  // namespace redan::wamp
