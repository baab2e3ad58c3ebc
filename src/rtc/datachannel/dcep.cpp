#include "rtc/datachannel/dcep.hpp"

#include <algorithm>

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

/// The unit in which a stack counts the length of a text.
enum class Unit : std::uint8_t { bytes, code_points, utf16_units };

// How much a byte of UTF-8 adds to the length: the first byte counts for the character; four-byte characters have two
// UTF-16 units.
std::size_t weight(char c, Unit unit) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (unit == Unit::bytes) return 1;
  if ((byte & 0xC0U) == 0x80U) return 0;
  return unit == Unit::utf16_units && byte >= 0xF0U ? 2 : 1;
}

// Takes a text of `length` units from the start of `rest`.
std::optional<std::string_view> take_text(std::string_view& rest, std::size_t length, Unit unit) {
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const std::size_t w = weight(rest[end], unit);
    if (w > length) break;
    length -= w;
  }
  if (length != 0) return std::nullopt;
  const std::string_view text = rest.substr(0, end);
  rest.remove_prefix(end);
  return text;
}

bool read_texts(std::string_view rest, std::size_t label, std::size_t protocol, Unit unit, DataChannelOpen& open) {
  const auto first = take_text(rest, label, unit);
  const auto second = first ? take_text(rest, protocol, unit) : std::nullopt;
  if (!second || !rest.empty() || std::max(first->size(), second->size()) > 0xFFFFU) return false;
  open.label = *first;
  open.protocol = *second;
  return true;
}
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
  const std::string_view texts = as_text(reader.rest());
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
  if (!reader.ok()) return std::nullopt;
  for (const Unit unit : {Unit::bytes, Unit::code_points, Unit::utf16_units}) {
    if (read_texts(texts, label, protocol, unit, open)) return open;
  }
  return std::nullopt;
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
