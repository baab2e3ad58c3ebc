// A source of a stream's frames: a generated picture, a file, or another program. Sources run on the Streamer's loop
// and report frames there.
#pragma once

#include <functional>
#include <redan/types.hpp>

#include "rtc/rtp/encoded_frame.hpp"

namespace redan::media {

using rtp::EncodedFrame;

class VideoSource {
 public:
  virtual ~VideoSource() = default;
  /// The picture that the controlling client requests, in pixels and frames per second. Only generated sources follow
  /// it.
  virtual void set_picture(std::uint32_t /*width*/, std::uint32_t /*height*/, std::uint32_t /*fps*/) {}
  /// Bits per second.
  virtual void set_bitrate(std::uint32_t) {}
  /// Requests that the next frame is a key frame, if the source can make one.
  virtual void want_key_frame() = 0;
  /// Runs only while a client is watching.
  virtual void start() = 0;
  virtual void stop() = 0;
  /// Pictures that were due but not made.
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
