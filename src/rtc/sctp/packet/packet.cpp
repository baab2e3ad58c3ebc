#include "rtc/sctp/packet/packet.hpp"

#include "base/crc32.hpp"

namespace redan::sctp {
namespace {

constexpr std::size_t kChecksumOffset = 8;

// The CRC travels least significant byte first (RFC 9260 appendix A), which is this machine's own order.
std::uint32_t take_checksum(MutableBytes packet) {
  std::uint32_t checksum = 0;
  std::memcpy(&checksum, packet.data() + kChecksumOffset, sizeof checksum);
  std::memset(packet.data() + kChecksumOffset, 0, sizeof checksum);
  return checksum;
}

}  // namespace

std::optional<Packet> Packet::parse(MutableBytes bytes, Checksum accepted, Drop& reason) {
  reason = Drop::malformed;
  if (bytes.size() < kCommonHeaderSize + kChunkHeaderSize) return std::nullopt;
  Packet packet;
  Reader reader(bytes);
  packet.header.source_port = reader.u16();
  packet.header.destination_port = reader.u16();
  packet.header.verification_tag = VerificationTag(reader.u32());
  packet.chunks = bytes.subspan(kCommonHeaderSize);
  const std::uint32_t checksum = take_checksum(bytes);
  const bool unchecked = checksum == 0 && accepted == Checksum::zero_accepted;
  if (!unchecked && checksum != crc32c(bytes)) {
    reason = Drop::checksum;
    return std::nullopt;
  }
  const bool framed = for_each_chunk(packet.chunks, [&](const Chunk&) { return ++packet.chunk_count, true; });
  return framed ? std::optional(packet) : std::nullopt;
}

PacketWriter::PacketWriter(MutableBytes buffer, const CommonHeader& header) : writer_(buffer) {
  writer_.u16(header.source_port);
  writer_.u16(header.destination_port);
  writer_.u32(header.verification_tag.value);
  writer_.u32(0);
}

MutableBytes PacketWriter::finish(bool with_crc) {
  const MutableBytes packet = writer_.written();
  if (packet.empty() || !with_crc) return packet;
  const std::uint32_t checksum = crc32c(packet);
  std::memcpy(packet.data() + kChecksumOffset, &checksum, sizeof checksum);
  return packet;
}

}  // namespace redan::sctp
