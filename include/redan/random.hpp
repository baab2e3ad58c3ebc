// The source of random bytes, for layers that need nothing else from crypto.
#pragma once

#include <redan/export.hpp>
#include <redan/types.hpp>

namespace redan REDAN_PUBLIC {

/// A source of unpredictable bytes. Production code uses crypto's Provider; tests use a fixed source, so that a run can
/// be replayed bit for bit.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  /// Fills all of `out`. Cannot fail: a provider without entropy ends the process.
  virtual void random(MutableBytes out) = 0;

  std::uint32_t random_u32() {
    std::array<std::uint8_t, 4> bytes{};
    random(bytes);
    return static_cast<std::uint32_t>(bytes[0]) << 24U | static_cast<std::uint32_t>(bytes[1]) << 16U |
           static_cast<std::uint32_t>(bytes[2]) << 8U | bytes[3];
  }
  std::uint64_t random_u64() { return static_cast<std::uint64_t>(random_u32()) << 32U | random_u32(); }
};

}  // namespace REDAN_PUBLIC
