// Another program's encoder as a source: it sends plain RTP to a UDP port of loopback. Video is put together to frames
// and sent on under our own numbers, so that every client gets its own stream, retransmissions and a beginning.
// The program has to make a key frame every second or two: nobody can ask it for one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <redan/error.hpp>

#include "media/source.hpp"
#include "rtc/rtp/rtp.hpp"

namespace redan::media {

/// Packets in, whole VP8 frames out (RFC 7741). A frame that misses a packet is left out, and so are those behind it
/// until a key frame.
class Vp8Assembler {
 public:
  static constexpr std::size_t kMaxFrame = 4U << 20U;

  struct Frame {
    Bytes bytes;  ///< until the next call
    std::uint32_t timestamp = 0;
    bool key = false;
  };
  std::optional<Frame> add(const rtp::RtpPacket& packet);

 private:
  void lose() { collecting_ = false, await_key_ = true; }

  std::vector<std::uint8_t> frame_;
  std::uint32_t timestamp_ = 0;
  std::optional<std::uint16_t> last_;
  bool collecting_ = false, await_key_ = true;
};

/// Times of one source's packets: the first comes now, the others as far from it as their timestamps say.
class MediaClock {
 public:
  explicit MediaClock(std::uint32_t rate) : rate_(rate) {}
  TimePoint time(TimePoint now, std::uint32_t timestamp);

 private:
  std::uint32_t rate_;
  std::optional<std::uint32_t> last_;
  TimePoint time_{};
};

/// Of what comes to a port, one stream: the first payload type and SSRC. Another one begins when the first has been
/// silent for kSilence. RTCP (RFC 5761 section 4), what comes twice and what comes late is left out.
class RtpStream {
 public:
  static constexpr std::chrono::milliseconds kSilence{500};
  [[nodiscard]] bool takes(TimePoint now, const rtp::RtpHeader& header);

 private:
  std::optional<rtp::RtpHeader> last_;
  TimePoint heard_{};
};

/// What both kinds share: a socket on loopback, and the packets of one stream that come.
class RtpInput {
 public:
  /// Throws std::runtime_error if the port is taken.
  RtpInput(boost::asio::io_context& io, std::uint16_t port, std::function<void(const rtp::RtpPacket&)> on_packet);
  ~RtpInput();
  RtpInput(const RtpInput&) = delete;
  RtpInput& operator=(const RtpInput&) = delete;

 private:
  struct Socket;
  std::shared_ptr<Socket> socket_;
};

class RtpVideo final : public VideoSource {
 public:
  RtpVideo(boost::asio::io_context& io, std::uint16_t port);
  void want_key_frame() override {}
  void start() override { running_ = true; }
  void stop() override { running_ = false; }

 private:
  void on_packet(const rtp::RtpPacket& packet);
  Vp8Assembler assembler_;
  MediaClock clock_{90'000};
  bool running_ = false;
  RtpInput input_;
};

class RtpAudio final : public AudioSource {
 public:
  RtpAudio(boost::asio::io_context& io, std::uint16_t port);
  void start() override { running_ = true; }
  void stop() override { running_ = false; }

 private:
  void on_packet(const rtp::RtpPacket& packet);
  MediaClock clock_{48'000};
  bool running_ = false;
  RtpInput input_;
};

}  // namespace redan::media
