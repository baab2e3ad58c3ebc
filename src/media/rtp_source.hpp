// Another program's encoder as a source: it sends plain RTP to a UDP port on loopback. Video packets are assembled into
// frames and sent under our own sequence numbers, so that every client gets its own stream, its own retransmissions and
// a proper start. The program must send a key frame every second or two, because it cannot be asked for one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <redan/error.hpp>

#include "media/source.hpp"
#include "rtc/rtp/rtp.hpp"

namespace redan::media {

/// Takes packets, returns whole VP8 frames (RFC 7741). A frame with a missing packet is skipped, and so are the
/// following ones until a key frame.
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

/// Times of one source's packets: the first is due now, the others at the distance given by their timestamps.
class MediaClock {
 public:
  explicit MediaClock(std::uint32_t rate) : rate_(rate) {}
  TimePoint time(TimePoint now, std::uint32_t timestamp);

 private:
  std::uint32_t rate_;
  std::optional<std::uint32_t> last_;
  TimePoint time_{};
};

/// Selects one stream from the packets of a port: the first payload type and SSRC. Another stream is selected when the
/// first has been silent for kSilence. RTCP (RFC 5761 section 4), duplicates and late packets are skipped.
class RtpStream {
 public:
  static constexpr std::chrono::milliseconds kSilence{500};
  [[nodiscard]] bool takes(TimePoint now, const rtp::RtpHeader& header);

 private:
  std::optional<rtp::RtpHeader> last_;
  TimePoint heard_{};
};

/// Common to both kinds: a socket on loopback, and the packets of one stream.
class RtpInput {
 public:
  /// Throws std::runtime_error if the port is in use.
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
