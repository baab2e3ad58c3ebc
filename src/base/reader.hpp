// A bounded big-endian cursor over received bytes. Failure is sticky: read the fields in wire order and call done()
// once.
#pragma once

#include <redan/types.hpp>
#include <type_traits>

namespace redan {

class Reader {
 public:
  constexpr explicit Reader(Bytes bytes) : rest_(bytes) {}

  constexpr std::uint8_t u8() { return static_cast<std::uint8_t>(integer<1>()); }
  constexpr std::uint16_t u16() { return static_cast<std::uint16_t>(integer<2>()); }
  constexpr std::uint32_t u24() { return static_cast<std::uint32_t>(integer<3>()); }
  constexpr std::uint32_t u32() { return static_cast<std::uint32_t>(integer<4>()); }
  constexpr std::uint64_t u48() { return integer<6>(); }
  constexpr std::uint64_t u64() { return integer<8>(); }

  /// The next n bytes, borrowed from the input; empty after a failure.
  constexpr Bytes bytes(std::size_t n) {
    if (n > rest_.size()) {
      fail();
      return {};
    }
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  /// All remaining bytes.
  constexpr Bytes rest() { return bytes(rest_.size()); }
  constexpr void skip(std::size_t n) { bytes(n); }

  /// TLS vectors: a length of 8, 16 or 24 bits, then that many bytes.
  constexpr Bytes opaque8() { return bytes(u8()); }
  constexpr Bytes opaque16() { return bytes(u16()); }
  constexpr Bytes opaque24() { return bytes(u24()); }

  /// The same, as a cursor over the vector. A failed read gives a failed cursor.
  constexpr Reader prefixed8() { return nested(opaque8()); }
  constexpr Reader prefixed16() { return nested(opaque16()); }
  constexpr Reader prefixed24() { return nested(opaque24()); }

  constexpr void fail() {
    failed_ = true;
    rest_ = {};
  }
  /// Every read so far was within bounds.
  [[nodiscard]] constexpr bool ok() const { return !failed_; }
  /// ok(), and no bytes remain.
  [[nodiscard]] constexpr bool done() const { return !failed_ && rest_.empty(); }
  [[nodiscard]] constexpr bool empty() const { return rest_.empty(); }
  [[nodiscard]] constexpr std::size_t remaining() const { return rest_.size(); }

 private:
  template <std::size_t N>
  constexpr std::uint64_t integer() {
    const Bytes field = bytes(N);
    if (field.size() != N) return 0;
    if (!std::is_constant_evaluated()) {
      // g++ 12 does not turn the loop below into a byte swap.
      std::uint64_t value = 0;
      std::memcpy(reinterpret_cast<std::uint8_t*>(&value) + (8 - N), field.data(), N);
      return __builtin_bswap64(value);
    }
    std::uint64_t value = 0;
    for (const std::uint8_t byte : field) value = value << 8U | byte;
    return value;
  }
  [[nodiscard]] constexpr Reader nested(Bytes body) const {
    Reader reader(body);
    if (failed_) reader.fail();
    return reader;
  }

  Bytes rest_;
  bool failed_ = false;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the run-time path of Reader and Writer swaps bytes");

}  // namespace redan
