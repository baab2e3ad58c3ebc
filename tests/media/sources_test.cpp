#include "media/sources.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/media/media_files.hpp"

namespace redan::media {
namespace {

namespace fs = std::filesystem;
using redan::test::FileBytes;
using namespace std::chrono_literals;

class SourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "redan-sources-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(directory); }
  std::string write(const std::string& name, const FileBytes& bytes) const {
    std::ofstream(directory / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return (directory / name).string();
  }
  std::string refusal(const std::string& words) {
    try {
      (void)open_sources(io, words);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }
  boost::asio::io_context io{1};
  fs::path directory;
};

TEST_F(SourcesTest, AFilePlaysInALoopAndRestartsWithAKeyFrame) {
  const std::string video = write("clip.ivf", redan::test::make_ivf({{0x10, 1}, {0x11, 2}, {0x11, 3}}));
  Sources sources = open_sources(io, video);
  ASSERT_TRUE(sources.video && sources.audio);
  EXPECT_EQ(sources.scene, nullptr);
  std::vector<int> seen;
  sources.video->on_frame = [&](const EncodedFrame& frame) {
    EXPECT_EQ(frame.key, frame.bytes[1] == 1);
    seen.push_back(frame.bytes[1]);
    if (seen.size() == 5) sources.video->want_key_frame();
    if (seen.size() == 7) sources.video->stop();
  };
  sources.video->start();
  io.run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 1, 2, 1, 2}));
}

TEST_F(SourcesTest, SoundIsSilenceWhenOnlyAVideoIsGiven) {
  Sources sources = open_sources(io, write("clip.ivf", redan::test::make_ivf({{0x10, 1}})));
  FileBytes heard;
  sources.audio->on_frame = [&](const EncodedFrame& frame) {
    heard = frame.bytes;
    sources.audio->stop();
  };
  sources.audio->start();
  io.run();
  EXPECT_EQ(heard, (FileBytes{0xF8, 0xFF, 0xFE}));
}

TEST_F(SourcesTest, PictureAndSoundMayBeInTwoFiles) {
  const std::string words = write("clip.ivf", redan::test::make_ivf({{0x10, 1}})) + "," +
                            write("clip.ogg", redan::test::make_ogg({{0xF8, 42}}));
  Sources sources = open_sources(io, words);
  std::uint8_t heard = 0;
  sources.audio->on_frame = [&](const EncodedFrame& frame) {
    heard = frame.bytes[1];
    sources.audio->stop();
  };
  sources.audio->start();
  io.run();
  EXPECT_EQ(heard, 42);
}

TEST_F(SourcesTest, AnInvalidSourceIsRefusedWithAReadableError) {
  EXPECT_NE(refusal("clip.mp4").find("neither"), std::string::npos);
  EXPECT_NE(refusal((directory / "none.ivf").string()).find("cannot be read"), std::string::npos);
  EXPECT_NE(refusal(write("x.ivf", {1, 2, 3})).find("ffmpeg"), std::string::npos);
  EXPECT_NE(refusal(write("x.ogg", {1, 2, 3})).find("ffmpeg"), std::string::npos);
  for (const char* port : {"rtp:", "rtp:0", "rtp:65534", "rtp:70000", "rtp:5004x", "rtp:-1"}) {
    EXPECT_NE(refusal(port).find("port"), std::string::npos) << port;
  }
}

TEST_F(SourcesTest, APictureIsGeneratedByDefaultIfTheBuildSupportsIt) {
  const Sources sources = open_sources(io, "");
  EXPECT_EQ(sources.video == nullptr, sources.scene == nullptr);
}

}  // namespace
}  // namespace redan::media
