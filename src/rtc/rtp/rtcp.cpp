#include "rtc/rtp/rtcp.hpp"

#include "base/reader.hpp"

namespace redan::rtp {
namespace {

constexpr std::uint8_t kVersion2 = 0x80;
// RFC 3550 section 12.1, RFC 4585 section 6.1
enum PacketType : std::uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kTransportFeedback = 205,
  kPayloadFeedback = 206,
};
constexpr std::uint8_t kCname = 1;           // RFC 3550 section 6.5.1
constexpr std::uint8_t kGenericNack = 1;     // RFC 4585 section 6.2.1
constexpr std::uint8_t kPictureLoss = 1;     // RFC 4585 section 6.3.1
constexpr std::uint8_t kFullIntra = 4;       // RFC 5104 section 4.3.1
constexpr std::uint8_t kApplication = 15;    // RFC 4585 section 6.4
constexpr std::uint32_t kRemb = 0x52454D42;  // "REMB"

ReportBlock read_block(Reader& reader) {
  ReportBlock block;
  block.ssrc = reader.u32();
  block.fraction_lost = reader.u8();
  reader.skip(3);  // cumulative
  block.highest_sequence = reader.u32();
  block.jitter = reader.u32();
  block.last_report = reader.u32();
  block.delay = reader.u32();
  return block;
}

void read_reports(Reader reader, std::uint8_t count, bool sender, Feedback& feedback) {
  reader.skip(sender ? 24 : 4);
  for (std::uint8_t i = 0; i < count; ++i) {
    const ReportBlock block = read_block(reader);
    if (!reader.ok() || feedback.reports.size() == Feedback::kMaxReports) return;
    feedback.reports.push_back(block);
  }
}

// RFC 4585 section 6.2.1: a sequence number, and 16 bits for those that follow it.
void read_nack(Reader reader, Feedback& feedback) {
  reader.skip(4);
  const std::uint32_t ssrc = reader.u32();
  if (reader.ok()) ++feedback.nacks;
  while (reader.remaining() >= 4) {
    const std::uint16_t first = reader.u16();
    const std::uint32_t mask = static_cast<std::uint32_t>(reader.u16()) << 1U | 1U;
    for (std::uint16_t i = 0; i <= 16; ++i) {
      if ((mask >> i & 1U) == 0) continue;
      if (feedback.lost.size() == Feedback::kMaxLost) return;
      feedback.lost.push_back({ssrc, static_cast<std::uint16_t>(first + i)});
    }
  }
}

void read_picture_loss(Reader reader, Feedback& feedback) {
  reader.skip(4);
  const std::uint32_t ssrc = reader.u32();
  if (reader.ok() && feedback.picture_loss.size() < Feedback::kMaxRequests) feedback.picture_loss.push_back(ssrc);
}

void read_full_intra(Reader reader, Feedback& feedback) {
  reader.skip(8);
  while (reader.remaining() >= 8 && feedback.full_intra.size() < Feedback::kMaxRequests) {
    Feedback::FullIntra request;
    request.ssrc = reader.u32();
    request.number = reader.u8();
    reader.skip(3);
    feedback.full_intra.push_back(request);
  }
}

void read_bandwidth(Reader reader, Feedback& feedback) {
  reader.skip(8);
  if (reader.u32() != kRemb) return;
  reader.skip(1);  // number of SSRCs that it is about: all that we send
  const std::uint32_t field = reader.u24();
  // An exponent of 6 bits and a mantissa of 18: a value that does not fit into 64 bits means no limit.
  const std::uint32_t exponent = field >> 18U;
  const std::uint64_t mantissa = field & 0x3FFFFU;
  if (!reader.ok()) return;
  feedback.bandwidth = exponent > 45 ? ~std::uint64_t{0} : mantissa << exponent;
}

void read_packet(std::uint8_t type, std::uint8_t format, Bytes body, Feedback& feedback) {
  const Reader reader(body);
  if (type == kSenderReport || type == kReceiverReport) {
    read_reports(reader, format, type == kSenderReport, feedback);
  } else if (type == kTransportFeedback && format == kGenericNack) {
    read_nack(reader, feedback);
  } else if (type == kPayloadFeedback && format == kPictureLoss) {
    read_picture_loss(reader, feedback);
  } else if (type == kPayloadFeedback && format == kFullIntra) {
    read_full_intra(reader, feedback);
  } else if (type == kPayloadFeedback && format == kApplication) {
    read_bandwidth(reader, feedback);
  }
}

}  // namespace

void SenderReport::write(Writer& writer, std::string_view cname) const {
  writer.u8(kVersion2);
  writer.u8(kSenderReport);
  writer.u16(6);  // words after the first
  writer.u32(ssrc);
  writer.u64(ntp);
  writer.u32(rtp_timestamp);
  writer.u32(packets);
  writer.u32(octets);

  // RFC 3550 section 6.5: one chunk, its items ended by a zero and padded to a word.
  const std::size_t padding = 4 - (2 + cname.size()) % 4;
  writer.u8(kVersion2 | 1U);
  writer.u8(kSourceDescription);
  writer.u16(static_cast<std::uint16_t>(1 + (2 + cname.size() + padding) / 4));
  writer.u32(ssrc);
  writer.u8(kCname);
  writer.opaque8(as_bytes(cname));
  writer.zeros(padding);
}

Feedback Feedback::parse(Bytes compound) {
  Feedback feedback;
  Reader reader(compound);
  while (reader.remaining() >= 4) {
    const std::uint8_t first = reader.u8();
    const std::uint8_t type = reader.u8();
    const Bytes body = reader.bytes(std::size_t{4} * reader.u16());
    if (!reader.ok() || (first & 0xC0U) != kVersion2) break;
    read_packet(type, first & 0x1FU, body, feedback);
  }
  return feedback;
}

std::uint64_t ntp_time(TimePoint time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto fraction = static_cast<std::uint64_t>((since - seconds).count());
  return static_cast<std::uint64_t>(seconds.count()) << 32U | (fraction << 32U) / 1'000'000'000U;
}

}  // namespace redan::rtp
