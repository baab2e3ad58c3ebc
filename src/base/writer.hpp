// The counterpart of Reader: a bounded big-endian cursor over a caller's buffer. Failure is sticky; call ok() once at
// the end.
#pragma once

#include <algorithm>
#include <redan/types.hpp>
#include <type_traits>

namespace redan {

class Writer {
 public:
  constexpr explicit Writer(MutableBytes buffer) : buffer_(buffer) {}

  constexpr void u8(std::uint8_t v) { integer<1>(v); }
  constexpr void u16(std::uint16_t v) { integer<2>(v); }
  constexpr void u24(std::uint32_t v) { integer<3>(v); }
  constexpr void u32(std::uint32_t v) { integer<4>(v); }
  constexpr void u48(std::uint64_t v) { integer<6>(v); }
  constexpr void u64(std::uint64_t v) { integer<8>(v); }

  constexpr void bytes(Bytes data) {
    const MutableBytes space = reserve(data.size());
    if (space.size() == data.size()) std::copy(data.begin(), data.end(), space.begin());
  }
  constexpr void zeros(std::size_t n) {
    const MutableBytes space = reserve(n);
    std::fill(space.begin(), space.end(), std::uint8_t{0});
  }
  /// n bytes of the buffer, to be filled by the caller; empty after a failure.
  constexpr MutableBytes reserve(std::size_t n) {
    if (failed_ || n > buffer_.size() - used_) {
      failed_ = true;
      return {};
    }
    const MutableBytes space = buffer_.subspan(used_, n);
    used_ += n;
    return space;
  }

  /// TLS vectors: a length of 8, 16 or 24 bits, then the bytes.
  constexpr void opaque8(Bytes data) {
    prefixed8([&](Writer& w) { w.bytes(data); });
  }
  constexpr void opaque16(Bytes data) {
    prefixed16([&](Writer& w) { w.bytes(data); });
  }
  constexpr void opaque24(Bytes data) {
    prefixed24([&](Writer& w) { w.bytes(data); });
  }

  /// The same with a callback that writes the body: prefixed16([&](Writer& w) { w.u16(1); }).
  template <class Body>
  constexpr void prefixed8(Body&& body) {
    prefixed<1>(body);
  }
  template <class Body>
  constexpr void prefixed16(Body&& body) {
    prefixed<2>(body);
  }
  template <class Body>
  constexpr void prefixed24(Body&& body) {
    prefixed<3>(body);
  }

  constexpr void fail() { failed_ = true; }
  [[nodiscard]] constexpr bool ok() const { return !failed_; }
  [[nodiscard]] constexpr std::size_t size() const { return used_; }
  [[nodiscard]] constexpr std::size_t space() const { return failed_ ? 0 : buffer_.size() - used_; }
  /// What was written; empty after a failure.
  [[nodiscard]] constexpr MutableBytes written() const { return failed_ ? MutableBytes{} : buffer_.first(used_); }

 private:
  template <std::size_t N>
  static constexpr void store(MutableBytes space, std::uint64_t v) {
    if (space.size() != N) return;
    if (!std::is_constant_evaluated()) {
      v = __builtin_bswap64(v << (64 - 8 * N));
      std::memcpy(space.data(), &v, N);
      return;
    }
    for (std::size_t i = 0; i < N; ++i) space[i] = static_cast<std::uint8_t>(v >> (8 * (N - 1 - i)));
  }
  template <std::size_t N>
  constexpr void integer(std::uint64_t v) {
    store<N>(reserve(N), v);
  }
  template <std::size_t N, class Body>
  constexpr void prefixed(Body&& body) {
    const MutableBytes length = reserve(N);
    const std::size_t start = used_;
    body(*this);
    const std::size_t n = used_ - start;
    if (n >> (8 * N) != 0) fail();
    if (!failed_) store<N>(length, n);
  }

  MutableBytes buffer_;
  std::size_t used_ = 0;
  bool failed_ = false;
};

}  // namespace redan
