// Letters of five by seven dots for the generated picture.
#pragma once

#include <array>
#include <cstdint>

namespace redan::media {

struct Glyph {
  static constexpr std::uint32_t kWidth = 5, kHeight = 7;
  char letter;
  std::array<std::uint8_t, kHeight> rows;  ///< from the top; the highest of five bits is the left dot
};

/// A hollow box for unknown characters. Lower case letters look like capitals.
const Glyph& glyph(char letter);

}  // namespace redan::media
