// How many bits a second a stream may have, from what its receiver reports. By loss, as
// draft-ietf-rmcat-gcc section 6 has it: above 10 % lost the rate falls by half of what was lost, below 2 % it rises by
// 8 % a second, between them it stays. A receiver's own estimate (REMB) is a ceiling while it is fresh.
#pragma once

#include <algorithm>
#include <redan/types.hpp>

namespace redan::rtp {

struct RateLimits {
  std::uint32_t least = 100'000, start = 1'000'000, most = 3'000'000;  ///< bits per second
};

class RateControl {
 public:
  explicit RateControl(RateLimits limits) : limits_(limits), by_loss_(limits.start) {}

  /// The start and the ceiling change with the picture's size; what is known about the path stays.
  void set_limits(RateLimits limits);
  /// From a report about our video: of 256.
  void on_loss(TimePoint now, std::uint8_t fraction);
  void on_estimate(TimePoint now, std::uint64_t bits_per_second);

  [[nodiscard]] std::uint32_t target(TimePoint now) const;

 private:
  RateLimits limits_;
  double by_loss_;
  std::optional<TimePoint> last_loss_{}, last_cut_{};
  std::uint64_t estimate_ = 0;
  std::optional<TimePoint> estimated_{};
};

}  // namespace redan::rtp
