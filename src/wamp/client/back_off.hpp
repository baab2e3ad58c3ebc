// How long a client waits before it joins again.
#pragma once

#include <algorithm>
#include <redan/random.hpp>
#include <redan/wamp.hpp>

namespace redan::wamp {

class BackOff {
 public:
  explicit BackOff(const Reconnection& reconnection) : config_(reconnection), wait_(first()) {}

  /// Random between the half of the waiting time and the whole, which then doubles up to the longest.
  std::chrono::milliseconds next(RandomSource& random) {
    std::array<std::uint8_t, 2> bytes{};
    random.random(bytes);
    const std::int64_t half = std::max<std::int64_t>(wait_.count() / 2, 1);
    const std::int64_t share = std::int64_t{bytes[0]} << 8 | bytes[1];
    wait_ = std::min(wait_ * 2, longest());
    return std::chrono::milliseconds(half + half * share / 0xFFFF);
  }
  void reset() { wait_ = first(); }

 private:
  // Bounds against a configuration that would wait not at all, or overflow.
  static constexpr std::chrono::milliseconds kLeast{10}, kMost{24 * 3'600'000};
  [[nodiscard]] std::chrono::milliseconds first() const { return std::clamp(config_.first, kLeast, longest()); }
  [[nodiscard]] std::chrono::milliseconds longest() const { return std::clamp(config_.longest, kLeast, kMost); }

  Reconnection config_;
  std::chrono::milliseconds wait_;
};

}  // namespace redan::wamp
