// Determines which peer to poll: a ready list and a heap of deadlines, so that the cost of an output does not depend on
// the number of idle peers.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan::peer {

/// Embedded in the scheduled object.
struct ScheduleEntry {
  static constexpr std::size_t kNotQueued = static_cast<std::size_t>(-1);

  TimePoint deadline = kNever;
  std::size_t heap_index = kNotQueued;
  ScheduleEntry* previous = nullptr;
  ScheduleEntry* next = nullptr;
  bool ready = false;
};

class Schedule {
 public:
  /// The entry has new input: it is polled before its deadline.
  void make_ready(ScheduleEntry& entry);
  /// The entry returned Wait: it is not polled before `deadline`.
  void wait(ScheduleEntry& entry, TimePoint deadline);
  void remove(ScheduleEntry& entry);
  /// Moves the entry to the end of the ready list.
  void yield(ScheduleEntry& entry);

  /// The entry to poll now; nullptr if all are waiting.
  ScheduleEntry* next_ready(TimePoint now);
  /// The earliest deadline.
  [[nodiscard]] TimePoint next_deadline() const { return heap_.empty() ? kNever : heap_.front()->deadline; }

 private:
  void unlink(ScheduleEntry& entry);
  void heap_erase(ScheduleEntry& entry);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);
  void place(ScheduleEntry* entry, std::size_t index);

  ScheduleEntry* first_ = nullptr;
  ScheduleEntry* last_ = nullptr;
  std::vector<ScheduleEntry*> heap_;
};

}  // namespace redan::peer
