#include "media/rtp_source.hpp"

#include <stdexcept>

#include "net/clock.hpp"

namespace redan::media {

namespace asio = boost::asio;
using asio::ip::udp;
using namespace std::chrono_literals;

// One stream.

bool RtpStream::takes(TimePoint now, const rtp::RtpHeader& header) {
  const bool rtcp = header.payload_type >= 64 && header.payload_type < 96;
  if (rtcp) return false;
  const bool silent = last_ && now - heard_ >= kSilence;
  if (last_ && !silent) {
    if (header.ssrc != last_->ssrc || header.payload_type != last_->payload_type) return false;
    if (!rtp::sequence_before(last_->sequence, header.sequence)) return false;
  }
  last_ = header;
  heard_ = now;
  return true;
}

// Frames.

std::optional<Vp8Assembler::Frame> Vp8Assembler::add(const rtp::RtpPacket& packet) {
  const std::uint16_t sequence = packet.header.sequence;
  // Loopback preserves the order; late packets count as lost.
  if (last_ && sequence != static_cast<std::uint16_t>(*last_ + 1)) lose();
  last_ = sequence;
  const auto payload = rtp::Vp8Payload::parse(packet.payload);
  if (!payload) {
    lose();
    return std::nullopt;
  }
  const bool begins = payload->start && (!collecting_ || packet.header.timestamp != timestamp_);
  if (begins) {
    if (collecting_) lose();  // the previous frame has no end
    frame_.clear();
    timestamp_ = packet.header.timestamp;
    collecting_ = true;
  }
  if (!collecting_ || packet.header.timestamp != timestamp_ || frame_.size() + payload->data.size() > kMaxFrame) {
    lose();
    return std::nullopt;
  }
  frame_.insert(frame_.end(), payload->data.begin(), payload->data.end());
  if (!packet.header.marker) return std::nullopt;
  collecting_ = false;
  const bool key = rtp::is_vp8_key_frame(frame_);
  if (await_key_ && !key) return std::nullopt;
  await_key_ = false;
  return Frame{frame_, timestamp_, key};
}

TimePoint MediaClock::time(TimePoint now, std::uint32_t timestamp) {
  if (last_) {
    const auto ticks = static_cast<std::int32_t>(timestamp - *last_);
    time_ += std::chrono::nanoseconds(std::int64_t{ticks} * 1'000'000'000 / rate_);
  }
  last_ = timestamp;
  // Another source, or one that paused.
  if (time_ > now + 500ms || time_ < now - 500ms) time_ = now;
  return time_;
}

// The socket.

struct RtpInput::Socket : std::enable_shared_from_this<Socket> {
  Socket(asio::io_context& io, std::function<void(const rtp::RtpPacket&)> handler)
      : socket(io), on_packet(std::move(handler)) {}
  void read() {
    socket.async_receive(asio::buffer(buffer),
                         [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                           if (self->closed) return;
                           const auto packet = rtp::RtpPacket::parse(Bytes(self->buffer).first(error ? 0 : size));
                           if (packet && self->stream.takes(net::now(), packet->header)) self->on_packet(*packet);
                           self->read();
                         });
  }
  udp::socket socket;
  RtpStream stream;
  std::function<void(const rtp::RtpPacket&)> on_packet;
  std::array<std::uint8_t, 65'536> buffer{};
  bool closed = false;
};

RtpInput::RtpInput(asio::io_context& io, std::uint16_t port, std::function<void(const rtp::RtpPacket&)> on_packet)
    : socket_(std::make_shared<Socket>(io, std::move(on_packet))) {
  boost::system::error_code error;
  socket_->socket.open(udp::v4(), error);
  if (!error) socket_->socket.bind(udp::endpoint(asio::ip::address_v4::loopback(), port), error);
  if (error) throw std::runtime_error("UDP port " + std::to_string(port) + " for RTP: " + error.message());
  socket_->read();
}

RtpInput::~RtpInput() {
  boost::system::error_code ignored;
  socket_->closed = true;
  socket_->socket.close(ignored);
}

// The sources.

RtpVideo::RtpVideo(asio::io_context& io, std::uint16_t port)
    : input_(io, port, [this](const rtp::RtpPacket& packet) { on_packet(packet); }) {}

void RtpVideo::on_packet(const rtp::RtpPacket& packet) {
  const auto whole = assembler_.add(packet);
  if (!whole || !running_ || !on_frame) return;
  EncodedFrame frame;
  frame.bytes.assign(whole->bytes.begin(), whole->bytes.end());
  frame.time = clock_.time(net::now(), whole->timestamp);
  frame.key = whole->key;
  on_frame(frame);
}

RtpAudio::RtpAudio(asio::io_context& io, std::uint16_t port)
    : input_(io, port, [this](const rtp::RtpPacket& packet) { on_packet(packet); }) {}

void RtpAudio::on_packet(const rtp::RtpPacket& packet) {
  if (packet.payload.empty() || !running_ || !on_frame) return;
  EncodedFrame frame;
  frame.bytes.assign(packet.payload.begin(), packet.payload.end());
  frame.time = clock_.time(net::now(), packet.header.timestamp);
  on_frame(frame);
}

}  // namespace redan::media
