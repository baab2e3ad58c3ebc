// Counts the bytes on the heap as the allocator sees them: replaces operator new of the program that includes it, once.
#pragma once

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace redan::fuzz {

inline std::size_t g_heap = 0;

inline void* allocated(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  g_heap += malloc_usable_size(memory);
  return memory;
}
inline void freed(void* memory) {
  if (memory != nullptr) g_heap -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace redan::fuzz

void* operator new(std::size_t size) { return redan::fuzz::allocated(size); }
void* operator new[](std::size_t size) { return redan::fuzz::allocated(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return redan::fuzz::allocated(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return redan::fuzz::allocated(size); }
void operator delete(void* memory) noexcept { redan::fuzz::freed(memory); }
void operator delete[](void* memory) noexcept { redan::fuzz::freed(memory); }
void operator delete(void* memory, std::size_t) noexcept { redan::fuzz::freed(memory); }
void operator delete[](void* memory, std::size_t) noexcept { redan::fuzz::freed(memory); }
