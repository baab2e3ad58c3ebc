// Media files, and packets of another program: everything found lies within the file and is valid.
#include "base/assert.hpp"
#include "media/ivf.hpp"
#include "media/ogg_opus.hpp"
#include "media/rtp_source.hpp"

namespace {

using namespace redan;

// Each packet is preceded by its length in two bytes.
void assemble(Bytes packets) {
  media::Vp8Assembler assembler;
  bool any = false;
  while (packets.size() >= 2) {
    const std::size_t size = std::min<std::size_t>(packets[0] * 256U + packets[1], packets.size() - 2);
    const auto packet = rtp::RtpPacket::parse(packets.subspan(2, size));
    packets = packets.subspan(2 + size);
    const auto frame = packet ? assembler.add(*packet) : std::nullopt;
    if (!frame) continue;
    REDAN_ASSERT(!frame->bytes.empty() && frame->bytes.size() <= media::Vp8Assembler::kMaxFrame);
    REDAN_ASSERT(any || frame->key);
    any = true;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  if (const auto video = media::IvfVideo::parse({bytes.begin(), bytes.end()})) {
    REDAN_ASSERT(!video->frames.empty() && video->frames.front().key);
    for (const media::IvfVideo::Frame& frame : video->frames) {
      REDAN_ASSERT(frame.size > 0 && frame.offset + frame.size <= size);
      REDAN_ASSERT(frame.duration >= media::IvfVideo::kShortest && frame.duration <= media::IvfVideo::kLongest);
    }
  }
  if (const auto packets = media::parse_ogg_opus(bytes)) {
    REDAN_ASSERT(!packets->empty());
    for (const media::AudioPacket& packet : *packets) {
      REDAN_ASSERT(packet.duration > Duration{0} && packet.duration <= std::chrono::milliseconds(120));
    }
  }
  assemble(bytes);
  return 0;
}
