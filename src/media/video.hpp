// VP8 by libvpx, for interactive streams: no look-ahead, key frames only on request, a variable bit rate.
#pragma once

#include <memory>
#include <redan/error.hpp>

#include "media/picture.hpp"
#include "media/source.hpp"

namespace redan::media {

struct VideoFormat {
  std::uint32_t width = 1280, height = 720;  ///< even
  std::uint32_t fps = 30;
  std::uint32_t bitrate = 2'000'000;  ///< bits per second
  friend bool operator==(const VideoFormat&, const VideoFormat&) = default;
};

class Vp8Encoder {
 public:
  virtual ~Vp8Encoder() = default;
  /// Errors: media_unsupported in a build without libvpx; invalid_argument.
  static Result<std::unique_ptr<Vp8Encoder>> open(const VideoFormat& format);

  /// `time` must increase from frame to frame. nullopt: the frame was dropped to keep the bit rate. Errors: io_failed.
  virtual Result<std::optional<EncodedFrame>> encode(const I420& picture, TimePoint time, bool key) = 0;
  virtual void set_bitrate(std::uint32_t bits_per_second) = 0;
};

}  // namespace redan::media
