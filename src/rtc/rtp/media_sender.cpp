#include "rtc/rtp/media_sender.hpp"

#include <utility>

#include "base/assert.hpp"
#include "rtc/rtp/rtp.hpp"

namespace redan::rtp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kVideoClock = 90'000;  // RFC 7741 section 6.1
constexpr std::uint32_t kAudioClock = 48'000;  // RFC 7587 section 4.1
// Even at low bit rates one packet does not delay the next for long.
constexpr double kSlowestPace = 500'000;
// A late timer may be compensated by this much.
constexpr Duration kBurst = 5ms;
constexpr Duration kReportInterval = 1s;
// Key frame requests within this time are about the same loss.
constexpr Duration kBetweenKeyFrames = 300ms;
constexpr std::size_t kMaxWaiting = PacketHistory::kSize * 3 / 4;
constexpr std::size_t kMaxResends = 256;
constexpr std::size_t kMaxSounds = 50;

}  // namespace

MediaStatistics& MediaStatistics::operator+=(const MediaStatistics& other) {
  bytes_sent += other.bytes_sent;
  packets_sent += other.packets_sent;
  retransmitted_bytes_sent += other.retransmitted_bytes_sent;
  retransmitted_packets_sent += other.retransmitted_packets_sent;
  nack_count += other.nack_count;
  pli_count += other.pli_count;
  fir_count += other.fir_count;
  total_packet_send_delay += other.total_packet_send_delay;
  frames_skipped += other.frames_skipped;
  return *this;
}

std::uint32_t MediaSender::Stream::timestamp(TimePoint time) const {
  const std::int64_t ns = time.time_since_epoch().count();
  const std::int64_t ticks = ns / 1'000'000'000 * clock_rate + ns % 1'000'000'000 * clock_rate / 1'000'000'000;
  return timestamp_offset + static_cast<std::uint32_t>(ticks);
}

MediaSender::MediaSender(MediaSenderConfig config, RandomSource& random)
    : config_(std::move(config)), random_(random), rate_(config_.rate) {
  video_ = make_stream(config_.video, kVideoClock);
  audio_ = make_stream(config_.audio, kAudioClock);
  picture_id_ = static_cast<std::uint16_t>(random_.random_u32() & 0x7FFFU);
  key_frame_due_ = video_.has_value();
}

std::optional<MediaSender::Stream> MediaSender::make_stream(const std::optional<MediaSenderConfig::Stream>& config,
                                                            std::uint32_t clock_rate) {
  if (!config) return std::nullopt;
  Stream stream;
  stream.ssrc = config->ssrc;
  stream.payload_type = config->payload_type;
  stream.clock_rate = clock_rate;
  // RFC 3550 section 5.1: both start at random values. Sequence numbers start in the lower half: RFC 3711 section 3.3.1
  // requires that there is no wrap among the first packets, which may be lost.
  stream.sequence = static_cast<std::uint16_t>(random_.random_u32() & 0x7FFFU);
  stream.timestamp_offset = random_.random_u32();
  return stream;
}

// Frames.

Duration MediaSender::time_to_send(std::size_t bytes) const {
  return Duration(static_cast<std::int64_t>(static_cast<double>(bytes) * 8e9 / std::max<double>(pace_, kSlowestPace)));
}

void MediaSender::send_video(TimePoint now, const EncodedFrame& frame) {
  if (!video_ || frame.bytes.empty()) return;
  pace_ = static_cast<std::uint32_t>(kPace * rate_.target(now));
  const Pieces pieces(frame.bytes.size(), config_.max_packet - RtpHeader::kSize - Vp8Descriptor::kSize);
  const bool late = time_to_send(waiting_bytes_) > kLongestQueue || waiting_.size() + pieces.count() > kMaxWaiting;
  if (late || (await_key_ && !frame.key)) {
    ++statistics_.frames_skipped;
    await_key_ = true;
    if (!late) want_key_frame(now);
    return;
  }
  await_key_ = false;
  picture_id_ = (picture_id_ + 1U) & 0x7FFFU;
  for (std::size_t i = 0; i < pieces.count(); ++i) {
    PacketHistory::Packet& packet = history_.add(video_->sequence);
    const Bytes piece = pieces.piece(frame.bytes, i);
    packet.queued = now;
    packet.payload = Vp8Descriptor::kSize + piece.size();
    packet.bytes.resize(RtpHeader::kSize + packet.payload);
    Writer writer(packet.bytes);
    RtpHeader{i + 1 == pieces.count(), video_->payload_type, video_->sequence, video_->timestamp(frame.time),
              video_->ssrc}
        .write(writer);
    Vp8Descriptor{i == 0, picture_id_}.write(writer);
    writer.bytes(piece);
    waiting_bytes_ += packet.bytes.size();
    waiting_.push_back(video_->sequence++);
  }
}

void MediaSender::send_audio(TimePoint now, const EncodedFrame& frame) {
  if (!audio_ || frame.bytes.size() + RtpHeader::kSize > config_.max_packet || sounds_.size() == kMaxSounds) return;
  Sound sound{now, std::vector<std::uint8_t>(RtpHeader::kSize + frame.bytes.size())};
  Writer writer(sound.bytes);
  RtpHeader{false, audio_->payload_type, audio_->sequence++, audio_->timestamp(frame.time), audio_->ssrc}.write(writer);
  writer.bytes(frame.bytes);
  sounds_.push_back(std::move(sound));
}

void MediaSender::want_key_frame(TimePoint now) {
  if (key_frame_asked_ && now - *key_frame_asked_ < kBetweenKeyFrames) return;
  key_frame_asked_ = now;
  key_frame_due_ = true;
}

