// When a FORWARD TSN goes (RFC 3758 section 3.5).
#pragma once

#include <redan/types.hpp>

namespace redan::sctp {

/// A peer whose SACKs make us abandon one message after the other gets one FORWARD TSN for many of them.
class ForwardTsnSchedule {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(5);

  void owe() { owed_ = true; }
  [[nodiscard]] bool due(TimePoint now) const { return owed_ && now >= not_before_; }
  void on_sent(TimePoint now) {
    owed_ = false;
    not_before_ = now + kInterval;
  }
  /// There was nothing to skip after all.
  void cancel() { owed_ = false; }
  [[nodiscard]] TimePoint deadline() const { return owed_ ? not_before_ : kNever; }

 private:
  bool owed_ = false;
  TimePoint not_before_ = TimePoint::min();
};

}  // namespace redan::sctp
