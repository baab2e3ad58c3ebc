// How many public-key operations a peer may cost before it is proven: an attacker can forge the messages that ask for
// them. A burst, then one operation for each interval. The genuine peer repeats what is dropped; a peer that repeats a
// message or shows the expected certificate may cost more than others.
#pragma once

#include <algorithm>
#include <redan/types.hpp>

namespace redan::dtls {

/// How credible the messages are that ask for an operation. The expected certificate is the one whose fingerprint the
/// session description announced.
enum class Priority : std::uint8_t {
  low,     ///< a hello, or a flight with an unexpected certificate
  medium,  ///< a hello that was dropped and comes again, or a flight with the expected certificate
  high,    ///< a flight with the expected certificate that was dropped and comes again
};

class WorkBudget {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(20);
  /// Each priority may take so many operations more than the one below it.
  static constexpr std::int64_t kShare = 8;
  static constexpr std::int64_t kBurst = 3 * kShare;

  /// Takes all of the operations, or none and returns false.
  bool take(TimePoint now, Priority priority, std::size_t operations) {
    refill(now);
    const auto wanted = static_cast<std::int64_t>(operations);
    const std::int64_t reserved = kShare * (static_cast<int>(Priority::high) - static_cast<int>(priority));
    if (left_ < reserved + wanted) return false;
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
