// Where a stream's frames come from: a generated picture, a file, or another program. Sources live on the Streamer's
// loop and tell it there.
#pragma once

#include <functional>
#include <redan/types.hpp>

#include "rtc/rtp/encoded_frame.hpp"

namespace redan::media {

using rtp::EncodedFrame;

class VideoSource {
 public:
  virtual ~VideoSource() = default;
  /// The picture that the controlling client asks for, in pixels and frames a second. Sources that are not generated
  /// keep their own.
  virtual void set_picture(std::uint32_t /*width*/, std::uint32_t /*height*/, std::uint32_t /*fps*/) {}
  /// Bits per second.
  virtual void set_bitrate(std::uint32_t) {}
  /// The next frame shall be a key frame, if the source can make one.
  virtual void want_key_frame() = 0;
  /// Runs only while somebody watches.
  virtual void start() = 0;
  virtual void stop() = 0;
  /// Pictures that were due and not made.
  [[nodiscard]] virtual std::uint64_t frames_dropped() const { return 0; }

  std::function<void(const EncodedFrame&)> on_frame;
};

class AudioSource {
 public:
  virtual ~AudioSource() = default;
  virtual void start() = 0;
  virtual void stop() = 0;

  std::function<void(const EncodedFrame&)> on_frame;
};

}  // namespace redan::media
