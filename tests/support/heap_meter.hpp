// Measures the program's heap. Replaces operator new and delete, so include it in only one source file of a program.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>

namespace redan::test {

/// Measures from its construction on.
class HeapMeter {
 public:
  HeapMeter() : start_(live) { peak = live; }
  /// The memory that this thread holds now, including malloc's rounding.
  [[nodiscard]] static std::size_t held_bytes() { return live; }
  /// The most memory held at once.
  [[nodiscard]] std::size_t peak_bytes() const { return peak - std::min(peak, start_); }

  static void* take(std::size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) std::abort();
    live += malloc_usable_size(memory);
    peak = std::max(peak, live);
    return memory;
  }
  static void give_back(void* memory) {
    live -= malloc_usable_size(memory);
    std::free(memory);
  }

 private:
  static inline thread_local std::size_t live = 0;
  static inline thread_local std::size_t peak = 0;
  std::size_t start_;
};

/// Processor time of this thread in seconds, independent of other programs.
inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace redan::test

void* operator new(std::size_t size) { return redan::test::HeapMeter::take(size); }
void* operator new[](std::size_t size) { return redan::test::HeapMeter::take(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return redan::test::HeapMeter::take(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return redan::test::HeapMeter::take(size); }
void operator delete(void* memory) noexcept { redan::test::HeapMeter::give_back(memory); }
void operator delete[](void* memory) noexcept { redan::test::HeapMeter::give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { redan::test::HeapMeter::give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { redan::test::HeapMeter::give_back(memory); }
