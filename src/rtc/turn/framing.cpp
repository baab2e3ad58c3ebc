#include "rtc/turn/framing.hpp"

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/stun/message.hpp"
#include "rtc/turn/attributes.hpp"

namespace redan::turn {
namespace {

constexpr std::size_t kChannelHeader = 4;
constexpr std::size_t kAttributeHeader = 4;
// An empty inbox keeps the memory of one large read.
constexpr std::size_t kKept = 64 * 1024;

constexpr std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

/// The size of the frame that starts with these bytes, at least 4; 0 if no frame starts so (RFC 8656 section 12).
std::size_t frame_size(Bytes head) {
  const std::uint16_t length = Reader(head.subspan(2)).u16();
  if (head[0] >> 6U == 1) return kChannelHeader + length;
  return head[0] >> 6U == 0 && length % 4 == 0 ? stun::kHeaderSize + length : 0;
}

void write_attribute_header(Writer& writer, stun::AttributeType type, std::size_t size) {
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(static_cast<std::uint16_t>(size));
}

}  // namespace

MutableBytes write_channel_data(std::uint16_t channel, stun::Transport layer, MutableBytes buffer, std::size_t size) {
  const std::size_t start = kHeadroom - kChannelHeader;
  Writer header(buffer.subspan(start, kChannelHeader));
  header.u16(channel);
  header.u16(static_cast<std::uint16_t>(size));
  const std::size_t end = layer == stun::Transport::stream ? padded(size) : size;
  Writer(buffer.subspan(kHeadroom + size)).zeros(end - size);
  return buffer.subspan(start, kChannelHeader + end);
}

MutableBytes write_send_indication(const Address& peer, bool dont_fragment, const stun::TransactionId& transaction,
                                   MutableBytes buffer, std::size_t size) {
  const stun::EncodedAddress address = stun::encode_xor_address(peer, transaction);
  const std::size_t attributes =
      kAttributeHeader + address.size + (dont_fragment ? kAttributeHeader : 0) + kAttributeHeader;
  const std::size_t start = kHeadroom - stun::kHeaderSize - attributes;
  Writer writer(buffer.subspan(start));
  writer.u16(stun::message_type(stun::Class::indication, static_cast<std::uint16_t>(Method::send)));
  writer.u16(static_cast<std::uint16_t>(attributes + padded(size)));
  writer.u32(stun::kMagicCookie);
  writer.bytes(transaction);
  write_attribute_header(writer, attribute::xor_peer_address, address.size);
  writer.bytes(address.bytes());
  if (dont_fragment) write_attribute_header(writer, attribute::dont_fragment, 0);
  write_attribute_header(writer, attribute::data, size);
  writer.reserve(size);  // the payload stands there
  writer.zeros(padded(size) - size);
  return writer.written();
}

std::optional<ChannelData> ChannelData::parse(MutableBytes frame) {
  Reader reader(frame);
  const std::uint16_t channel = reader.u16();
  const std::uint16_t length = reader.u16();
  if (channel < kFirstChannel || channel > kLastChannel || length != reader.remaining()) return std::nullopt;
  return ChannelData{channel, frame.subspan(kChannelHeader)};
}

bool Inbox::push_datagram(Bytes datagram) {
  if (datagram.size() < kChannelHeader) return false;
  const std::size_t size = frame_size(datagram);
  // Section 12.5: over UDP, ChannelData may have padding too.
  const bool is_channel_data = datagram[0] >> 6U == 1;
  const std::size_t limit = is_channel_data ? padded(size) : size;
  if (size == 0 || size > datagram.size() || datagram.size() > limit) return false;
  return append(datagram.first(size), padded(size));
}

bool Inbox::push_stream(Bytes bytes) { return append(bytes, bytes.size()); }

bool Inbox::append(Bytes bytes, std::size_t padded) {
  if (read_ == bytes_.size()) clear();
  if (bytes_.size() - read_ + padded > kMax) return false;
  if (bytes_.size() + padded > bytes_.capacity()) {
    // What was read makes room before memory grows.
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(read_));
    read_ = 0;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(bytes_.size() + padded - bytes.size());
  return true;
}

std::optional<MutableBytes> Inbox::next() {
  const MutableBytes rest = MutableBytes(bytes_).subspan(read_);
  if (broken_ || rest.size() < kChannelHeader) return std::nullopt;
  const std::size_t size = frame_size(rest);
  broken_ = size == 0;
  if (broken_ || padded(size) > rest.size()) return std::nullopt;
  read_ += padded(size);
  return rest.first(size);
}

void Inbox::clear() {
  if (bytes_.capacity() > kKept) bytes_ = std::vector<std::uint8_t>();
  bytes_.clear();
  read_ = 0;
  broken_ = false;
}

}  // namespace redan::turn
