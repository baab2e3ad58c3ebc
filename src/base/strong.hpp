// Distinct types for ids and sequence numbers.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <type_traits>

namespace redan {

/// An integer type that does not mix with others: Strong<struct StreamIdTag, uint16_t>.
template <class Tag, class T>
struct Strong {
  using value_type = T;
  T value{};

  constexpr Strong() = default;
  constexpr explicit Strong(T v) : value(v) {}
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
};

/// A sequence number that wraps, compared as in RFC 1982. Two numbers half the space apart are neither less nor
/// greater: `a < b` and `b < a` are both false, although they differ.
template <class Tag, class T>
struct Serial {
  static_assert(std::is_unsigned_v<T>);
  using value_type = T;
  using difference_type = std::make_signed_t<T>;
  T value{};

  constexpr Serial() = default;
  constexpr explicit Serial(T v) : value(v) {}

  [[nodiscard]] constexpr Serial next() const { return Serial(static_cast<T>(value + 1U)); }
  [[nodiscard]] constexpr Serial prev() const { return Serial(static_cast<T>(value - 1U)); }
  constexpr Serial& operator++() { return *this = next(); }
  [[nodiscard]] constexpr Serial operator+(T n) const { return Serial(static_cast<T>(value + n)); }
  [[nodiscard]] constexpr Serial operator-(T n) const { return Serial(static_cast<T>(value - n)); }
  /// How far `*this` is ahead of `earlier`, modulo the space.
  [[nodiscard]] constexpr T distance_from(Serial earlier) const { return static_cast<T>(value - earlier.value); }

  friend constexpr bool operator==(Serial, Serial) = default;
  friend constexpr bool operator<(Serial a, Serial b) {
    const T ahead = b.distance_from(a);
    return ahead != 0 && ahead < kHalf;
  }
  friend constexpr bool operator>(Serial a, Serial b) { return b < a; }
  friend constexpr bool operator<=(Serial a, Serial b) { return a == b || a < b; }
  friend constexpr bool operator>=(Serial a, Serial b) { return b <= a; }

 private:
  static constexpr T kHalf = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
};

}  // namespace redan

template <class Tag, class T>
struct std::hash<redan::Strong<Tag, T>> {
  std::size_t operator()(const redan::Strong<Tag, T>& id) const noexcept { return std::hash<T>{}(id.value); }
};
