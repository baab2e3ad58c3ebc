#include "media/ogg_opus.hpp"

#include "media/little_endian.hpp"

namespace redan::media {
namespace {

using namespace std::chrono_literals;

// RFC 3533 section 6
constexpr std::string_view kCapture = "OggS";
constexpr std::size_t kPageHeader = 27;
constexpr std::uint8_t kContinued = 1;
// An Opus packet has at most 48 frames of 1275 bytes (RFC 6716 section 3.4).
constexpr std::size_t kMaxPacket = 61'298;
constexpr std::size_t kMaxPackets = 1U << 20U;

constexpr std::string_view kHead = "OpusHead";  // RFC 7845 section 5.1
constexpr std::string_view kTags = "OpusTags";  // RFC 7845 section 5.2

struct Page {
  std::uint8_t flags = 0;
  std::uint32_t serial = 0;
  Bytes lacing, body;
};

/// The page at the start of `bytes`, and its length.
std::optional<std::pair<Page, std::size_t>> parse_page(Bytes bytes) {
  if (bytes.size() < kPageHeader || as_text(bytes.first(4)) != kCapture || bytes[4] != 0) return std::nullopt;
  const std::size_t segments = bytes[26];
  if (bytes.size() < kPageHeader + segments) return std::nullopt;
  Page page;
  page.flags = bytes[5];
  page.serial = static_cast<std::uint32_t>(little_endian<4>(bytes, 14));
  page.lacing = bytes.subspan(kPageHeader, segments);
  std::size_t size = 0;
  for (const std::uint8_t length : page.lacing) size += length;
  const std::size_t header = kPageHeader + segments;
  if (bytes.size() - header < size) return std::nullopt;
  page.body = bytes.subspan(header, size);
  return std::pair(page, header + size);
}

/// Joins the segments of one stream into packets.
class Packets {
 public:
  template <class Take>
  void add(const Page& page, Take take) {
    if ((page.flags & kContinued) == 0) open_.clear();
    bool skip = (page.flags & kContinued) != 0 && open_.empty();  // its beginning is missing
    std::size_t at = 0;
    for (const std::uint8_t length : page.lacing) {
      const Bytes segment = page.body.subspan(at, length);
      at += length;
      if (!skip && open_.size() + length <= kMaxPacket) open_.insert(open_.end(), segment.begin(), segment.end());
      if (length == 255) continue;  // RFC 3533 section 5: the packet continues
      if (!skip) take(open_);
      skip = false;
      open_.clear();
    }
  }

 private:
  std::vector<std::uint8_t> open_;
};

}  // namespace

std::optional<Duration> opus_duration(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  const unsigned configuration = packet[0] >> 3U, code = packet[0] & 3U;
  // SILK 10, 20, 40, 60 ms; hybrid 10, 20; CELT 2.5, 5, 10, 20.
  Duration frame{};
  if (configuration < 12) {
    constexpr std::array<Duration, 4> kSilk{10ms, 20ms, 40ms, 60ms};
    frame = kSilk[configuration % 4];
  } else if (configuration < 16) {
    frame = configuration % 2 == 0 ? 10ms : 20ms;
  } else {
    frame = 2500us * (1 << configuration % 4);
  }
  if (code == 3 && packet.size() < 2) return std::nullopt;
  const int frames = code == 0 ? 1 : code < 3 ? 2 : packet[1] & 0x3F;
  if (frames == 0 || frames * frame > 120ms) return std::nullopt;
  return frames * frame;
}

Result<std::vector<AudioPacket>> parse_ogg_opus(Bytes file) {
  if (file.size() > kMaxOggFile) return refuse(Errc::invalid_argument);
  std::vector<AudioPacket> packets;
  std::optional<std::uint32_t> serial;
  Packets joined;
  while (const auto found = parse_page(file)) {
    const Page& page = found->first;
    file = file.subspan(found->second);
    // RFC 7845 section 3: the head is on a page of its own.
    if (!serial && as_text(page.body).starts_with(kHead)) {
      serial = page.serial;
      continue;
    }
    if (serial != page.serial) continue;
    joined.add(page, [&](const std::vector<std::uint8_t>& packet) {
      const auto duration = opus_duration(packet);
      if (!duration || as_text(packet).starts_with(kTags) || packets.size() == kMaxPackets) return;
      packets.push_back({packet, *duration});
    });
  }
  if (packets.empty()) return refuse(Errc::invalid_argument);
  return packets;
}

}  // namespace redan::media
