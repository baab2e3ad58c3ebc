// The random of a hello, RFC 5246 section 7.4.1.2.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace redan::dtls {

using Random = std::array<std::uint8_t, 32>;

/// The random of a HelloRetryRequest: the SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
inline constexpr Random kRetryRequest{0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C,
                                      0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB,
                                      0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

/// The end of the random of a server that supports DTLS 1.3 and chooses 1.2 (RFC 8446 section 4.1.3).
inline constexpr std::array<std::uint8_t, 8> kDowngradeSentinel{0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x01};

inline void mark_downgrade(Random& random) {
  std::copy(kDowngradeSentinel.begin(), kDowngradeSentinel.end(), random.end() - kDowngradeSentinel.size());
}
inline bool marks_downgrade(const Random& random) {
  return std::equal(kDowngradeSentinel.begin(), kDowngradeSentinel.end(), random.end() - kDowngradeSentinel.size());
}

}  // namespace redan::dtls
