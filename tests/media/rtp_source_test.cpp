#include "media/rtp_source.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace redan::media {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using FileBytes = std::vector<std::uint8_t>;

TEST(RtpStream, SelectsOneStreamAndEachOfItsPacketsOnce) {
  RtpStream stream;
  const TimePoint now{};
  const auto takes = [&](std::uint8_t type, std::uint16_t sequence, std::uint32_t ssrc, Duration after = {}) {
    return stream.takes(now + after, {true, type, sequence, 1, ssrc});
  };
  EXPECT_FALSE(takes(72, 1, 7)) << "a sender report of RTCP";
  EXPECT_TRUE(takes(96, 65'534, 7));
  EXPECT_FALSE(takes(96, 65'534, 7)) << "twice";
  EXPECT_TRUE(takes(96, 65'535, 7));
  EXPECT_FALSE(takes(97, 0, 7)) << "another payload type";
  EXPECT_FALSE(takes(96, 0, 8)) << "another source";
  EXPECT_TRUE(takes(96, 1, 7));
  EXPECT_FALSE(takes(96, 0, 7)) << "late";
  EXPECT_FALSE(takes(72, 2, 7));
  EXPECT_FALSE(takes(97, 5, 9, 499ms));
  EXPECT_TRUE(takes(97, 5, 9, 500ms)) << "the encoder was started again";
  EXPECT_FALSE(takes(96, 2, 7, 501ms));
  EXPECT_TRUE(takes(97, 6, 9, 501ms));
}

class Vp8AssemblerTest : public testing::Test {
 protected:
  /// A packet with `data` after the shortest descriptor.
  std::optional<Vp8Assembler::Frame> add(std::uint32_t timestamp, bool start, bool marker, FileBytes data) {
    data.insert(data.begin(), start ? 0x10 : 0x00);
    return assembler.add({{marker, 96, sequence++, timestamp, 7}, data});
  }
  Vp8Assembler assembler;
  std::uint16_t sequence = 65'530;
};

TEST_F(Vp8AssemblerTest, AssemblesFramesStartingWithAKeyFrame) {
  EXPECT_FALSE(add(1, true, true, {0x11}));  // no key frame yet
  EXPECT_FALSE(add(2, true, false, {0x10, 1}));
  EXPECT_FALSE(add(2, false, false, {2, 3}));
  const auto key = add(2, false, true, {4});
  ASSERT_TRUE(key);
  EXPECT_EQ(FileBytes(key->bytes.begin(), key->bytes.end()), (FileBytes{0x10, 1, 2, 3, 4}));
  EXPECT_TRUE(key->key);
  EXPECT_EQ(key->timestamp, 2U);
  for (std::uint32_t i = 3; i < 20; ++i) {
    const auto other = add(i, true, true, {0x11});
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->key);
  }
}

TEST_F(Vp8AssemblerTest, SkipsFramesAfterALossUntilAKeyFrame) {
  ASSERT_TRUE(add(1, true, true, {0x10}));
  EXPECT_FALSE(add(2, true, false, {0x11}));
  ++sequence;
  EXPECT_FALSE(add(2, false, true, {1}));
  EXPECT_FALSE(add(3, true, true, {0x11}));
  EXPECT_TRUE(add(4, true, true, {0x10}));
  ++sequence;  // a whole frame
  EXPECT_FALSE(add(6, true, true, {0x11}));
  EXPECT_TRUE(add(7, true, true, {0x10}));
}

TEST_F(Vp8AssemblerTest, SkipsIncompleteFrames) {
  ASSERT_TRUE(add(1, true, true, {0x10}));
  EXPECT_FALSE(add(2, true, false, {0x11}));
  EXPECT_FALSE(add(3, true, true, {0x11}));  // 2 never ended
  EXPECT_TRUE(add(4, true, true, {0x10}));
  EXPECT_FALSE(add(5, false, true, {0x10}));
  EXPECT_FALSE(add(6, true, true, {}));
  EXPECT_TRUE(add(7, true, true, {0x10}));
}

TEST_F(Vp8AssemblerTest, LimitsTheSizeOfAFrame) {
  EXPECT_FALSE(add(1, true, false, {0x10}));
  for (std::size_t size = 0; size <= Vp8Assembler::kMaxFrame; size += 60'000) {
    EXPECT_FALSE(add(1, false, false, FileBytes(60'000)));
  }
  EXPECT_FALSE(add(1, false, true, {1}));
  EXPECT_TRUE(add(2, true, true, {0x10}));
}

TEST(MediaClock, TimesFollowTheTimestampsAndNotTheArrivals) {
  MediaClock clock(90'000);
  TimePoint now = TimePoint{} + 10s;
  const TimePoint begin = clock.time(now, 0xFFFFFF00);
  EXPECT_EQ(begin, now);
  EXPECT_EQ(clock.time(now + 50ms, 0xFFFFFF00 + 3000), begin + 33'333'333ns);
  EXPECT_EQ(clock.time(now + 51ms, 0xFFFFFF00 + 6000), begin + 66'666'666ns);
  EXPECT_EQ(clock.time(now + 5s, 0xFFFFFF00 + 9000), now + 5s);  // after a pause
  EXPECT_EQ(clock.time(now + 6s, 0x7FFFFFFF), now + 6s);         // another source
}

TEST(RtpInput, ReceivesFramesOverLoopback) {
  asio::io_context io;
  asio::ip::udp::socket sender(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::uint16_t port = 0;
  {
    const asio::ip::udp::socket probe(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = probe.local_endpoint().port();
  }
  RtpVideo video(io, port);
  EXPECT_THROW(RtpVideo(io, port), std::runtime_error);
  std::vector<EncodedFrame> frames;
  video.on_frame = [&](const EncodedFrame& frame) { frames.push_back(frame); };
  const auto send = [&](std::uint16_t sequence) {
    const FileBytes packet{0x80, 0xE0, 0, static_cast<std::uint8_t>(sequence), 0, 0, 0, 1, 0, 0, 0, 2, 0x10, 0x10, 9};
    sender.send_to(asio::buffer(packet), {asio::ip::address_v4::loopback(), port});
    sender.send_to(asio::buffer("noise", 5), {asio::ip::address_v4::loopback(), port});
    io.restart();
    io.run_for(20ms);
  };
  send(1);
  EXPECT_TRUE(frames.empty());  // no client is watching
  video.start();
  send(2);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].key);
  EXPECT_EQ(frames[0].bytes, (FileBytes{0x10, 9}));
  video.stop();
  send(3);
  EXPECT_EQ(frames.size(), 1U);
}

}  // namespace
}  // namespace redan::media
