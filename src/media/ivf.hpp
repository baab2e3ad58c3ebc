// VP8 in IVF, the file format of libvpx, as written by vpxenc and ffmpeg.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <vector>

namespace redan::media {

struct IvfVideo {
  static constexpr std::size_t kMaxFile = 256U << 20U;
  // The range of a frame's duration.
  static constexpr Duration kShortest = std::chrono::milliseconds(5), kLongest = std::chrono::seconds(1);

  struct Frame {
    std::size_t offset = 0, size = 0;  ///< in `file`
    Duration duration{};
    bool key = false;
  };
  std::uint32_t width = 0, height = 0;
  std::vector<std::uint8_t> file;
  std::vector<Frame> frames;  ///< the first is a key frame; at least one

  [[nodiscard]] Bytes bytes(const Frame& frame) const { return Bytes(file).subspan(frame.offset, frame.size); }

  /// Frames before the first key frame are skipped; a truncated frame ends the file. Errors: invalid_argument if it is
  /// not VP8 in IVF.
  static Result<IvfVideo> parse(std::vector<std::uint8_t> file);
};

}  // namespace redan::media
