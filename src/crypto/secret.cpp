#include <redan/secret.hpp>

namespace redan {

void wipe(MutableBytes memory) {
  if (memory.empty()) return;
  std::memset(memory.data(), 0, memory.size());
  // The compiler has to assume that this reads the memory, so the stores above are not dead.
  __asm__ volatile("" : : "r"(memory.data()) : "memory");
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
    // Hides the value, so that the loop cannot learn to stop early.
    __asm__ volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace redan
