// A table of timers: one optional deadline per enumerator.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <redan/types.hpp>

namespace redan {

/// `Timer` is an enum class whose last enumerator is `count_`.
template <class Timer>
class TimerTable {
 public:
  TimerTable() { deadlines_.fill(kNever); }

  void set(Timer timer, TimePoint deadline) { at(timer) = deadline; }
  void stop(Timer timer) { at(timer) = kNever; }
  void stop_all() { deadlines_.fill(kNever); }
  [[nodiscard]] bool running(Timer timer) const { return deadlines_[static_cast<std::size_t>(timer)] != kNever; }
  [[nodiscard]] TimePoint deadline(Timer timer) const { return deadlines_[static_cast<std::size_t>(timer)]; }
  /// Returns true once per expiry: the call stops an expired timer.
  bool expired(Timer timer, TimePoint now) {
    if (at(timer) > now) return false;
    stop(timer);
    return true;
  }
  [[nodiscard]] TimePoint next() const { return *std::min_element(deadlines_.begin(), deadlines_.end()); }

 private:
  TimePoint& at(Timer timer) { return deadlines_[static_cast<std::size_t>(timer)]; }
  std::array<TimePoint, static_cast<std::size_t>(Timer::count_)> deadlines_;
};

}  // namespace redan
