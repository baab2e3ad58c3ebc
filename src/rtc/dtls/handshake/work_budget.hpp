// How many public-key operations a peer may cost before it is proven: an attacker can forge what asks for them. A
// burst, then one for each interval. What is dropped the genuine peer repeats; and a peer that repeats a message or
// shows the promised certificate may take more than a stranger.
#pragma once

#include <algorithm>
#include <redan/types.hpp>

namespace redan::dtls {

/// Who asks, the least credible first.
enum class Claim : std::uint8_t {
  stranger,   ///< sent a hello, or shows a certificate that nobody promised
  promising,  ///< repeats a hello that was dropped, or shows the promised certificate
  insistent,  ///< shows the promised certificate and repeats a flight that was dropped
};

class WorkBudget {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(20);
  /// Each kind of claim may take so many more than the one before it.
  static constexpr std::int64_t kShare = 8;
  static constexpr std::int64_t kBurst = 3 * kShare;

  /// All of them or none.
  bool take(TimePoint now, Claim claim, std::size_t operations) {
    refill(now);
    const auto wanted = static_cast<std::int64_t>(operations);
    const std::int64_t kept_from = kShare * (static_cast<int>(Claim::insistent) - static_cast<int>(claim));
    if (left_ < kept_from + wanted) return false;
    left_ -= wanted;
    return true;
  }

 private:
  void refill(TimePoint now) {
    const std::int64_t intervals = std::max<std::int64_t>(0, (now - refilled_) / kInterval);
    left_ = std::min(kBurst, left_ + intervals);
    refilled_ += intervals * kInterval;
  }

  std::int64_t left_ = kBurst;
  TimePoint refilled_{};
};

}  // namespace redan::dtls
