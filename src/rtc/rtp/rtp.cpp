#include "rtc/rtp/rtp.hpp"

#include "base/reader.hpp"

namespace redan::rtp {
namespace {

// RFC 3550 section 5.1
constexpr std::uint8_t kVersion2 = 0x80;
constexpr std::uint8_t kPadding = 0x20;
constexpr std::uint8_t kExtension = 0x10;
constexpr std::uint8_t kMarker = 0x80;

// RFC 7741 section 4.2
constexpr std::uint8_t kExtended = 0x80;  // X
constexpr std::uint8_t kStart = 0x10;     // S
constexpr std::uint8_t kPartition = 0x07;
constexpr std::uint8_t kHasPictureId = 0x80;  // I
constexpr std::uint8_t kHasTl0 = 0x40;        // L
constexpr std::uint8_t kHasTidOrKey = 0x30;   // T, K: one byte for both
constexpr std::uint8_t kLongPictureId = 0x80;

}  // namespace

void RtpHeader::write(Writer& writer) const {
  writer.u8(kVersion2);
  writer.u8(static_cast<std::uint8_t>((marker ? kMarker : 0U) | payload_type));
  writer.u16(sequence);
  writer.u32(timestamp);
  writer.u32(ssrc);
}

std::optional<RtpPacket> RtpPacket::parse(Bytes packet) {
  Reader reader(packet);
  const std::uint8_t first = reader.u8(), second = reader.u8();
  RtpPacket parsed;
  parsed.header.marker = (second & kMarker) != 0;
  parsed.header.payload_type = second & 0x7FU;
  parsed.header.sequence = reader.u16();
  parsed.header.timestamp = reader.u32();
  parsed.header.ssrc = reader.u32();
  reader.skip(4U * (first & 0x0FU));
  if ((first & kExtension) != 0) {
    reader.skip(2);
    reader.skip(std::size_t{4} * reader.u16());
  }
  parsed.payload = reader.rest();
  if (!reader.ok() || (first & 0xC0U) != kVersion2) return std::nullopt;
  if ((first & kPadding) != 0) {
    const std::size_t padding = parsed.payload.empty() ? 0 : parsed.payload.back();
    if (padding == 0 || padding > parsed.payload.size()) return std::nullopt;
    parsed.payload = parsed.payload.first(parsed.payload.size() - padding);
  }
  return parsed;
}

void Vp8Descriptor::write(Writer& writer) const {
  writer.u8(static_cast<std::uint8_t>(kExtended | (start ? kStart : 0U)));
  writer.u8(kHasPictureId);
  writer.u16(static_cast<std::uint16_t>(kLongPictureId << 8U | (picture_id & 0x7FFFU)));
}

std::optional<Vp8Payload> Vp8Payload::parse(Bytes payload) {
  Reader reader(payload);
  const std::uint8_t first = reader.u8();
  if ((first & kExtended) != 0) {
    const std::uint8_t extension = reader.u8();
    if ((extension & kHasPictureId) != 0 && (reader.u8() & kLongPictureId) != 0) reader.skip(1);
    if ((extension & kHasTl0) != 0) reader.skip(1);
    if ((extension & kHasTidOrKey) != 0) reader.skip(1);
  }
  const Vp8Payload parsed{(first & kStart) != 0 && (first & kPartition) == 0, reader.rest()};
  if (!reader.ok() || parsed.data.empty()) return std::nullopt;
  return parsed;
}

bool is_vp8_key_frame(Bytes frame) { return !frame.empty() && (frame[0] & 1U) == 0; }

}  // namespace redan::rtp
