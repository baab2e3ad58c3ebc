// Sends audio and video to one client: frames go in, RTP and RTCP packets come out when they are due, and the
// receiver's feedback is applied. A machine like those of the WebRTC stack: no socket, no clock, no thread.
//
// Audio is sent at once. Video is paced at kPace times its bit rate, so that a key frame does not overflow a queue on
// the path. A packet that the receiver reports missing is sent again with its own sequence number (RFC 4585), before
// new video. A stream begins with a key frame, and restarts with one when more is queued than can usefully be late.
#pragma once

#include <deque>
#include <optional>
#include <redan/media.hpp>
#include <redan/random.hpp>
#include <string>
#include <variant>

#include "rtc/rtp/encoded_frame.hpp"
#include "rtc/rtp/packet_history.hpp"
#include "rtc/rtp/rate_control.hpp"
#include "rtc/rtp/rtcp.hpp"

namespace redan::rtp {

struct MediaSenderConfig {
  struct Stream {
    std::uint32_t ssrc = 0;
    std::uint8_t payload_type = 0;
  };
  std::optional<Stream> video{}, audio{};
  std::string cname{};
  std::size_t max_packet = 1180;  ///< of plain RTP; when protected it fits the endpoint's MTU
  RateLimits rate{};
};

/// Sums since the beginning; the names are those of the metrics.
struct MediaStatistics {
  std::uint64_t bytes_sent = 0, packets_sent = 0;  ///< RTP, including retransmissions
  std::uint64_t retransmitted_bytes_sent = 0, retransmitted_packets_sent = 0;
  std::uint64_t nack_count = 0, pli_count = 0, fir_count = 0;
  Duration total_packet_send_delay{0};  ///< from the encoder to the socket
  std::uint64_t frames_skipped = 0;     ///< not sent because the queue was too long
  Duration round_trip_time{0};          ///< the latest; zero: unknown
  std::uint8_t fraction_lost = 0;       ///< of video, of 256, latest

  MediaStatistics& operator+=(const MediaStatistics& other);
};

class MediaSender {
 public:
  struct Packet {
    MediaKind kind;
    Bytes bytes;  ///< at the start of the buffer given to poll_output
  };
  struct KeyFrameWanted {};
  using Output = std::variant<Wait, Packet, KeyFrameWanted>;

  static constexpr double kPace = 2.5;
  /// The longest queue; beyond it frames are skipped until a key frame.
  static constexpr Duration kLongestQueue = std::chrono::milliseconds(600);

  /// `random` must outlive the sender.
  MediaSender(MediaSenderConfig config, RandomSource& random);

  void send_video(TimePoint now, const EncodedFrame& frame);
  void send_audio(TimePoint now, const EncodedFrame& frame);
  void set_rate_limits(RateLimits limits) { rate_.set_limits(limits); }
  /// RTCP from the receiver.
  void handle_input(TimePoint now, Bytes compound);
  /// `buffer` must hold one packet: max_packet bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  [[nodiscard]] std::uint32_t target_bitrate(TimePoint now) const { return rate_.target(now); }
  [[nodiscard]] const MediaStatistics& statistics() const { return statistics_; }
  [[nodiscard]] bool sends_video() const { return config_.video.has_value(); }
  [[nodiscard]] bool sends_audio() const { return config_.audio.has_value(); }

 private:
  /// Sequence numbers and times of one stream.
  struct Stream {
    std::uint32_t ssrc = 0;
    std::uint8_t payload_type = 0;
    std::uint32_t clock_rate = 0;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp_offset = 0;
    std::uint32_t packets = 0, octets = 0;
    TimePoint report_at = kNever;

    [[nodiscard]] std::uint32_t timestamp(TimePoint time) const;
  };
  std::optional<Stream> make_stream(const std::optional<MediaSenderConfig::Stream>& config, std::uint32_t clock_rate);
  Output poll_video(TimePoint now, MutableBytes buffer);
  Output send_video_packet(TimePoint now, PacketHistory::Packet& packet, MutableBytes buffer);
  Output send(TimePoint now, Stream& stream, Bytes packet, std::size_t payload, MutableBytes buffer);
  bool poll_report(TimePoint now, Stream& stream, Writer& writer);
  void want_key_frame(TimePoint now);
  void on_report(TimePoint now, const ReportBlock& report);
  [[nodiscard]] Duration time_to_send(std::size_t bytes) const;

  MediaSenderConfig config_;
  RandomSource& random_;
  RateControl rate_;
  MediaStatistics statistics_;
  std::optional<Stream> video_, audio_;

  PacketHistory history_;              // video
  std::deque<std::uint16_t> waiting_;  // video, in order
  std::deque<std::uint16_t> resends_;
  std::size_t waiting_bytes_ = 0;
  TimePoint next_video_{};  // the pacer: not before
  std::uint32_t pace_ = 0;  // bits per second
  std::uint16_t picture_id_ = 0;
  bool await_key_ = true;

  struct Sound {
    TimePoint queued;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Sound> sounds_;

  bool key_frame_due_ = false;
  std::optional<TimePoint> key_frame_asked_{};
  std::optional<std::uint8_t> last_fir_{};
};

}  // namespace redan::rtp
