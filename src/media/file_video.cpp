#include "media/file_video.hpp"

#include "net/clock.hpp"

namespace redan::media {

FileVideo::FileVideo(boost::asio::io_context& io, IvfVideo video) : alarm_(io), video_(std::move(video)) {}

void FileVideo::start() {
  if (running_) return;
  running_ = key_wanted_ = true;
  next_ = net::now();
  wait();
}

void FileVideo::stop() {
  running_ = false;
  alarm_.cancel();
}

void FileVideo::wait() {
  alarm_.set(next_, [this] { play(net::now()); });
}

void FileVideo::play(TimePoint now) {
  if (std::exchange(key_wanted_, false)) {
    while (!video_.frames[at_].key) --at_;  // the first frame is a key frame
  }
  const IvfVideo::Frame& shown = video_.frames[at_];
  const Bytes bytes = video_.bytes(shown);
  EncodedFrame frame;
  frame.bytes.assign(bytes.begin(), bytes.end());
  frame.time = now;
  frame.key = shown.key;
  frame.width = video_.width;
  frame.height = video_.height;
  at_ = (at_ + 1) % video_.frames.size();
  next_ = std::max(next_ + shown.duration, now);  // after a delay, continue from now
  if (on_frame) on_frame(frame);
  if (running_) wait();
}

}  // namespace redan::media
