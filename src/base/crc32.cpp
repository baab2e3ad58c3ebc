#include "base/crc32.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace redan {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// Slicing by eight: table k advances a byte that lies k bytes before the end of the group.
constexpr Table make_table(std::uint32_t polynomial) {
  Table table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? polynomial : 0U);
    table[0][i] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) table[k][i] = table[k - 1][i] >> 8U ^ table[0][table[k - 1][i] & 0xFFU];
  }
  return table;
}

constexpr Table kCrc32 = make_table(0xEDB88320U);
constexpr Table kCrc32c = make_table(0x82F63B78U);

std::uint32_t run(const Table& table, Bytes bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  while (bytes.size() >= 8) {
    std::uint64_t group = 0;
    std::memcpy(&group, bytes.data(), 8);
    group ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= table[7 - k][group >> (8 * k) & 0xFFU];
    bytes = bytes.subspan(8);
  }
  for (const std::uint8_t byte : bytes) crc = crc >> 8U ^ table[0][(crc ^ byte) & 0xFFU];
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(Bytes bytes) {
  std::uint64_t crc = 0xFFFFFFFFU;
  while (bytes.size() >= 8) {
    std::uint64_t group = 0;
    std::memcpy(&group, bytes.data(), 8);
    crc = _mm_crc32_u64(crc, group);
    bytes = bytes.subspan(8);
  }
  auto tail = static_cast<std::uint32_t>(crc);
  for (const std::uint8_t byte : bytes) tail = _mm_crc32_u8(tail, byte);
  return ~tail;
}

bool accelerate() {
  if (__builtin_cpu_supports("sse4.2") == 0) return false;
  std::array<std::uint8_t, 67> sample{};
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<std::uint8_t>(i * 37 + 11);
  for (std::size_t n = 0; n <= sample.size(); ++n) {
    if (crc32c_sse42(Bytes(sample).first(n)) != crc32c_table(Bytes(sample).first(n))) return false;
  }
  return true;
}
#else
std::uint32_t crc32c_sse42(Bytes bytes) { return crc32c_table(bytes); }
bool accelerate() { return false; }
#endif

}  // namespace

std::uint32_t crc32(Bytes bytes) { return run(kCrc32, bytes); }
std::uint32_t crc32c_table(Bytes bytes) { return run(kCrc32c, bytes); }

bool crc32c_is_accelerated() {
  static const bool accelerated = accelerate();
  return accelerated;
}

std::uint32_t crc32c(Bytes bytes) { return crc32c_is_accelerated() ? crc32c_sse42(bytes) : crc32c_table(bytes); }

}  // namespace redan