// Feedback from the receiver.

void MediaSender::handle_input(TimePoint now, Bytes compound) {
  const Feedback feedback = Feedback::parse(compound);
  for (const ReportBlock& report : feedback.reports) on_report(now, report);
  if (feedback.bandwidth) rate_.on_estimate(now, *feedback.bandwidth);
  if (!video_) return;
  statistics_.nack_count += feedback.nacks;
  for (const Feedback::Lost& lost : feedback.lost) {
    if (lost.ssrc != video_->ssrc || resends_.size() == kMaxResends) continue;
    const bool asked = std::find(resends_.begin(), resends_.end(), lost.sequence) != resends_.end();
    if (!asked && history_.resendable(now, lost.sequence) != nullptr) resends_.push_back(lost.sequence);
  }
  for (const std::uint32_t ssrc : feedback.picture_loss) {
    if (ssrc != video_->ssrc) continue;
    ++statistics_.pli_count;
    want_key_frame(now);
  }
  for (const Feedback::FullIntra& request : feedback.full_intra) {
    if (request.ssrc != video_->ssrc || last_fir_ == request.number) continue;
    last_fir_ = request.number;
    ++statistics_.fir_count;
    want_key_frame(now);
  }
}

void MediaSender::on_report(TimePoint now, const ReportBlock& report) {
  const bool video = video_ && report.ssrc == video_->ssrc;
  if (!video && !(audio_ && report.ssrc == audio_->ssrc)) return;
  if (report.last_report != 0) {
    // RFC 3550 section 6.4.1, in 1/65536 s.
    const auto arrived = static_cast<std::uint32_t>(ntp_time(now) >> 16U);
    const std::uint32_t trip = arrived - report.last_report - report.delay;
    if (trip < 10U << 16U) {
      statistics_.round_trip_time = Duration(static_cast<std::int64_t>(std::uint64_t{trip} * 1'000'000'000U >> 16U));
    }
  }
  if (!video) return;
  statistics_.fraction_lost = report.fraction_lost;
  rate_.on_loss(now, report.fraction_lost);
}

// Output.

MediaSender::Output MediaSender::poll_output(TimePoint now, MutableBytes buffer) {
  if (std::exchange(key_frame_due_, false)) {
    key_frame_asked_ = now;
    return KeyFrameWanted{};
  }
  Writer report(buffer);
  for (auto* stream : {&video_, &audio_}) {
    if (*stream && poll_report(now, **stream, report)) return Packet{MediaKind::rtcp, report.written()};
  }
  if (!sounds_.empty()) {
    const Sound sound = std::move(sounds_.front());
    sounds_.pop_front();
    statistics_.total_packet_send_delay += now - sound.queued;
    return send(now, *audio_, sound.bytes, sound.bytes.size() - RtpHeader::kSize, buffer);
  }
  if (Output output = poll_video(now, buffer); !std::holds_alternative<Wait>(output)) return output;
  TimePoint until = waiting_.empty() && resends_.empty() ? kNever : next_video_;
  if (video_) until = std::min(until, video_->report_at);
  if (audio_) until = std::min(until, audio_->report_at);
  return Wait{until};
}

MediaSender::Output MediaSender::poll_video(TimePoint now, MutableBytes buffer) {
  while (!resends_.empty() && now >= next_video_) {
    PacketHistory::Packet* packet = history_.resendable(now, resends_.front());
    resends_.pop_front();
    if (packet == nullptr) continue;
    ++statistics_.retransmitted_packets_sent;
    statistics_.retransmitted_bytes_sent += packet->bytes.size();
    return send_video_packet(now, *packet, buffer);
  }
  if (waiting_.empty() || now < next_video_) return Wait{next_video_};
  PacketHistory::Packet* packet = history_.find(waiting_.front());
  REDAN_ASSERT(packet != nullptr);
  waiting_.pop_front();
  waiting_bytes_ -= packet->bytes.size();
  packet->waiting = false;
  statistics_.total_packet_send_delay += now - packet->queued;
  return send_video_packet(now, *packet, buffer);
}

MediaSender::Output MediaSender::send_video_packet(TimePoint now, PacketHistory::Packet& packet, MutableBytes buffer) {
  packet.sent = now;
  next_video_ = std::max(next_video_, now - kBurst) + time_to_send(packet.bytes.size());
  return send(now, *video_, packet.bytes, packet.payload, buffer);
}

MediaSender::Output MediaSender::send(TimePoint now, Stream& stream, Bytes packet, std::size_t payload,
                                      MutableBytes buffer) {
  REDAN_ASSERT(packet.size() <= buffer.size());
  std::copy(packet.begin(), packet.end(), buffer.begin());
  ++stream.packets;
  stream.octets += static_cast<std::uint32_t>(payload);
  // The first report is sent with the first packet: it lets the receiver synchronise audio and video.
  if (stream.report_at == kNever) stream.report_at = now;
  ++statistics_.packets_sent;
  statistics_.bytes_sent += packet.size();
  return Packet{MediaKind::rtp, buffer.first(packet.size())};
}

bool MediaSender::poll_report(TimePoint now, Stream& stream, Writer& writer) {
  if (now < stream.report_at) return false;
  // RFC 3550 section 6.2: between half and one and a half of the interval.
  stream.report_at = now + kReportInterval / 2 + Duration(random_.random_u32() % kReportInterval.count());
  SenderReport{stream.ssrc, ntp_time(now), stream.timestamp(now), stream.packets, stream.octets}.write(writer,
                                                                                                       config_.cname);
  return writer.ok();
}

}  // namespace redan::rtp
