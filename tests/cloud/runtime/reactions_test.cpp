#include "cloud/runtime/reactions.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::runtime {
namespace {

class ReactionsTest : public testing::Test {
 protected:
  std::uint8_t shown(media::Indicator which) { return scene[which]; }
  media::Scene scene;
  Reactions reactions{scene};
};

TEST_F(ReactionsTest, EveryMessageIsCounted) {
  reactions.apply(control::MouseWheel{0, 1});
  reactions.apply(control::ImeAction{"done"});
  EXPECT_EQ(scene.inputs, 2U);
}

TEST_F(ReactionsTest, AFingerFlipsOneBlockHoldsAnotherAndMovesTheMarker) {
  reactions.apply(control::Touch{control::Touch::Kind::start, 0, 100, 200});
  EXPECT_EQ(shown(media::Indicator::press), media::kWhite);
  EXPECT_EQ(shown(media::Indicator::held), media::kWhite);
  ASSERT_TRUE(scene.marker);
  EXPECT_EQ(scene.marker->x, 100);
  EXPECT_TRUE(scene.marker->held);
  reactions.apply(control::Touch{control::Touch::Kind::move, 0, 150, 250});
  EXPECT_EQ(shown(media::Indicator::press), media::kWhite);
  EXPECT_EQ(shown(media::Indicator::moved), media::kWhite);
  EXPECT_EQ(scene.marker->y, 250);
  reactions.apply(control::Touch{control::Touch::Kind::start, 1, 1, 1});
  EXPECT_EQ(shown(media::Indicator::press), media::kBlack);
  reactions.apply(control::TouchEnd{0, false});
  EXPECT_EQ(shown(media::Indicator::held), media::kWhite);
  reactions.apply(control::TouchEnd{1, true});
  EXPECT_EQ(shown(media::Indicator::held), media::kBlack);
  EXPECT_FALSE(scene.marker->held);
}

TEST_F(ReactionsTest, ALockedMouseMovesTheMarkerByItsRelativeMotion) {
  reactions.apply(control::MouseMove{0, 0, 10, 20});
  reactions.apply(control::MouseMove{5, -5, {}, {}});
  EXPECT_EQ(scene.marker->x, 15);
  EXPECT_EQ(scene.marker->y, 15);
  reactions.apply(control::MouseButton{true, 1});
  EXPECT_EQ(shown(media::Indicator::held), media::kWhite);
  reactions.apply(control::MouseButton{false, 1});
  EXPECT_EQ(shown(media::Indicator::held), media::kBlack);
}

TEST_F(ReactionsTest, KeysTypeLettersAndOnlyTheLastOnesAreKept) {
  for (const int code : {11, 12, 44, 30, 39, 40 + 60}) {
    reactions.apply(control::Key{code, true});
    reactions.apply(control::Key{code, false});
  }
  EXPECT_EQ(scene.text, "hi 10");
  EXPECT_EQ(shown(media::Indicator::key_held), media::kBlack);
  reactions.apply(control::Key{42, true});
  EXPECT_EQ(scene.text, "hi 1");
  EXPECT_EQ(shown(media::Indicator::key_held), media::kWhite);
  reactions.apply(control::Key{40, true});
  EXPECT_EQ(scene.text, "");
  reactions.apply(control::Key{42, true});
  for (int i = 0; i < 100; ++i) reactions.apply(control::ImeText{"0123456789", false});
  EXPECT_EQ(scene.text.size(), 24U);
  reactions.apply(control::ImeText{"composing", true});
  EXPECT_EQ(scene.text.back(), '9');
}

TEST_F(ReactionsTest, GamePadsShowButtonsAndAxes) {
  reactions.apply(control::GamepadButton{0, 3, true});
  EXPECT_EQ(shown(media::Indicator::button), media::kWhite);
  reactions.apply(control::GamepadButton{0, 3, false});
  EXPECT_EQ(shown(media::Indicator::button), media::kBlack);
  for (const auto& [value, luma] :
       {std::pair(-1.0, media::kBlack), std::pair(1.0, media::kWhite), std::pair(2.0, media::kWhite)}) {
    reactions.apply(control::GamepadAxes{0, 0, value});
    EXPECT_EQ(shown(media::Indicator::axis), luma);
  }
}

TEST_F(ReactionsTest, HeldInputIsReleasedWhenItsClientLeaves) {
  reactions.apply(control::Touch{control::Touch::Kind::start, 3, 1, 1});
  reactions.apply(control::Key{4, true});
  reactions.apply(control::GamepadButton{0, 0, true});
  reactions.release();
  for (const media::Indicator which : {media::Indicator::held, media::Indicator::key_held, media::Indicator::button}) {
    EXPECT_EQ(shown(which), media::kBlack);
  }
}

TEST_F(ReactionsTest, MemoryIsBoundedWhenEverythingIsHeld) {
  for (int i = 0; i < 10'000; ++i) {
    reactions.apply(control::Key{i, true});
    reactions.apply(control::GamepadButton{i, i, true});
  }
  reactions.release();
  EXPECT_EQ(shown(media::Indicator::key_held), media::kBlack);
}

TEST(Keys, LettersDigitsAndSpaceHaveAName) {
  EXPECT_EQ(letter_of_key(4), "a");
  EXPECT_EQ(letter_of_key(29), "z");
  EXPECT_EQ(letter_of_key(30), "1");
  EXPECT_EQ(letter_of_key(39), "0");
  EXPECT_EQ(letter_of_key(44), " ");
  for (const int code : {-1, 0, 3, 40, 43, 65'535}) EXPECT_EQ(letter_of_key(code), "");
}

}  // namespace
}  // namespace redan::cloud::runtime
