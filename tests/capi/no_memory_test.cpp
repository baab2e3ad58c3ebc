// Without memory the process ends: no exception crosses the interface for C.
#include <cstdlib>
#include <new>

#include "tests/capi/c_ends.hpp"

namespace {
bool g_empty = false;
}

void* operator new(std::size_t size) {
  void* memory = g_empty ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace redan::test {
namespace {

/// Says in its exit status whether an exception arrived.
void offer_without_memory(CEnd& end) {
  std::uint64_t peer = 0;
  char* offer = nullptr;
  g_empty = true;
  try {
    redan_endpoint_offer(end.endpoint.get(), nullptr, &peer, &offer);
  } catch (const std::bad_alloc&) {
    std::_Exit(7);
  }
  std::_Exit(8);
}

TEST(CEndpointDeathTest, EndsTheProcessWithoutMemoryInsteadOfThrowing) {
  CEnd end(1);
  EXPECT_EXIT(offer_without_memory(end), testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace redan::test
