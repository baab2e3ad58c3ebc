#include "media/audio.hpp"

#include <gtest/gtest.h>

#include "media/errors.hpp"

namespace redan::media {
namespace {

using namespace std::chrono_literals;

TEST(Tone, IsOneSecondOfSmallPackets) {
  const auto packets = encode_tone();
  if (!packets) {
    ASSERT_EQ(packets.error(), errc::media_unsupported);
    GTEST_SKIP() << "skipped: this build has no libopus";
  }
  ASSERT_EQ(packets->size(), 50U);
  for (const AudioPacket& each : *packets) {
    const std::vector<std::uint8_t>& packet = each.bytes;
    ASSERT_FALSE(packet.empty());
    EXPECT_LT(packet.size(), 400U);
    // RFC 6716 section 3.1: code 0, one frame; configurations 19, 23, 27 and 31 are 20 ms of CELT.
    EXPECT_EQ(packet[0] & 3U, 0U);
    EXPECT_EQ(packet[0] >> 3U & 3U, 3U);
  }
}

TEST(TickingAudio, PacketsAreEvenlySpacedAndRepeat) {
  boost::asio::io_context io;
  TickingAudio audio(io, {{{1}, 5ms}, {{2}, 5ms}, {{3}, 5ms}});
  std::vector<EncodedFrame> frames;
  audio.on_frame = [&](const EncodedFrame& frame) {
    frames.push_back(frame);
    if (frames.size() == 8) audio.stop();
  };
  audio.start();
  audio.start();  // no effect
  io.run();
  ASSERT_EQ(frames.size(), 8U);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].bytes[0], frames[i - 1].bytes[0] % 3 + 1);
    EXPECT_GE(frames[i].time - frames[i - 1].time, 5ms);
  }
}

}  // namespace
}  // namespace redan::media
