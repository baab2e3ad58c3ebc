#include "media/video.hpp"

#include <gtest/gtest.h>

#include "media/errors.hpp"
#include "rtc/rtp/rtp.hpp"

namespace redan::media {
namespace {

using namespace std::chrono_literals;

class Vp8Test : public testing::Test {
 protected:
  void open(const VideoFormat& format) {
    auto opened = Vp8Encoder::open(format);
    if (!opened && opened.error() == errc::media_unsupported) GTEST_SKIP() << "skipped: this build has no libvpx";
    ASSERT_TRUE(opened);
    encoder = std::move(*opened);
    picture.emplace(format.width, format.height);
  }
  std::optional<EncodedFrame> encode(bool key = false) {
    ++scene.frame;
    now += 33ms;
    const auto frame = encoder->encode(picture->draw(scene, now.time_since_epoch()), now, key);
    EXPECT_TRUE(frame);
    return *frame;
  }
  std::unique_ptr<Vp8Encoder> encoder;
  std::optional<Picture> picture;
  Scene scene;
  TimePoint now{};
};

TEST_F(Vp8Test, TheFirstFrameIsAKeyFrameAndOthersOnlyOnRequest) {
  open({640, 480, 30, 1'000'000});
  if (!encoder) return;
  const auto first = encode();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key);
  EXPECT_TRUE(rtp::is_vp8_key_frame(first->bytes));
  EXPECT_EQ(first->time, now);
  // RFC 6386 section 9.1: start code, width and height.
  ASSERT_GE(first->bytes.size(), 10U);
  EXPECT_EQ(first->bytes[3], 0x9D);
  EXPECT_EQ(first->bytes[6] | (first->bytes[7] & 0x3FU) << 8U, 640U);
  for (int i = 0; i < 100; ++i) {
    const auto frame = encode();
    EXPECT_FALSE(frame && frame->key);
  }
  const auto again = encode(true);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->key);
}

TEST_F(Vp8Test, TheBitRateIsKeptAndCanBeChanged) {
  open({640, 480, 30, 2'000'000});
  if (!encoder) return;
  const auto spend = [&](int frames) {
    std::size_t bytes = 0;
    for (int i = 0; i < frames; ++i) {
      const auto frame = encode();
      if (frame) bytes += frame->bytes.size();
    }
    return bytes * 8 * 30 / static_cast<std::size_t>(frames);
  };
  (void)spend(60);
  EXPECT_LT(spend(90), 2'300'000U);
  encoder->set_bitrate(100'000);
  (void)spend(90);
  EXPECT_LT(spend(150), 130'000U);
}

TEST_F(Vp8Test, RefusesPicturesThatCannotBeEncoded) {
  open({16, 16, 30, 100'000});
  if (!encoder) return;
  const I420 other(32, 16);
  EXPECT_EQ(encoder->encode(other, now, false).error(), Errc::invalid_argument);
  for (const VideoFormat& wrong : {VideoFormat{17, 16, 30, 1}, VideoFormat{16, 0, 30, 1}, VideoFormat{16, 16, 0, 1},
                                   VideoFormat{1U << 14U, 16, 30, 1}}) {
    EXPECT_EQ(Vp8Encoder::open(wrong).error(), Errc::invalid_argument);
  }
}

TEST_F(Vp8Test, EncodesEvenIfTheClockStops) {
  open({160, 120, 30, 100'000});
  if (!encoder) return;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(encoder->encode(picture->draw(scene, 0s), now, false));
  }
}

}  // namespace
}  // namespace redan::media
