#include "rtc/datachannel/dcep.hpp"

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::datachannel {
namespace {
// Channel types: RFC 8832 section 8.2.2.
constexpr unsigned kUnordered = 0x80;
constexpr unsigned kReliable = 0x00;
constexpr unsigned kLimitedRetransmits = 0x01;
constexpr unsigned kLimitedLifetime = 0x02;
}  // namespace

std::optional<DataChannelOpen> DataChannelOpen::parse(Bytes message) {
  Reader reader(message);
  if (reader.u8() != static_cast<std::uint8_t>(DcepType::data_channel_open)) return std::nullopt;
  DataChannelOpen open;
  const unsigned type = reader.u8();
  open.priority = reader.u16();
  const std::uint32_t reliability = reader.u32();
  const std::size_t label = reader.u16();
  const std::size_t protocol = reader.u16();
  open.label = as_text(reader.bytes(label));
  open.protocol = as_text(reader.bytes(protocol));
  if ((type & kUnordered) != 0) open.order = ChannelOrder::unordered;
  switch (type & ~kUnordered) {
    case kReliable:
      break;
    case kLimitedRetransmits:
      open.max_retransmits = reliability;
      break;
    case kLimitedLifetime:
      open.max_lifetime_ms = reliability;
      break;
    default:
      return std::nullopt;
  }
  return reader.done() ? std::optional(open) : std::nullopt;
}

void DataChannelOpen::write(MutableBytes out) const {
  Writer writer(out);
  const unsigned kind = max_retransmits ? kLimitedRetransmits : max_lifetime_ms ? kLimitedLifetime : kReliable;
  writer.u8(static_cast<std::uint8_t>(DcepType::data_channel_open));
  writer.u8(static_cast<std::uint8_t>(kind | (order == ChannelOrder::unordered ? kUnordered : 0U)));
  writer.u16(priority);
  writer.u32(max_retransmits.value_or(max_lifetime_ms.value_or(0)));
  writer.u16(static_cast<std::uint16_t>(label.size()));
  writer.u16(static_cast<std::uint16_t>(protocol.size()));
  writer.bytes(as_bytes(label));
  writer.bytes(as_bytes(protocol));
  REDAN_ASSERT(writer.ok());
}

}  // namespace redan::datachannel
