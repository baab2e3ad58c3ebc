// Where a stream's frames come from: a generated picture, a file, or another program. Sources live on the Streamer's
// loop and tell it there.
#pragma once

#include <functional>
#include <redan/types.hpp>
#include <vector>

#include "cloud/api/screen.hpp"

namespace redan::cloud {

/// One encoded picture, or 20 ms of sound.
struct EncodedFrame {
  std::vector<std::uint8_t> bytes;
  TimePoint time{};         ///< when it was to be seen or heard first
  bool key = false;         ///< a picture that needs no other
  Duration encode_time{0};  ///< spent on encoding it here; zero for what comes encoded
  std::uint32_t width = 0, height = 0;
};

class VideoSource {
 public:
  virtual ~VideoSource() = default;
  /// What the controlling client wants. Sources that are not generated keep their own.
  virtual void set_screen(const api::Screen&) {}
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

}  // namespace redan::cloud
