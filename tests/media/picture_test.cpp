#include "media/picture.hpp"

#include <gtest/gtest.h>

#include "media/font.hpp"

namespace redan::media {
namespace {

using namespace std::chrono_literals;

struct Size {
  std::uint32_t width, height;
};
constexpr Size kSizes[] = {{160, 120}, {320, 240}, {640, 480}, {720, 1280}, {1280, 720}, {1334, 750}, {3840, 2160}};

TEST(Picture, NumbersCanBeReadAtEverySize) {
  for (const auto& [width, height] : kSizes) {
    Picture picture(width, height);
    for (const std::uint32_t number : {0U, 1U, 0xFFFFFFFFU, 0xA5A5A5A5U, 12'345U}) {
      Scene scene;
      scene.frame = number;
      scene.inputs = ~number;
      const I420& image = picture.draw(scene, 0s);
      EXPECT_EQ(read_number(image.luma(), width, height, 0), number) << width;
      EXPECT_EQ(read_number(image.luma(), width, height, 2), ~number) << width;
    }
  }
}

TEST(Picture, EveryIndicatorCanBeRead) {
  Picture picture(1280, 720);
  for (std::size_t i = 0; i < static_cast<std::size_t>(Indicator::count_); ++i) {
    const auto which = static_cast<Indicator>(i);
    Scene scene;
    scene.flip(which);
    const I420& image = picture.draw(scene, 0s);
    for (std::size_t k = 0; k < static_cast<std::size_t>(Indicator::count_); ++k) {
      EXPECT_EQ(read_indicator(image.luma(), 1280, 720, static_cast<Indicator>(k)), k == i ? kWhite : kBlack);
    }
    scene.flip(which);
    EXPECT_EQ(read_indicator(picture.draw(scene, 0s).luma(), 1280, 720, which), kBlack);
  }
}

TEST(Picture, AWrongBitIsDetected) {
  Picture picture(640, 480);
  I420 image = picture.draw(Scene{}, 0s);
  const auto at = Picture::place(Picture::side(640, 480), 0, 10);
  for (std::uint32_t y = 0; y < 16; ++y) std::fill_n(image.luma().begin() + (at.y + y) * 640 + at.x, 16, kWhite);
  EXPECT_FALSE(read_number(image.luma(), 640, 480, 0));
  std::fill(image.luma().begin(), image.luma().end(), kBlack);
  EXPECT_FALSE(read_number(image.luma(), 640, 480, 0));
}

TEST(Picture, SmallPicturesAreDrawnWithoutBlocks) {
  for (const auto& [width, height] : {Size{16, 16}, Size{158, 120}, Size{3840, 16}, Size{16, 2160}, Size{2, 2}}) {
    Picture picture(width, height);
    Scene scene;
    scene.marker = {8, 8, true};
    scene.text = "text";
    const I420& image = picture.draw(scene, 1s);
    EXPECT_EQ(image.bytes.size(), std::size_t{width} * height * 3 / 2);
    EXPECT_FALSE(read_number(image.luma(), width, height, 0));
    EXPECT_FALSE(read_indicator(image.luma(), width, height, Indicator::press));
  }
}

TEST(Picture, TheMarkerFollowsTheFingerAndMayExtendBeyondThePicture) {
  Picture picture(1280, 720);
  Scene scene;
  for (const auto& [x, y] : {std::pair(640.4F, 400.F), std::pair(5.F, 700.F), std::pair(1279.F, 719.F)}) {
    scene.marker = {x, y, false};
    const I420& image = picture.draw(scene, 0s);
    EXPECT_EQ(image.luma()[static_cast<std::size_t>(y) * 1280 + static_cast<std::size_t>(x)], kWhite);
  }
  for (const auto& [x, y] : {std::pair(-1e30F, 400.F), std::pair(5.F, 1e30F), std::pair(-500.F, -500.F)}) {
    scene.marker = {x, y, true};
    picture.draw(scene, 0s);
  }
}

TEST(Picture, ThePatternMovesAndTheClockRuns) {
  Picture picture(640, 480);
  Scene scene;
  const I420 first = picture.draw(scene, 0s);
  EXPECT_EQ(picture.draw(scene, 0s).bytes, first.bytes);
  EXPECT_NE(picture.draw(scene, 100ms).bytes, first.bytes);
  scene.frame = 1 << 20;  // its bar may be anywhere
  const I420 later = picture.draw(scene, 0s);
  const auto bottom = [](const I420& image) { return Bytes(image.bytes).subspan(640 * 400, 640 * 80); };
  EXPECT_FALSE(std::equal(bottom(first).begin(), bottom(first).end(), bottom(later).begin()));
}

TEST(Picture, ThereIsNoColourBehindTheBlocks) {
  Picture picture(1280, 720);
  I420 image = picture.draw(Scene{}, 0s);
  const std::uint32_t rows = 5 * Picture::side(1280, 720) / 2;
  for (const MutableBytes plane : {image.blue(), image.red()}) {
    EXPECT_TRUE(
        std::all_of(plane.begin(), plane.begin() + rows * 640, [](std::uint8_t value) { return value == 128; }));
    EXPECT_TRUE(std::all_of(plane.begin(), plane.end(), [](std::uint8_t value) { return value > 50 && value < 200; }));
  }
}

TEST(Picture, TextThatIsTooLongIsCut) {
  Picture picture(320, 240);
  Scene scene;
  scene.text = std::string(1000, 'W');
  picture.draw(scene, 0s);
}

TEST(Font, LettersOfBothCasesLookAlikeAndOthersAreBoxes) {
  EXPECT_EQ(&glyph('a'), &glyph('A'));
  EXPECT_EQ(glyph('7').letter, '7');
  EXPECT_EQ(glyph('\x80').letter, '\0');
  EXPECT_EQ(glyph('~').letter, '\0');
}

}  // namespace
}  // namespace redan::media
