// A packet as RTCP feedback to a sender of media, and as RTP of a source. Parsed data is bounded, and the sender stays
// consistent: after each packet it sends what it has and then waits.
#include <redan/random.hpp>

#include "base/assert.hpp"
#include "rtc/rtp/media_sender.hpp"
#include "rtc/rtp/rtp.hpp"
#include "tests/support/seeded_random.hpp"

namespace {

using namespace redan;
using namespace std::chrono_literals;

void read_media(Bytes packet) {
  if (const auto rtp = rtp::RtpPacket::parse(packet)) {
    REDAN_ASSERT(rtp->payload.size() + rtp::RtpHeader::kSize <= packet.size());
    if (const auto vp8 = rtp::Vp8Payload::parse(rtp->payload)) REDAN_ASSERT(!vp8->data.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes packet(data, size);
  read_media(packet);
  const rtp::Feedback feedback = rtp::Feedback::parse(packet);
  REDAN_ASSERT(feedback.lost.size() <= rtp::Feedback::kMaxLost &&
               feedback.reports.size() <= rtp::Feedback::kMaxReports);
  REDAN_ASSERT(feedback.picture_loss.size() + feedback.full_intra.size() <= 2 * rtp::Feedback::kMaxRequests);

  rtp::MediaSenderConfig config;
  config.video = {2, 96};
  config.audio = {1, 111};
  redan::test::SeededRandom dice(1);
  rtp::MediaSender sender(config, dice);
  TimePoint now = TimePoint{} + 100s;
  rtp::EncodedFrame frame;
  frame.bytes.resize(3000);
  frame.key = true;
  sender.send_video(now, frame);
  std::array<std::uint8_t, 1500> buffer{};
  for (int round = 0; round < 4; ++round) {
    sender.handle_input(now, packet);
    for (int outputs = 0;; ++outputs) {
      REDAN_ASSERT(outputs < 2000);
      const auto output = sender.poll_output(now, buffer);
      if (const auto* sent = std::get_if<rtp::MediaSender::Packet>(&output)) REDAN_ASSERT(sent->bytes.size() <= 1180);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now);
        break;
      }
    }
    const std::uint32_t target = sender.target_bitrate(now);
    REDAN_ASSERT(target >= config.rate.least && target <= config.rate.most);
    now += 30ms;
  }
  return 0;
}
