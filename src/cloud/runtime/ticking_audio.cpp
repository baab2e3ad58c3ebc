#include "cloud/runtime/ticking_audio.hpp"

#include "base/assert.hpp"
#include "net/clock.hpp"

namespace redan::cloud {
namespace {

// A loop that was held up plays what it missed, up to this much; a longer gap is left out.
constexpr int kMostAtOnce = 5;

}  // namespace

TickingAudio::TickingAudio(boost::asio::io_context& io, std::vector<std::vector<std::uint8_t>> packets,
                           Duration duration)
    : timer_(io), packets_(std::move(packets)), duration_(duration) {
  REDAN_ASSERT(!packets_.empty() && duration_ > Duration{0});
}

void TickingAudio::start() {
  if (running_) return;
  running_ = true;
  next_ = net::now();
  wait();
}

void TickingAudio::stop() {
  running_ = false;
  timer_.cancel();
}

void TickingAudio::wait() {
  timer_.expires_after(std::max(next_ - net::now(), Duration{0}));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !running_) return;
    const TimePoint now = net::now();
    if (now - next_ > kMostAtOnce * duration_) next_ = now;
    while (running_ && next_ <= now) {
      EncodedFrame frame;
      frame.bytes = packets_[next_packet_];
      frame.time = next_;
      next_packet_ = (next_packet_ + 1) % packets_.size();
      next_ += duration_;
      if (on_frame) on_frame(frame);
    }
    if (running_) wait();
  });
}

}  // namespace redan::cloud
