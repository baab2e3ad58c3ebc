// The bit rate of a stream, from its receiver's reports. It follows the loss as in draft-ietf-rmcat-gcc section 6:
// above 10 % loss the rate falls by half of the loss, below 2 % it rises by 8 % a second, in between it stays. A
// receiver's own estimate (REMB) is an upper limit while it is recent.
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

  /// The start and the maximum change with the picture's size; knowledge about the path is kept.
  void set_limits(RateLimits limits);
  /// From a report about our video, in 1/256.
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
