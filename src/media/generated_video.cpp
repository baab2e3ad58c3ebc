#include "media/generated_video.hpp"

#include <boost/asio/post.hpp>

#include "net/clock.hpp"

namespace redan::media {

namespace asio = boost::asio;

struct GeneratedVideo::Job {
  VideoFormat format;
  Scene scene;
  TimePoint time;
  Duration elapsed;
  bool key;
};

/// Used only on the thread.
class GeneratedVideo::Painter {
 public:
  std::optional<EncodedFrame> paint(const Job& job) {
    const TimePoint begin = net::now();
    if (!prepare(job.format)) return std::nullopt;
    const I420& image = picture_->draw(job.scene, job.elapsed);
    auto encoded = encoder_->encode(image, job.time, job.key);
    if (!encoded || !*encoded) return std::nullopt;
    (*encoded)->encode_time = net::now() - begin;
    return std::move(*encoded);
  }

 private:
  bool prepare(const VideoFormat& format) {
    VideoFormat same = format;
    same.bitrate = format_.bitrate;
    if (encoder_ == nullptr || same != format_) {
      auto encoder = Vp8Encoder::open(format);
      if (!encoder) return false;
      encoder_ = std::move(*encoder);
      picture_.emplace(format.width, format.height);
    } else if (format.bitrate != format_.bitrate) {
      encoder_->set_bitrate(format.bitrate);
    }
    format_ = format;
    return true;
  }
  VideoFormat format_;
  std::unique_ptr<Vp8Encoder> encoder_;
  std::optional<Picture> picture_;
};

Result<std::unique_ptr<GeneratedVideo>> GeneratedVideo::open(asio::io_context& io) {
  REDAN_CHECK(Vp8Encoder::open({}));
  return std::unique_ptr<GeneratedVideo>(new GeneratedVideo(io));
}

GeneratedVideo::GeneratedVideo(asio::io_context& io) : io_(io), alarm_(io), painter_(std::make_shared<Painter>()) {}

GeneratedVideo::~GeneratedVideo() {
  *alive_ = false;
  thread_.join();
}

void GeneratedVideo::set_picture(std::uint32_t width, std::uint32_t height, std::uint32_t fps) {
  format_.width = width;
  format_.height = height;
  format_.fps = fps;
  key_wanted_ = true;
}

void GeneratedVideo::start() {
  if (running_) return;
  running_ = true;
  key_wanted_ = true;
  next_ = net::now();
  if (began_ == TimePoint{}) began_ = next_;
  wait();
}

void GeneratedVideo::stop() {
  running_ = false;
  alarm_.cancel();
}

void GeneratedVideo::wait() {
  alarm_.set(next_, [this] {
    const TimePoint now = net::now();
    const Duration period = std::chrono::nanoseconds(std::chrono::seconds(1)) / format_.fps;
    next_ += period;
    if (next_ < now) next_ = now + period;  // late: do not catch up on missed frames
    tick(now);
    wait();
  });
}

void GeneratedVideo::tick(TimePoint now) {
  ++scene_.frame;
  if (busy_) {
    ++dropped_;
    return;
  }
  busy_ = true;
  Job job{format_, scene_, now, now - began_, std::exchange(key_wanted_, false)};
  asio::post(thread_, [this, painter = painter_, alive = alive_, &io = io_, work = std::move(job)] {
    std::optional<EncodedFrame> frame = painter->paint(work);
    asio::post(io, [this, alive, key = work.key, encoded = std::move(frame)]() mutable {
      if (*alive) on_encoded(key, std::move(encoded));
    });
  });
}

void GeneratedVideo::on_encoded(bool key_asked, std::optional<EncodedFrame> frame) {
  busy_ = false;
  if (!frame) {
    key_wanted_ = key_wanted_ || key_asked;
    ++dropped_;
    return;
  }
  if (running_ && on_frame) on_frame(*frame);
}

}  // namespace redan::media
