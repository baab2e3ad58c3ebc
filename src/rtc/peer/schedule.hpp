// Which peer has something to do: a ready list and a heap of deadlines, so that an output costs the same with one peer
// and with thousands of idle ones.
#pragma once

#include <redan/types.hpp>
#include <vector>

namespace redan::peer {

/// Lives inside what is scheduled.
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
  /// Something came in for it: it is polled before its deadline.
  void make_ready(ScheduleEntry& entry);
  /// It said Wait: not before `deadline`.
  void wait(ScheduleEntry& entry, TimePoint deadline);
  void remove(ScheduleEntry& entry);
  /// To the end of the ready list: others first.
  void yield(ScheduleEntry& entry);

  /// The entry to poll now; nullptr if all wait.
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
