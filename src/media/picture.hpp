// A generated test picture, readable by people and by programs (docs/protocols/streaming.md): a moving pattern, a
// clock, and blocks that encode the frame's number and the input that the runtime has received. Reading the middle of a
// block in the received video gives, through any codec, the delay from a touch to the picture.
//
// All positions follow from the width: a block is side() pixels wide and high.
//   row 0   the frame's number      36 blocks from x = side(): white, black, 32 bits from the highest, parity, white
//   row 2   inputs received         the same
//   row 4   current input           Indicator, one block each from x = side(); every second block
#pragma once

#include <array>
#include <redan/types.hpp>
#include <string>
#include <vector>

namespace redan::media {

/// Planar 4:2:0, rows without gaps; luma 16 is black, 235 white.
struct I420 {
  I420(std::uint32_t the_width, std::uint32_t the_height)
      : width(the_width), height(the_height), bytes(std::size_t{3} * the_width * the_height / 2, 128) {}

  std::uint32_t width, height;  ///< even
  std::vector<std::uint8_t> bytes;

  [[nodiscard]] MutableBytes luma() { return MutableBytes(bytes).first(pixels()); }
  [[nodiscard]] MutableBytes blue() { return MutableBytes(bytes).subspan(pixels(), pixels() / 4); }
  [[nodiscard]] MutableBytes red() { return MutableBytes(bytes).subspan(pixels() + pixels() / 4); }
  [[nodiscard]] Bytes luma() const { return Bytes(bytes).first(pixels()); }
  [[nodiscard]] std::size_t pixels() const { return std::size_t{width} * height; }
};

inline constexpr std::uint8_t kBlack = 16, kWhite = 235;

/// The blocks of row 4, in this order. "flips": from black to white or back with each event.
enum class Indicator : std::uint8_t {
  press,     ///< flips when a finger or a mouse button goes down
  held,      ///< white while one is down
  moved,     ///< flips when a finger or the mouse moves
  key,       ///< flips when a key goes down
  key_held,  ///< white while one is down
  button,    ///< white while a button of a game pad is down
  axis,      ///< grey: the last axis of a game pad, black for -1, white for 1
  text,      ///< flips with each text of the input method
  wheel,     ///< flips with each turn of the mouse wheel
  sensor,    ///< flips with each position or sensor reading
  count_
};

/// The content of a picture.
struct Scene {
  std::uint32_t frame = 0;
  std::uint32_t inputs = 0;  ///< control messages received
  struct Marker {
    float x = 0, y = 0;  ///< pixels of the picture
    bool held = false;
  };
  std::optional<Marker> marker{};  ///< the pointer, or the finger that moved last
  std::array<std::uint8_t, static_cast<std::size_t>(Indicator::count_)> indicators = all_black();  ///< luma
  std::string text{};  ///< the text typed last

  std::uint8_t& operator[](Indicator which) { return indicators[static_cast<std::size_t>(which)]; }
  void flip(Indicator which) { (*this)[which] = (*this)[which] == kBlack ? kWhite : kBlack; }

 private:
  static constexpr std::array<std::uint8_t, static_cast<std::size_t>(Indicator::count_)> all_black() {
    std::array<std::uint8_t, static_cast<std::size_t>(Indicator::count_)> all{};
    all.fill(kBlack);
    return all;
  }
};

class Picture {
 public:
  /// Even numbers.
  Picture(std::uint32_t width, std::uint32_t height);

  /// The picture is valid until the next call. `elapsed` is shown on the clock.
  const I420& draw(const Scene& scene, Duration elapsed);

  /// Pixels; 0: the picture is too small for blocks (under 160 wide, or less than six blocks high).
  [[nodiscard]] static std::uint32_t side(std::uint32_t width, std::uint32_t height);
  /// The upper left corner of block `index` of a row.
  struct Place {
    std::uint32_t x, y;
  };
  static Place place(std::uint32_t side, std::uint32_t row, std::uint32_t index) {
    return {side * (index + 1), side * row};
  }

 private:
  void fill(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height, std::uint8_t luma);
  void tint(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height, std::uint8_t blue,
            std::uint8_t red);
  void draw_background(std::uint32_t frame);
  void draw_number(std::uint32_t row, std::uint32_t number);
  void draw_marker(const Scene::Marker& marker);
  void draw_text(std::uint32_t x, std::uint32_t y, std::uint32_t scale, std::string_view text);

  I420 image_;
  I420 background_;
  std::uint32_t side_;
};

/// Reads the number in a row of a decoded picture (0: frame, 2: inputs); nullopt if the row's frame or its parity is
/// wrong.
std::optional<std::uint32_t> read_number(Bytes luma, std::uint32_t width, std::uint32_t height, std::uint32_t row);
/// The luma in the middle of an indicator.
std::optional<std::uint8_t> read_indicator(Bytes luma, std::uint32_t width, std::uint32_t height, Indicator which);

}  // namespace redan::media
