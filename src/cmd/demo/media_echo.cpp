#include "cmd/demo/media_echo.hpp"

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::cmd {
namespace {

// Converts between the SSRC of a source and that of its echo.
constexpr std::uint32_t kEchoMask = 0x5A5A5A5A;

constexpr std::size_t kRtpHeader = 12;
constexpr std::uint8_t kTransportFeedback = 205;  // RTPFB, RFC 4585 section 6.1
constexpr std::uint8_t kGenericNack = 1;          // RFC 4585 section 6.2.1
constexpr std::uint8_t kPayloadFeedback = 206;    // PSFB, RFC 4585 section 6.1
constexpr std::uint8_t kPictureLoss = 1;          // PLI, RFC 4585 section 6.3.1
constexpr std::uint8_t kFullIntra = 4;            // FIR, RFC 5104 section 4.3.1

void flip(MutableBytes ssrc) {
  const std::uint32_t value = Reader(ssrc).u32() ^ kEchoMask;
  Writer(ssrc).u32(value);
}

bool is_relayed(std::uint8_t packet_type, std::uint8_t format) {
  if (packet_type == kTransportFeedback) return format == kGenericNack;
  return packet_type == kPayloadFeedback && (format == kPictureLoss || format == kFullIntra);
}

// NACK and PLI name the media source in their header; FIR in entries of eight bytes after it.
std::vector<std::uint8_t> rewritten(Bytes feedback) {
  std::vector<std::uint8_t> packet(feedback.begin(), feedback.end());
  const MutableBytes bytes(packet);
  if ((packet[0] & 0x1FU) != kFullIntra) {
    flip(bytes.subspan(8, 4));
  } else {
    for (std::size_t at = 12; at + 8 <= packet.size(); at += 8) flip(bytes.subspan(at, 4));
  }
  return packet;
}

}  // namespace

bool echo_rtp(MutableBytes packet) {
  if (packet.size() < kRtpHeader || packet[0] >> 6U != 2) return false;
  flip(packet.subspan(8, 4));
  return true;
}

std::vector<std::vector<std::uint8_t>> echo_feedback(Bytes compound) {
  std::vector<std::vector<std::uint8_t>> found;
  while (compound.size() >= 8 && compound[0] >> 6U == 2 && found.size() < kMaxFeedback) {
    const std::size_t size = 4 * (static_cast<std::size_t>(compound[2]) << 8U | compound[3]) + 4;
    if (size > compound.size()) break;
    if (size >= 12 && is_relayed(compound[1], compound[0] & 0x1FU)) {
      found.push_back(rewritten(compound.first(size)));
    }
    compound = compound.subspan(size);
  }
  return found;
}

}  // namespace redan::cmd
