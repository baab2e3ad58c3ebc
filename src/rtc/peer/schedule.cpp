#include "rtc/peer/schedule.hpp"

namespace redan::peer {

void Schedule::make_ready(ScheduleEntry& entry) {
  if (entry.ready) return;
  entry.ready = true;
  entry.previous = last_;
  entry.next = nullptr;
  (last_ != nullptr ? last_->next : first_) = &entry;
  last_ = &entry;
}

void Schedule::unlink(ScheduleEntry& entry) {
  if (!entry.ready) return;
  entry.ready = false;
  (entry.previous != nullptr ? entry.previous->next : first_) = entry.next;
  (entry.next != nullptr ? entry.next->previous : last_) = entry.previous;
}

void Schedule::wait(ScheduleEntry& entry, TimePoint deadline) {
  unlink(entry);
  if (deadline == entry.deadline && (deadline == kNever || entry.heap_index != ScheduleEntry::kNotQueued)) return;
  heap_erase(entry);
  entry.deadline = deadline;
  if (deadline == kNever) return;
  heap_.push_back(&entry);
  entry.heap_index = heap_.size() - 1;
  sift_up(entry.heap_index);
}

void Schedule::remove(ScheduleEntry& entry) {
  unlink(entry);
  heap_erase(entry);
}

void Schedule::yield(ScheduleEntry& entry) {
  unlink(entry);
  make_ready(entry);
}

ScheduleEntry* Schedule::next_ready(TimePoint now) {
  while (!heap_.empty() && heap_.front()->deadline <= now) {
    ScheduleEntry& due = *heap_.front();
    heap_erase(due);
    due.deadline = kNever;
    make_ready(due);
  }
  return first_;
}

void Schedule::heap_erase(ScheduleEntry& entry) {
  const std::size_t index = entry.heap_index;
  if (index == ScheduleEntry::kNotQueued) return;
  entry.heap_index = ScheduleEntry::kNotQueued;
  ScheduleEntry* moved = heap_.back();
  heap_.pop_back();
  if (moved == &entry) return;
  place(moved, index);
  sift_up(index);
  sift_down(moved->heap_index);
}

void Schedule::place(ScheduleEntry* entry, std::size_t index) {
  heap_[index] = entry;
  entry->heap_index = index;
}

void Schedule::sift_up(std::size_t index) {
  ScheduleEntry* entry = heap_[index];
  while (index > 0 && entry->deadline < heap_[(index - 1) / 2]->deadline) {
    place(heap_[(index - 1) / 2], index);
    index = (index - 1) / 2;
  }
  place(entry, index);
}

void Schedule::sift_down(std::size_t index) {
  ScheduleEntry* entry = heap_[index];
  for (std::size_t child = 2 * index + 1; child < heap_.size(); child = 2 * index + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1]->deadline < heap_[child]->deadline) ++child;
    if (entry->deadline <= heap_[child]->deadline) break;
    place(heap_[child], index);
    index = child;
  }
  place(entry, index);
}

}  // namespace redan::peer
