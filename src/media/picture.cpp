#include "media/picture.hpp"

#include <algorithm>
#include <bit>

#include "media/font.hpp"

namespace redan::media {
namespace {

// One column of margin on each side of 36 blocks, and a little more.
constexpr std::uint32_t kColumns = 40;
constexpr std::uint32_t kNumberBlocks = 36;
constexpr std::uint32_t kIndicatorRow = 4;

struct Colour {
  std::uint8_t blue, red;  // chroma
};
constexpr Colour kNight{137, 119};                         // background: a dark grey with some blue
constexpr std::uint8_t kNightTop = 40, kNightBottom = 66;  // luma
constexpr Colour kAccent{176, 74};                         // moving elements: a light blue
constexpr std::uint8_t kAccentLuma = 150;

// Quiet colours under the text and blocks: a gradient is cheap to encode and still shows every shift.
constexpr std::uint8_t slope(std::uint32_t at, std::uint32_t size, std::int64_t from, std::int64_t to) {
  return static_cast<std::uint8_t>(from + (to - from) * at / std::max(1U, size));
}

std::string two_digits(std::int64_t number) {
  std::string text = std::to_string(number % 100);
  return text.size() < 2 ? "0" + text : text;
}

// "12:34.5"
std::string clock_text(Duration elapsed) {
  const auto tenths = elapsed / std::chrono::milliseconds(100);
  return two_digits(tenths / 600) + ":" + two_digits(tenths / 10 % 60) + "." + std::to_string(tenths % 10);
}

struct Window {
  std::uint32_t x, y, width, height;
};
// Clips a window that may extend beyond the picture.
Window clip(std::int64_t x, std::int64_t y, std::int64_t size, const I420& image) {
  const auto inside = [](std::int64_t value, std::uint32_t most) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, most));
  };
  const std::uint32_t left = inside(x, image.width), top = inside(y, image.height);
  return {left, top, inside(x + size, image.width) - left, inside(y + size, image.height) - top};
}

std::uint8_t middle_of(Bytes luma, std::uint32_t width, std::uint32_t side, Picture::Place place) {
  std::uint64_t sum = 0;
  const std::uint32_t from = side / 4, to = side - side / 4;
  for (std::uint32_t y = from; y < to; ++y) {
    for (std::uint32_t x = from; x < to; ++x) sum += luma[std::size_t{place.y + y} * width + place.x + x];
  }
  return static_cast<std::uint8_t>(sum / (std::uint64_t{to - from} * (to - from)));
}

}  // namespace

Picture::Picture(std::uint32_t width, std::uint32_t height)
    : image_(width, height), background_(width, height), side_(side(width, height)) {
  const MutableBytes luma = background_.luma(), blue = background_.blue(), red = background_.red();
  for (std::uint32_t y = 0; y < height; ++y) {
    std::fill_n(luma.begin() + static_cast<std::ptrdiff_t>(std::size_t{y} * width), width,
                slope(y, height, kNightTop, kNightBottom));
  }
  // No colour behind the blocks, because it would change their grey.
  for (std::uint32_t y = (kIndicatorRow + 1) * side_ / 2; y < height / 2; ++y) {
    const auto at = static_cast<std::ptrdiff_t>(std::size_t{y} * (width / 2));
    std::fill_n(blue.begin() + at, width / 2, kNight.blue);
    std::fill_n(red.begin() + at, width / 2, kNight.red);
  }
}

std::uint32_t Picture::side(std::uint32_t width, std::uint32_t height) {
  std::uint32_t side = width / kColumns;
  if (side >= 8) side -= side % 8;  // so that blocks are aligned with the encoder's blocks
  side -= side % 2;
  return side < 4 || side * (kIndicatorRow + 2) > height ? 0 : side;
}

const I420& Picture::draw(const Scene& scene, Duration elapsed) {
  draw_background(scene.frame);
  if (scene.marker) draw_marker(*scene.marker);
  if (side_ == 0) return image_;
  draw_number(0, scene.frame);
  draw_number(2, scene.inputs);
  for (std::uint32_t i = 0; i < scene.indicators.size(); ++i) {
    const Place at = place(side_, kIndicatorRow, 2 * i);
    fill(at.x, at.y, side_, side_, scene.indicators[i]);
  }
  const std::uint32_t scale = std::max(1U, side_ / 4), line = scale * (Glyph::kHeight + 3);
  const std::uint32_t x = side_, y = (kIndicatorRow + 2) * side_;
  draw_text(x, y, scale, clock_text(elapsed));
  draw_text(x, y + line, scale, std::to_string(image_.width) + "x" + std::to_string(image_.height));
  draw_text(x, y + 2 * line, scale, scene.text);
  return image_;
}

