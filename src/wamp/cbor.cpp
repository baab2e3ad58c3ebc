// CBOR (RFC 8949).
#include <bit>
#include <cmath>

#include "base/reader.hpp"
#include "wamp/codec.hpp"

namespace redan::wamp {
namespace {

/// RFC 8949 section 3.1.
enum class Major : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, tag, simple };

// RFC 8949 section 3.3.
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kNull = 22;
constexpr std::uint8_t kUndefined = 23;
constexpr std::uint8_t kHalf = 25;
constexpr std::uint8_t kSingle = 26;
constexpr std::uint8_t kDouble = 27;
constexpr std::uint8_t kIndefinite = 31;
constexpr std::uint8_t kBreak = 0xff;

// RFC 8949 appendix D.
double half_precision(std::uint16_t half) {
  const int exponent = half >> 10U & 0x1f;
  const double fraction = half & 0x3ffU;
  double number = 0;
  if (exponent == 0) {
    number = std::ldexp(fraction, -24);
  } else if (exponent != 31) {
    number = std::ldexp(fraction + 1024, exponent - 25);
  } else {
    number = HUGE_VAL;  // or NaN: both are refused
  }
  return (half & 0x8000U) != 0 ? -number : number;
}

class Decoding {
 public:
  Decoding(Bytes bytes, const DecodeLimits& limits) : rest_(bytes), reader_(bytes), budget_(limits) {}

  [[nodiscard]] bool done() const { return reader_.done(); }

  std::optional<Value> value() {
    if (!budget_.take()) return std::nullopt;
    const Head head = this->head();
    if (!reader_.ok()) return std::nullopt;
    switch (head.major) {
      case Major::unsigned_integer:
        return head.indefinite() ? std::nullopt : std::optional<Value>(head.argument);
      case Major::negative_integer:
        return negative(head);
      case Major::bytes:
        return bytes(head);
      case Major::text:
        return text(head);
      case Major::array:
        return array(head);
      case Major::map:
        return map(head);
      case Major::simple:
        return simple(head);
      case Major::tag:
        break;
    }
    return std::nullopt;
  }

 private:
  struct Head {
    Major major{};
    std::uint8_t additional = 0;
    std::uint64_t argument = 0;
    [[nodiscard]] bool indefinite() const { return additional == kIndefinite; }
  };

  Head head() {
    const std::uint8_t first = reader_.u8();
    Head head{static_cast<Major>(first >> 5U), static_cast<std::uint8_t>(first & 0x1fU), 0};
    if (head.additional < 24) {
      head.argument = head.additional;
    } else if (head.additional <= 27) {
      head.argument = argument(head.additional);
    } else if (head.additional != kIndefinite) {
      reader_.fail();
    }
    return head;
  }
  std::uint64_t argument(std::uint8_t additional) {
    if (additional == 24) return reader_.u8();
    if (additional == 25) return reader_.u16();
    return additional == 26 ? reader_.u32() : reader_.u64();
  }

  static std::optional<Value> negative(const Head& head) {
    if (head.indefinite() || head.argument > std::uint64_t{INT64_MAX}) return std::nullopt;
    return Value(-1 - static_cast<std::int64_t>(head.argument));
  }
  static std::optional<Value> simple(const Head& head) {
    switch (head.additional) {
      case kFalse:
      case kTrue:
        return Value(head.additional == kTrue);
      case kNull:
      case kUndefined:
        return Value();
      case kHalf:
        return real(half_precision(static_cast<std::uint16_t>(head.argument)));
      case kSingle:
        return real(std::bit_cast<float>(static_cast<std::uint32_t>(head.argument)));
      case kDouble:
        return real(std::bit_cast<double>(head.argument));
      default:
        return std::nullopt;
    }
  }
  static std::optional<Value> real(double number) {
    if (!std::isfinite(number)) return std::nullopt;
    return Value(number);
  }

  /// Passes all chunks of a byte or text string to `take`, which may refuse one. Section 3.2.3.
  template <class Take>
  bool chunks(const Head& head, Take&& take) {
    if (!head.indefinite()) return chunk(head, take);
    while (!at_break()) {
      const Head next = this->head();
      if (next.major != head.major || next.indefinite() || !budget_.take() || !chunk(next, take)) return false;
    }
    return reader_.ok();
  }
  template <class Take>
  bool chunk(const Head& head, Take& take) {
    if (head.argument > reader_.remaining()) reader_.fail();
    const Bytes bytes = reader_.bytes(static_cast<std::size_t>(head.argument));
    return reader_.ok() && take(bytes);
  }

