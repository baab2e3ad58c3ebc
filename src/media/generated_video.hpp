// The generated picture as a source: drawn and encoded on its own thread, so that the loop never waits for the encoder.
// The next picture is not begun while one is being encoded; a machine that is too slow produces fewer pictures.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "media/picture.hpp"
#include "media/source.hpp"
#include "media/video.hpp"
#include "net/alarm.hpp"

namespace redan::media {

class GeneratedVideo final : public VideoSource {
 public:
  /// Errors: media_unsupported.
  static Result<std::unique_ptr<GeneratedVideo>> open(boost::asio::io_context& io);
  ~GeneratedVideo() override;

  /// The content of the next picture, except its number.
  [[nodiscard]] Scene& scene() { return scene_; }

  void set_picture(std::uint32_t width, std::uint32_t height, std::uint32_t fps) override;
  void set_bitrate(std::uint32_t bits_per_second) override { format_.bitrate = bits_per_second; }
  void want_key_frame() override { key_wanted_ = true; }
  void start() override;
  void stop() override;
  [[nodiscard]] std::uint64_t frames_dropped() const override { return dropped_; }

 private:
  struct Job;
  class Painter;

  explicit GeneratedVideo(boost::asio::io_context& io);
  void wait();
  void tick(TimePoint now);
  void on_encoded(bool key_asked, std::optional<EncodedFrame> frame);

  boost::asio::io_context& io_;
  net::Alarm alarm_;
  VideoFormat format_;
  Scene scene_;
  TimePoint began_{}, next_{};
  bool running_ = false, busy_ = false, key_wanted_ = false;
  std::uint64_t dropped_ = 0;
  std::shared_ptr<Painter> painter_;  ///< used on the thread
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  boost::asio::thread_pool thread_{1};
};

}  // namespace redan::media