// The pattern: a bright bar that moves from left to right, one step per frame.
void Picture::draw_background(std::uint32_t frame) {
  std::copy(background_.bytes.begin(), background_.bytes.end(), image_.bytes.begin());
  const std::uint32_t thickness = std::max(2U, image_.width / 64 & ~1U);
  const std::uint32_t steps = std::max(1U, (image_.width - thickness) / 2);
  const std::uint32_t x = frame % steps * 2, top = image_.height / 4 * 3 & ~1U;
  fill(x, top, thickness, image_.height - top, kAccentLuma);
  tint(x, top, thickness, image_.height - top, kAccent.blue, kAccent.red);
}

void Picture::draw_number(std::uint32_t row, std::uint32_t number) {
  const auto block = [&](std::uint32_t index, bool white) {
    const Place at = place(side_, row, index);
    fill(at.x, at.y, side_, side_, white ? kWhite : kBlack);
  };
  block(0, true);
  block(1, false);
  for (std::uint32_t bit = 0; bit < 32; ++bit) block(2 + bit, (number >> (31U - bit) & 1U) != 0);
  block(34, std::popcount(number) % 2 != 0);
  block(kNumberBlocks - 1, true);
}

void Picture::draw_marker(const Scene::Marker& marker) {
  const std::int64_t size = std::max(8U, 2 * side_);
  const auto near = [](float value) { return static_cast<std::int64_t>(std::clamp(value, -1e5F, 1e5F)); };
  const Window at = clip(near(marker.x) - size / 2, near(marker.y) - size / 2, size, image_);
  fill(at.x, at.y, at.width, at.height, marker.held ? kAccentLuma : kWhite);
  if (marker.held) tint(at.x, at.y, at.width, at.height, kAccent.blue, kAccent.red);
}

void Picture::draw_text(std::uint32_t x, std::uint32_t y, std::uint32_t scale, std::string_view text) {
  for (const char letter : text) {
    const Glyph& dots = glyph(letter);
    if (x + Glyph::kWidth * scale > image_.width || y + Glyph::kHeight * scale > image_.height) return;
    for (std::uint32_t row = 0; row < Glyph::kHeight; ++row) {
      for (std::uint32_t column = 0; column < Glyph::kWidth; ++column) {
        if ((dots.rows[row] >> (Glyph::kWidth - 1 - column) & 1U) == 0) continue;
        fill(x + column * scale, y + row * scale, scale, scale, kWhite);
      }
    }
    x += (Glyph::kWidth + 1) * scale;
  }
}

void Picture::fill(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height, std::uint8_t luma) {
  const MutableBytes plane = image_.luma();
  for (std::uint32_t row = y; row < std::min(y + height, image_.height); ++row) {
    const std::uint32_t end = std::min(x + width, image_.width);
    if (x < end)
      std::fill_n(plane.begin() + static_cast<std::ptrdiff_t>(std::size_t{row} * image_.width + x), end - x, luma);
  }
}

void Picture::tint(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height, std::uint8_t blue,
                   std::uint8_t red) {
  const std::uint32_t stride = image_.width / 2, end = std::min(x + width, image_.width) / 2;
  for (std::uint32_t row = y / 2; row < std::min(y + height, image_.height) / 2; ++row) {
    if (x / 2 >= end) return;
    const auto at = static_cast<std::ptrdiff_t>(std::size_t{row} * stride + x / 2);
    std::fill_n(image_.blue().begin() + at, end - x / 2, blue);
    std::fill_n(image_.red().begin() + at, end - x / 2, red);
  }
}

std::optional<std::uint32_t> read_number(Bytes luma, std::uint32_t width, std::uint32_t height, std::uint32_t row) {
  const std::uint32_t side = Picture::side(width, height);
  if (side == 0 || luma.size() < std::size_t{width} * height) return std::nullopt;
  const auto white = [&](std::uint32_t index) {
    return middle_of(luma, width, side, Picture::place(side, row, index)) >= 128;
  };
  if (!white(0) || white(1) || !white(kNumberBlocks - 1)) return std::nullopt;
  std::uint32_t number = 0;
  for (std::uint32_t bit = 0; bit < 32; ++bit) number = number << 1U | (white(2 + bit) ? 1U : 0U);
  if ((std::popcount(number) % 2 != 0) != white(34)) return std::nullopt;
  return number;
}

std::optional<std::uint8_t> read_indicator(Bytes luma, std::uint32_t width, std::uint32_t height, Indicator which) {
  const std::uint32_t side = Picture::side(width, height);
  if (side == 0 || luma.size() < std::size_t{width} * height) return std::nullopt;
  return middle_of(luma, width, side, Picture::place(side, kIndicatorRow, 2 * static_cast<std::uint32_t>(which)));
}

}  // namespace redan::media
