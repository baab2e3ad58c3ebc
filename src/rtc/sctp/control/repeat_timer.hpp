// A control chunk that is sent again until it is answered.
#pragma once

#include <algorithm>

#include "rtc/sctp/tx/rto.hpp"

namespace redan::sctp {

/// The chunk is due at once, and again after each timeout. The timeout doubles each time (RFC 9260 section 6.3.3); no
/// other timer of the association is affected.
class RepeatTimer {
 public:
  explicit RepeatTimer(Duration timeout) : timeout_(timeout) {}

  [[nodiscard]] bool due() const { return due_; }
  void make_due() { due_ = true; }
  /// The chunk was sent, or the peer asked for more time.
  void wait(TimePoint now) {
    due_ = false;
    deadline_ = now + timeout_;
  }
  /// True once for each timeout: the chunk is due again.
  bool expired(TimePoint now) {
    if (now < deadline_) return false;
    deadline_ = kNever;
    due_ = true;
    ++timeouts_;
    timeout_ = std::min(2 * timeout_, Rto::kMax);
    return true;
  }
  [[nodiscard]] unsigned timeouts() const { return timeouts_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  bool due_ = true;
  unsigned timeouts_ = 0;
  Duration timeout_;
  TimePoint deadline_ = kNever;
};

}  // namespace redan::sctp
