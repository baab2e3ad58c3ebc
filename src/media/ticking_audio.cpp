#include "media/ticking_audio.hpp"

#include "base/assert.hpp"
#include "net/clock.hpp"

namespace redan::media {
namespace {

// After a delay, up to this much missed sound is played; a longer gap is skipped.
constexpr Duration kMostAtOnce = std::chrono::milliseconds(100);

}  // namespace

TickingAudio::TickingAudio(boost::asio::io_context& io, std::vector<AudioPacket> packets)
    : alarm_(io), packets_(std::move(packets)) {
  REDAN_ASSERT(!packets_.empty());
  for (const AudioPacket& packet : packets_) REDAN_ASSERT(packet.duration > Duration{0});
}

void TickingAudio::start() {
  if (running_) return;
  running_ = true;
  next_ = net::now();
  wait();
}

void TickingAudio::stop() {
  running_ = false;
  alarm_.cancel();
}

void TickingAudio::wait() {
  alarm_.set(next_, [this] {
    const TimePoint now = net::now();
    if (now - next_ > kMostAtOnce) next_ = now;
    while (running_ && next_ <= now) {
      EncodedFrame frame;
      frame.bytes = packets_[next_packet_].bytes;
      frame.time = next_;
      next_ += packets_[next_packet_].duration;
      next_packet_ = (next_packet_ + 1) % packets_.size();
      if (on_frame) on_frame(frame);
    }
    if (running_) wait();
  });
}

}  // namespace redan::media
