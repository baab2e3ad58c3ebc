// Event counters by reason, mainly for dropped datagrams.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace redan {

/// `Reason` is an enum class whose last enumerator is `count_`.
template <class Reason>
class Counters {
 public:
  void add(Reason reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t operator[](Reason reason) const { return counts_[static_cast<std::size_t>(reason)]; }
  [[nodiscard]] std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> counts_{};
};

}  // namespace redan