  std::optional<Value> bytes(const Head& head) {
    Binary binary;
    const bool taken = chunks(head, [&](Bytes chunk) {
      append(binary, chunk);
      return true;
    });
    if (!taken) return std::nullopt;
    return Value(std::move(binary));
  }
  std::optional<std::string> utf8(const Head& head) {
    std::string text;
    const bool taken = chunks(head, [&](Bytes chunk) {
      text += as_text(chunk);
      return is_utf8(as_text(chunk));
    });
    if (!taken) return std::nullopt;
    return text;
  }
  std::optional<Value> text(const Head& head) {
    auto text = utf8(head);
    if (!text || text->starts_with('\0')) return std::nullopt;
    return Value(std::move(*text));
  }

  /// Whether a container has another element; consumes the break.
  bool more(const Head& head, std::size_t so_far) {
    return head.indefinite() ? reader_.ok() && !at_break() : so_far < head.argument;
  }
  std::optional<Value> array(const Head& head) {
    if (!budget_.enter(head.argument)) return std::nullopt;
    List list;
    if (!head.indefinite()) list.reserve(std::min<std::size_t>(head.argument, 16));
    while (more(head, list.size())) {
      auto element = value();
      if (!element) return std::nullopt;
      list.push_back(std::move(*element));
    }
    budget_.leave();
    return Value(std::move(list));
  }
  std::optional<Value> map(const Head& head) {
    if (!budget_.enter(head.argument)) return std::nullopt;
    Dict dict;
    while (more(head, dict.size())) {
      const Head of_key = this->head();
      auto key = reader_.ok() && of_key.major == Major::text ? utf8(of_key) : std::nullopt;
      auto element = key ? value() : std::nullopt;
      if (!element) return std::nullopt;
      dict.append(std::move(*key), std::move(*element));
    }
    budget_.leave();
    if (!keys_are_unique(dict)) return std::nullopt;
    return Value(std::move(dict));
  }

  bool at_break() {
    if (reader_.empty() || rest_[rest_.size() - reader_.remaining()] != kBreak) return false;
    reader_.skip(1);
    return true;
  }

  Bytes rest_;
  Reader reader_;
  Budget budget_;
};

class Encoding {
 public:
  explicit Encoding(std::vector<std::uint8_t>& out) : out_(out) {}

  void operator()(std::nullptr_t) const { head(Major::simple, kNull); }
  void operator()(bool truth) const { head(Major::simple, truth ? kTrue : kFalse); }
  void operator()(std::int64_t number) const {
    if (number >= 0) return head(Major::unsigned_integer, static_cast<std::uint64_t>(number));
    head(Major::negative_integer, static_cast<std::uint64_t>(-1 - number));
  }
  void operator()(std::uint64_t number) const { head(Major::unsigned_integer, number); }
  void operator()(double number) const {
    if (!std::isfinite(number)) return (*this)(nullptr);
    big<8>(Major::simple, kDouble, std::bit_cast<std::uint64_t>(number));
  }
  void operator()(std::string_view text) const {
    head(Major::text, text.size());
    append(out_, as_bytes(text));
  }
  void operator()(const std::string& text) const { (*this)(std::string_view(text)); }
  void operator()(const Binary& binary) const {
    head(Major::bytes, binary.size());
    append(out_, binary);
  }
  void operator()(const List& list) const {
    head(Major::array, list.size());
    for (const Value& value : list) encode_cbor(value, out_);
  }
  void operator()(const Dict& dict) const {
    head(Major::map, dict.size());
    for (const auto& [key, value] : dict) {
      (*this)(std::string_view(key));
      encode_cbor(value, out_);
    }
  }

 private:
  void head(Major major, std::uint64_t argument) const {
    if (argument < 24) return out_.push_back(first(major, static_cast<std::uint8_t>(argument)));
    if (argument <= UINT8_MAX) return big<1>(major, 24, argument);
    if (argument <= UINT16_MAX) return big<2>(major, 25, argument);
    if (argument <= UINT32_MAX) return big<4>(major, 26, argument);
    big<8>(major, 27, argument);
  }
  template <std::size_t N>
  void big(Major major, std::uint8_t additional, std::uint64_t argument) const {
    std::array<std::uint8_t, 1 + N> bytes{first(major, additional)};
    for (std::size_t i = 0; i < N; ++i) bytes[1 + i] = static_cast<std::uint8_t>(argument >> (8 * (N - 1 - i)));
    append(out_, bytes);
  }
  static std::uint8_t first(Major major, std::uint8_t additional) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5U | additional);
  }

  std::vector<std::uint8_t>& out_;
};

}  // namespace

std::optional<Value> decode_cbor(Bytes bytes, const DecodeLimits& limits) {
  Decoding decoding(bytes, limits);
  auto value = decoding.value();
  if (!value || !decoding.done()) return std::nullopt;
  return value;
}

void encode_cbor(const Value& value, std::vector<std::uint8_t>& out) { std::visit(Encoding(out), value.storage()); }

}  // namespace redan::wamp
