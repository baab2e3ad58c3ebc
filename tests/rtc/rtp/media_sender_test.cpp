#include "rtc/rtp/media_sender.hpp"

#include <gtest/gtest.h>

#include "base/reader.hpp"
#include "rtc/rtp/rtp.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::rtp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kVideoSsrc = 22, kAudioSsrc = 11;

class MediaSenderTest : public testing::Test {
 protected:
  struct Sent {
    TimePoint time;
    MediaKind kind;
    std::vector<std::uint8_t> bytes;
    [[nodiscard]] RtpPacket rtp() const { return *RtpPacket::parse(bytes); }
  };
  static MediaSenderConfig config() {
    MediaSenderConfig both;
    both.video = {kVideoSsrc, 96};
    both.audio = {kAudioSsrc, 111};
    both.cname = "name";
    return both;
  }
  static rtp::EncodedFrame frame(TimePoint time, std::size_t size, bool key) {
    rtp::EncodedFrame made;
    made.bytes.assign(size, 0x33);
    made.time = time;
    made.key = key;
    return made;
  }

  /// Polls until Wait; returns its time.
  TimePoint drain() {
    std::array<std::uint8_t, 1500> buffer{};
    while (true) {
      const auto output = sender.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* packet = std::get_if<MediaSender::Packet>(&output)) {
        EXPECT_EQ(packet->bytes.data(), buffer.data());
        sent.push_back({now, packet->kind, {packet->bytes.begin(), packet->bytes.end()}});
      } else {
        ++key_frames_wanted;
      }
    }
  }
  void run(Duration time) {
    const TimePoint end = now + time;
    for (TimePoint next = drain(); next <= end; next = drain()) {
      ASSERT_GT(next, now);  // otherwise it would be a busy loop
      now = next;
    }
    now = end;
  }
  [[nodiscard]] std::vector<Sent> of(std::uint32_t ssrc) const {
    std::vector<Sent> found;
    for (const Sent& each : sent) {
      if (each.kind == MediaKind::rtp && each.rtp().header.ssrc == ssrc) found.push_back(each);
    }
    return found;
  }
  void feed(const std::vector<std::uint8_t>& rtcp) { sender.handle_input(now, rtcp); }
  static std::vector<std::uint8_t> nack(std::uint16_t sequence, std::uint32_t ssrc = kVideoSsrc) {
    return {0x81,
            205,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            static_cast<std::uint8_t>(ssrc),
            static_cast<std::uint8_t>(sequence >> 8U),
            static_cast<std::uint8_t>(sequence),
            0,
            0};
  }
  static std::vector<std::uint8_t> pli(std::uint32_t ssrc = kVideoSsrc) {
    return {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, static_cast<std::uint8_t>(ssrc)};
  }
  static std::vector<std::uint8_t> fir(std::uint8_t number) {
    return {0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, kVideoSsrc, number, 0, 0, 0};
  }

  redan::test::SeededRandom dice{7};
  TimePoint now = TimePoint{} + 100s;
  MediaSender sender{config(), dice};
  std::vector<Sent> sent;
  int key_frames_wanted = 0;
};

TEST_F(MediaSenderTest, AFrameBecomesPacketsWithOneTimestampAndAFinalMarker) {
  sender.send_video(now, frame(now, 5000, true));
  run(1s);
  const auto packets = of(kVideoSsrc);
  ASSERT_EQ(packets.size(), 5U);
  std::size_t total = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const RtpPacket packet = packets[i].rtp();
    EXPECT_LE(packets[i].bytes.size(), config().max_packet);
    EXPECT_EQ(packet.header.payload_type, 96);
    EXPECT_EQ(packet.header.marker, i == 4);
    EXPECT_EQ(packet.header.sequence, packets[0].rtp().header.sequence + i);
    EXPECT_EQ(packet.header.timestamp, packets[0].rtp().header.timestamp);
    EXPECT_EQ(Vp8Payload::parse(packet.payload)->start, i == 0);
    total += Vp8Payload::parse(packet.payload)->data.size();
  }
  EXPECT_EQ(total, 5000U);
}

