#include <redan/secret.hpp>

namespace redan {

void wipe(MutableBytes memory) {
  if (memory.empty()) return;
  std::memset(memory.data(), 0, memory.size());
  // Makes the compiler assume that the memory is read, so that the stores above are not removed.
  __asm__ volatile("" : : "r"(memory.data()) : "memory");
}

bool equal_in_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
    // Hides the value from the compiler, so that it cannot end the loop early.
    __asm__ volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace redan
