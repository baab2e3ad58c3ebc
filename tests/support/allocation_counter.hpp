// Counts the program's heap allocations. Replaces operator new and delete, so include it in only one source file of a
// program.
#pragma once

#include <cstdlib>
#include <new>

namespace {

std::size_t g_allocations = 0;
bool g_counting = false;

void* counted(std::size_t size) {
  if (g_counting) ++g_allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