TEST_F(MediaSenderTest, TimestampsFollowTheClocksOfBothFormats) {
  for (int i = 0; i < 2; ++i) {
    sender.send_video(now, frame(now, 100, true));
    sender.send_audio(now, frame(now, 100, false));
    run(1s);
  }
  EXPECT_EQ(of(kVideoSsrc)[1].rtp().header.timestamp - of(kVideoSsrc)[0].rtp().header.timestamp, 90'000U);
  EXPECT_EQ(of(kAudioSsrc)[1].rtp().header.timestamp - of(kAudioSsrc)[0].rtp().header.timestamp, 48'000U);
}

TEST_F(MediaSenderTest, AStreamRequestsAKeyFrameAndBeginsWithOne) {
  run(0s);
  EXPECT_EQ(key_frames_wanted, 1);
  sender.send_video(now, frame(now, 100, false));
  run(100ms);
  EXPECT_TRUE(of(kVideoSsrc).empty());
  EXPECT_EQ(sender.statistics().frames_skipped, 1U);
  sender.send_video(now, frame(now, 100, true));
  sender.send_video(now, frame(now, 100, false));
  run(100ms);
  EXPECT_EQ(of(kVideoSsrc).size(), 2U);
}

TEST_F(MediaSenderTest, AKeyFrameIsNotSentInOneBurst) {
  sender.send_video(now, frame(now, 100'000, true));
  const TimePoint begin = now;
  run(2s);
  const auto packets = of(kVideoSsrc);
  // 100 kB at 2.5 times 1 Mbit/s.
  EXPECT_NEAR(std::chrono::duration<double>(packets.back().time - begin).count(), 0.32, 0.02);
  std::map<std::int64_t, std::size_t> bytes_in;
  for (const Sent& each : packets) bytes_in[(each.time - begin) / 10ms] += each.bytes.size();
  for (const auto& [slot, bytes] : bytes_in) EXPECT_LT(bytes, 6000U);
  EXPECT_GT(sender.statistics().total_packet_send_delay, 10s);
}

TEST_F(MediaSenderTest, SoundDoesNotWaitForVideo) {
  sender.send_video(now, frame(now, 100'000, true));
  run(10ms);
  sender.send_audio(now, frame(now, 80, false));
  drain();
  ASSERT_EQ(of(kAudioSsrc).size(), 1U);
  EXPECT_EQ(of(kAudioSsrc)[0].time, now);
}

TEST_F(MediaSenderTest, FramesAreSkippedUntilAKeyFrameWhenTheQueueIsTooLong) {
  run(0s);
  sender.send_video(now, frame(now, 300'000, true));
  sender.send_video(now, frame(now, 1000, false));
  EXPECT_EQ(sender.statistics().frames_skipped, 1U);
  run(2s);
  EXPECT_EQ(key_frames_wanted, 1);
  sender.send_video(now, frame(now, 1000, false));  // the frame that it depends on was skipped
  EXPECT_EQ(sender.statistics().frames_skipped, 2U);
  run(0s);
  EXPECT_EQ(key_frames_wanted, 2);
  sent.clear();
  sender.send_video(now, frame(now, 1000, true));
  run(100ms);
  EXPECT_EQ(of(kVideoSsrc).size(), 1U);
}

TEST_F(MediaSenderTest, ALostPacketIsRetransmittedUnchangedAtMostOnceIn50Milliseconds) {
  sender.send_video(now, frame(now, 5000, true));
  run(100ms);
  const Sent lost = of(kVideoSsrc)[2];
  sent.clear();
  const std::uint16_t sequence = lost.rtp().header.sequence;
  feed(nack(sequence));
  feed(nack(sequence));
  run(10ms);
  ASSERT_EQ(of(kVideoSsrc).size(), 1U);
  EXPECT_EQ(of(kVideoSsrc)[0].bytes, lost.bytes);
  feed(nack(sequence));
  run(10ms);
  EXPECT_EQ(of(kVideoSsrc).size(), 1U);
  run(40ms);
  feed(nack(sequence));
  run(10ms);
  EXPECT_EQ(of(kVideoSsrc).size(), 2U);
  EXPECT_EQ(sender.statistics().nack_count, 4U);
  EXPECT_EQ(sender.statistics().retransmitted_packets_sent, 2U);
  EXPECT_EQ(sender.statistics().retransmitted_bytes_sent, 2 * lost.bytes.size());
}

TEST_F(MediaSenderTest, UnknownPacketsAreNotRetransmitted) {
  sender.send_video(now, frame(now, 1000, true));
  run(100ms);
  const std::uint16_t first = of(kVideoSsrc)[0].rtp().header.sequence;
  feed(nack(static_cast<std::uint16_t>(first + 1)));
  feed(nack(static_cast<std::uint16_t>(first - 1)));
  feed(nack(first, kAudioSsrc));
  run(100ms);
  EXPECT_EQ(of(kVideoSsrc).size(), 1U);
  for (std::size_t i = 0; i < PacketHistory::kSize; ++i) {
    sender.send_video(now, frame(now, 100, false));
    run(5ms);
  }
  const std::size_t before = of(kVideoSsrc).size();
  feed(nack(first));
  run(100ms);
  EXPECT_EQ(of(kVideoSsrc).size(), before);
}

TEST_F(MediaSenderTest, KeyFrameRequestsArePassedOnWithoutRepetitions) {
  run(1s);
  key_frames_wanted = 0;
  feed(pli());
  feed(pli());
  run(100ms);
  EXPECT_EQ(key_frames_wanted, 1);
  run(300ms);
  feed(pli(kAudioSsrc));
  run(0s);
  EXPECT_EQ(key_frames_wanted, 1);
  feed(fir(1));
  run(1s);
  EXPECT_EQ(key_frames_wanted, 2);
  feed(fir(1));  // RFC 5104 section 4.3.1.2: the same request
  run(1s);
  EXPECT_EQ(key_frames_wanted, 2);
  feed(fir(2));
  run(1s);
  EXPECT_EQ(key_frames_wanted, 3);
  EXPECT_EQ(sender.statistics().pli_count, 2U);
  EXPECT_EQ(sender.statistics().fir_count, 2U);
}

TEST_F(MediaSenderTest, ReportsAreSentWithTheFirstPacketAndAboutEverySecond) {
  for (int i = 0; i < 1000; ++i) {
    sender.send_video(now, frame(now, 100, true));
    run(10ms);
  }
  std::vector<Sent> reports;
  for (const Sent& each : sent) {
    if (each.kind == MediaKind::rtcp) reports.push_back(each);
  }
  ASSERT_GE(reports.size(), 8U);
  EXPECT_LE(reports.size(), 14U);
  EXPECT_LE(reports[0].time, sent[0].time + 10ms);
  for (std::size_t i = 1; i < reports.size(); ++i) {
    EXPECT_GE(reports[i].time - reports[i - 1].time, 500ms);
    EXPECT_LE(reports[i].time - reports[i - 1].time, 1510ms);
  }
  // RFC 3550 section 6.4.1: the two times of the report are the same moment.
  const Sent& last = reports.back();
  Reader reader(last.bytes);
  reader.skip(8);
  EXPECT_EQ(reader.u64(), ntp_time(last.time));
  const std::uint32_t timestamp = reader.u32();
  const auto packets = of(kVideoSsrc);
  const double ticks = std::chrono::duration<double>(last.time - packets[0].time).count() * 90'000;
  EXPECT_NEAR(timestamp - packets[0].rtp().header.timestamp, ticks, 1);
}

TEST_F(MediaSenderTest, RoundTripTimeAndLossComeFromTheReceiversReport) {
  sender.send_video(now, frame(now, 100, true));
  run(10ms);
  const auto middle = static_cast<std::uint32_t>(ntp_time(now) >> 16U);
  now += 250ms;
  const std::uint32_t delay = 65536 / 5;  // 200 ms
  std::vector<std::uint8_t> report{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, kVideoSsrc,
                                   128,  0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (const std::uint32_t word : {middle, delay}) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) report.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  feed(report);
  EXPECT_NEAR(static_cast<double>(sender.statistics().round_trip_time / 1us), 50'000, 100);
  EXPECT_EQ(sender.statistics().fraction_lost, 128);
  EXPECT_EQ(sender.target_bitrate(now), 750'000U);
}

// Packets lost on the path are retransmitted after a NACK, so the receiver finally has every frame.
TEST_F(MediaSenderTest, EveryFrameFinallyArrivesDespiteLoss) {
  redan::test::SeededRandom link(3);
  std::map<std::uint16_t, bool> got;
  std::size_t seen = 0;
  int lost = 0;
  for (int i = 0; i < 300; ++i) {
    sender.send_video(now, frame(now, 4000, i == 0));
    run(33ms);
    for (; seen < sent.size(); ++seen) {
      if (sent[seen].kind != MediaKind::rtp) continue;
      if (link.below(10) == 0) {
        ++lost;
        continue;
      }
      got[sent[seen].rtp().header.sequence] = true;
    }
    for (std::uint16_t s = got.begin()->first; s < got.rbegin()->first; ++s) {
      if (!got.contains(s)) feed(nack(s));
    }
  }
  run(1s);
  for (; seen < sent.size(); ++seen) {
    if (sent[seen].kind == MediaKind::rtp) got[sent[seen].rtp().header.sequence] = true;
  }
  EXPECT_GT(lost, 50);
  EXPECT_GE(got.size(), 300U * 4 - 4);  // losses at the end of the last frame are not detected
  EXPECT_EQ(static_cast<std::size_t>(got.rbegin()->first - got.begin()->first) + 1, got.size());
}

}  // namespace
}  // namespace redan::rtp
