#include "media/ivf.hpp"

#include <algorithm>

#include "media/little_endian.hpp"
#include "rtc/rtp/rtp.hpp"

namespace redan::media {
namespace {

constexpr std::uint32_t kSignature = 0x46494B44;  // "DKIF"
constexpr std::uint32_t kVp8 = 0x30385056;        // "VP80"
constexpr std::size_t kHeader = 32;
constexpr std::size_t kFrameHeader = 12;

// Converts units of the file's clock to time, without overflow for any file.
Duration length(std::uint64_t units, std::uint32_t rate, std::uint32_t scale) {
  const double seconds = static_cast<double>(units) * scale / rate;
  const double most = std::chrono::duration<double>(IvfVideo::kLongest).count();
  const auto time = std::chrono::duration<double>(std::min(seconds, most));
  return std::max(std::chrono::duration_cast<Duration>(time), IvfVideo::kShortest);
}

}  // namespace

Result<IvfVideo> IvfVideo::parse(std::vector<std::uint8_t> file) {
  const Bytes bytes(file);
  if (bytes.size() < kHeader || bytes.size() > kMaxFile) return refuse(Errc::invalid_argument);
  const std::size_t header = little_endian<2>(bytes, 6);
  const auto rate = static_cast<std::uint32_t>(little_endian<4>(bytes, 16));
  const auto scale = static_cast<std::uint32_t>(little_endian<4>(bytes, 20));
  if (little_endian<4>(bytes, 0) != kSignature || little_endian<4>(bytes, 8) != kVp8 || header < kHeader || rate == 0 ||
      scale == 0) {
    return refuse(Errc::invalid_argument);
  }
  IvfVideo video;
  video.width = static_cast<std::uint32_t>(little_endian<2>(bytes, 12));
  video.height = static_cast<std::uint32_t>(little_endian<2>(bytes, 14));
  std::uint64_t last = 0;
  for (std::size_t at = header; at + kFrameHeader <= bytes.size();) {
    const std::size_t size = little_endian<4>(bytes, at);
    const std::uint64_t time = little_endian<8>(bytes, at + 4);
    at += kFrameHeader;
    if (size > bytes.size() - at) break;
    const bool key = rtp::is_vp8_key_frame(bytes.subspan(at, size));
    if (size > 0 && (key || !video.frames.empty())) {
      // Duration of the previous frame; the last frame has the same duration.
      const Duration shown = length(time > last ? time - last : 1, rate, scale);
      if (!video.frames.empty()) video.frames.back().duration = shown;
      video.frames.push_back({at, size, shown, key});
      last = time;
    }
    at += size;
  }
  if (video.frames.empty()) return refuse(Errc::invalid_argument);
  if (video.frames.size() > 1) video.frames.back().duration = video.frames[video.frames.size() - 2].duration;
  video.file = std::move(file);
  return video;
}

}  // namespace redan::media
