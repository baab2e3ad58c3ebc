// Notices when an association has fallen idle, so that memory kept for reuse can go.
#pragma once

#include <redan/types.hpp>

#include <utility>

namespace redan::sctp {

class IdleTimer {
 public:
  static constexpr Duration kDelay = std::chrono::seconds(2);

  /// User data came or went.
  void note_data() { data_seen_ = true; }
  /// With each poll: whether anything is queued, in flight or waiting to be read.
  void update(TimePoint now, bool busy) {
    if (busy) deadline_ = kNever;
    if (!busy && data_seen_ && deadline_ == kNever) deadline_ = now + kDelay;
  }
  /// True once, when nothing has happened for the delay.
  bool expired(TimePoint now) {
    if (now < deadline_) return false;
    deadline_ = kNever;
    return std::exchange(data_seen_, false);
  }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  bool data_seen_ = false;
  TimePoint deadline_ = kNever;
};

}  // namespace redan::sctp
