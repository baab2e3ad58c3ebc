#include "media/sources.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "media/audio.hpp"
#include "media/file_video.hpp"
#include "media/generated_video.hpp"
#include "media/ogg_opus.hpp"
#include "media/rtp_source.hpp"

namespace redan::media {
namespace {

namespace asio = boost::asio;

[[noreturn]] void fail(std::string_view which, std::string_view why) {
  throw std::runtime_error("source " + std::string(which) + ": " + std::string(why));
}

std::vector<std::uint8_t> read_file(std::string_view name, std::size_t most) {
  const std::filesystem::path path(name);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) fail(name, "cannot be read: " + error.message());
  if (size > most) fail(name, "is larger than " + std::to_string(most >> 20U) + " MiB");
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) fail(name, "cannot be read");
  return bytes;
}

void open_rtp(asio::io_context& io, std::string_view word, Sources& sources) {
  const std::string_view digits = word.substr(std::string_view("rtp:").size());
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65'533) {
    fail(word, "wants a port from 1 to 65533, as in rtp:5004");
  }
  sources.video = std::make_unique<RtpVideo>(io, port);
  sources.audio = std::make_unique<RtpAudio>(io, static_cast<std::uint16_t>(port + 2));
}

void open_word(asio::io_context& io, std::string_view word, Sources& sources) {
  if (word.starts_with("rtp:")) return open_rtp(io, word, sources);
  if (word.ends_with(".ivf")) {
    auto video = IvfVideo::parse(read_file(word, IvfVideo::kMaxFile));
    if (!video) fail(word, "is no VP8 video in IVF; make one with: ffmpeg -i in.mp4 -c:v libvpx -an out.ivf");
    sources.video = std::make_unique<FileVideo>(io, std::move(*video));
    return;
  }
  if (word.ends_with(".ogg") || word.ends_with(".opus")) {
    auto packets = parse_ogg_opus(read_file(word, kMaxOggFile));
    if (!packets) fail(word, "is no Opus sound in Ogg; make one with: ffmpeg -i in.mp4 -c:a libopus -vn out.ogg");
    sources.audio = std::make_unique<TickingAudio>(io, std::move(*packets));
    return;
  }
  fail(word, "is neither a .ivf, .ogg or .opus file nor rtp:PORT");
}

std::unique_ptr<AudioSource> open_tone(asio::io_context& io) {
  auto tone = encode_tone();
  if (!tone) return nullptr;
  return std::make_unique<TickingAudio>(io, std::move(*tone));
}

}  // namespace

Sources open_sources(asio::io_context& io, std::string_view words) {
  Sources sources;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(','));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    open_word(io, word, sources);
  }
  if (!sources.audio) {
    // RFC 6716 section 3.1: 20 ms of CELT in one frame that decodes to silence. A client that requests sound waits for
    // it.
    sources.audio = sources.video
                        ? std::make_unique<TickingAudio>(
                              io, std::vector<AudioPacket>{{{0xF8, 0xFF, 0xFE}, std::chrono::milliseconds(20)}})
                        : open_tone(io);
  }
  if (!sources.video) {
    auto generated = GeneratedVideo::open(io);
    if (generated) {
      sources.scene = &(*generated)->scene();
      sources.video = std::move(*generated);
    }
  }
  return sources;
}

}  // namespace redan::media
