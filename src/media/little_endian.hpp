// Little-endian numbers of media files.
#pragma once

#include <redan/types.hpp>

namespace redan::media {

/// Reads N bytes at `at`, which must exist.
template <std::size_t N>
std::uint64_t little_endian(Bytes bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = N; i-- > 0;) value = value << 8U | bytes[at + i];
  return value;
}

}  // namespace redan::media
