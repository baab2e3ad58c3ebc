// A VP8 file, played in a loop.
#pragma once

#include <boost/asio/io_context.hpp>

#include "media/ivf.hpp"
#include "media/source.hpp"
#include "net/alarm.hpp"

namespace redan::media {

class FileVideo final : public VideoSource {
 public:
  FileVideo(boost::asio::io_context& io, IvfVideo video);

  /// Goes back to the last key frame.
  void want_key_frame() override { key_wanted_ = true; }
  void start() override;
  void stop() override;

 private:
  void wait();
  void play(TimePoint now);

  net::Alarm alarm_;
  IvfVideo video_;
  std::size_t at_ = 0;
  TimePoint next_{};
  bool running_ = false, key_wanted_ = false;
};

}  // namespace redan::media
