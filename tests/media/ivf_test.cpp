#include "media/ivf.hpp"

#include <gtest/gtest.h>

#include "tests/media/media_files.hpp"

namespace redan::media {
namespace {

using redan::test::FileBytes;
using redan::test::make_ivf;
using namespace std::chrono_literals;

const FileBytes kKey{0x10, 2, 3}, kOther{0x11, 5};

TEST(Ivf, ParsesFramesWithTheirTimesAndKinds) {
  const auto video = IvfVideo::parse(make_ivf({kKey, kOther, kOther}, 320, 240));
  ASSERT_TRUE(video);
  EXPECT_EQ(video->width, 320U);
  EXPECT_EQ(video->height, 240U);
  ASSERT_EQ(video->frames.size(), 3U);
  EXPECT_TRUE(video->frames[0].key);
  EXPECT_FALSE(video->frames[1].key);
  const Bytes second = video->bytes(video->frames[1]);
  EXPECT_EQ(FileBytes(second.begin(), second.end()), kOther);
  for (const auto& frame : video->frames) EXPECT_NEAR(static_cast<double>(frame.duration.count()), 33'333'333, 1000);
}

TEST(Ivf, BeginsWithAKeyFrameAndEndsWithTheLastCompleteFrame) {
  FileBytes file = make_ivf({kOther, {}, kKey, kOther});
  ASSERT_TRUE(IvfVideo::parse(file));
  EXPECT_EQ(IvfVideo::parse(file)->frames.size(), 2U);
  file.pop_back();
  EXPECT_EQ(IvfVideo::parse(file)->frames.size(), 1U);
  EXPECT_EQ(IvfVideo::parse(make_ivf({kOther, kOther})).error(), Errc::invalid_argument);
}

TEST(Ivf, ClampsInvalidTimes) {
  FileBytes file = make_ivf({kKey, kOther, kOther, kOther});
  const std::size_t second = 32 + 12 + kKey.size() + 4, third = second + 12 + kOther.size();
  for (std::size_t i = 0; i < 8; ++i) file[second + i] = 0xFF;  // a time beyond the maximum
  for (std::size_t i = 0; i < 8; ++i) file[third + i] = 0;      // a time before the beginning
  const auto video = IvfVideo::parse(file);
  ASSERT_TRUE(video);
  for (const auto& frame : video->frames) {
    EXPECT_GE(frame.duration, IvfVideo::kShortest);
    EXPECT_LE(frame.duration, IvfVideo::kLongest);
  }
}

TEST(Ivf, RefusesOtherFormats) {
  const FileBytes whole = make_ivf({kKey});
  for (const std::size_t at : {0U, 8U, 9U}) {
    FileBytes wrong = whole;
    wrong[at] ^= 1;
    EXPECT_FALSE(IvfVideo::parse(wrong)) << at;
  }
  for (const std::size_t zero : {16U, 20U, 6U}) {
    FileBytes wrong = whole;
    wrong[zero] = 0;
    EXPECT_FALSE(IvfVideo::parse(wrong)) << zero;
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(IvfVideo::parse({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
  }
}

}  // namespace
}  // namespace redan::media
