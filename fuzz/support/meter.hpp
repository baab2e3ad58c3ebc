// Measures one party of a fuzz target: the memory it holds and the time it takes. Include it once in a program, because
// it replaces operator new.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace redan::fuzz {

struct Meter {
  std::size_t memory = 0;           ///< allocated within Metered scopes and not freed yet, bytes
  std::chrono::nanoseconds time{};  ///< within Metered scopes
};

inline Meter* g_meter = nullptr;

/// Allocations and time in its scope are added to the party's meter, which must outlive the allocations.
class Metered {
 public:
  explicit Metered(Meter& meter) : meter_(meter), start_(Clock::now()) { g_meter = &meter; }
  Metered(const Metered&) = delete;
  Metered& operator=(const Metered&) = delete;
  ~Metered() {
    meter_.time += Clock::now() - start_;
    g_meter = nullptr;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Meter& meter_;
  Clock::time_point start_;
};

/// In front of each block.
struct alignas(std::max_align_t) BlockHead {
  std::size_t size;
  Meter* meter;
};

inline void* allocate(std::size_t size) {
  auto* head = static_cast<BlockHead*>(std::malloc(sizeof(BlockHead) + size));
  if (head == nullptr) std::abort();
  *head = {size, g_meter};
  if (g_meter != nullptr) g_meter->memory += size;
  return head + 1;
}

inline void release(void* memory) {
  if (memory == nullptr) return;
  BlockHead* head = static_cast<BlockHead*>(memory) - 1;
  if (head->meter != nullptr) head->meter->memory -= head->size;
  std::free(head);
}

}  // namespace redan::fuzz

void* operator new(std::size_t size) { return redan::fuzz::allocate(size); }
void* operator new[](std::size_t size) { return redan::fuzz::allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return redan::fuzz::allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return redan::fuzz::allocate(size); }
void operator delete(void* memory) noexcept { redan::fuzz::release(memory); }
void operator delete[](void* memory) noexcept { redan::fuzz::release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { redan::fuzz::release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { redan::fuzz::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { redan::fuzz::release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { redan::fuzz::release(memory); }
