#include "rtc/stun/message.hpp"

#include "base/crc32.hpp"
#include "base/reader.hpp"

namespace redan::stun {
namespace {

constexpr std::uint32_t kFingerprintXor = 0x5354554E;  // RFC 8489 section 14.7
constexpr std::size_t kAttributeHeader = 4;
constexpr std::size_t kFingerprintSize = kAttributeHeader + 4;
constexpr std::uint8_t kFamilyIpv4 = 1;
constexpr std::uint8_t kFamilyIpv6 = 2;
// RFC 8489 section 14.3: a USERNAME is shorter than 509 bytes.
constexpr std::size_t kMaxUsername = 508;

constexpr std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

// M11..M7 C1 M6..M4 C0 M3..M0 (RFC 8489 section 5).
constexpr std::uint16_t message_type(Class c, std::uint16_t method) {
  const auto bits = static_cast<unsigned>(c);
  return static_cast<std::uint16_t>((method & 0xFU) | (bits & 1U) << 4U | (method & 0x70U) << 1U | (bits & 2U) << 7U |
                                    (method & 0xF80U) << 2U);
}
constexpr Class class_of(std::uint16_t type) { return static_cast<Class>((type >> 4U & 1U) | (type >> 7U & 2U)); }
constexpr std::uint16_t method_of(std::uint16_t type) {
  return static_cast<std::uint16_t>((type & 0xFU) | (type >> 1U & 0x70U) | (type >> 2U & 0xF80U));
}
static_assert(message_type(Class::success, kBinding) == 0x0101 && message_type(Class::error, kBinding) == 0x0111);

// Port and address xored with the cookie and the transaction id (RFC 8489 section 14.2).
void apply_mask(MutableBytes port_and_ip, const TransactionId& transaction) {
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};
  std::copy(transaction.begin(), transaction.end(), mask.begin() + 4);
  port_and_ip[0] ^= mask[0];
  port_and_ip[1] ^= mask[1];
  for (std::size_t i = 2; i < port_and_ip.size(); ++i) port_and_ip[i] ^= mask[i - 2];
}

std::optional<Address> parse_xor_address(Bytes value, const TransactionId& transaction) {
  const std::size_t ip_size = value.size() < 2 ? 0 : value[1] == kFamilyIpv4 ? 4 : value[1] == kFamilyIpv6 ? 16 : 0;
  if (ip_size == 0 || value.size() != 4 + ip_size) return std::nullopt;
  std::array<std::uint8_t, 18> plain{};
  const MutableBytes fields = MutableBytes(plain).first(2 + ip_size);
  std::copy(value.begin() + 2, value.end(), fields.begin());
  apply_mask(fields, transaction);
  const std::uint16_t port = Reader(fields).u16();
  if (ip_size == 4) return Address::v4({plain[2], plain[3], plain[4], plain[5]}, port);
  return Address::v6(std::span<const std::uint8_t, 16>(plain.data() + 2, 16), port);
}

bool read_attribute(Message& message, std::uint16_t type, Bytes value) {
  Reader reader(value);
  switch (static_cast<AttributeType>(type)) {
    case AttributeType::username:
      if (!message.username) message.username = as_text(value);
      return value.size() <= kMaxUsername;
    case AttributeType::priority:
      if (!message.priority) message.priority = reader.u32();
      return value.size() == 4;
    case AttributeType::use_candidate:
      message.use_candidate = true;
      return value.empty();
    case AttributeType::ice_controlled:
      if (!message.ice_controlled) message.ice_controlled = reader.u64();
      return value.size() == 8;
    case AttributeType::ice_controlling:
      if (!message.ice_controlling) message.ice_controlling = reader.u64();
      return value.size() == 8;
    case AttributeType::xor_mapped_address:
      if (!message.mapped_address) message.mapped_address = parse_xor_address(value, message.transaction);
      return message.mapped_address.has_value();
    case AttributeType::error_code: {
      // 21 bits reserved, the class in 3 bits (3 to 6), the number in 8 (0 to 99): RFC 8489 section 14.8.
      const std::uint32_t word = reader.u32();
      const std::uint32_t hundreds = word >> 8U & 7U;
      const std::uint32_t number = word & 0xFFU;
      if (value.size() < 4 || hundreds < 3 || hundreds > 6 || number > 99) return false;
      if (!message.error_code) message.error_code = static_cast<std::uint16_t>(hundreds * 100 + number);
      return true;
    }
    case AttributeType::mapped_address:  // from servers older than RFC 5389
    case AttributeType::unknown_attributes:
    case AttributeType::software:
      return true;
    case AttributeType::message_integrity:
    case AttributeType::fingerprint:
      return false;  // handled where its position matters
  }
  if (type < 0x8000 && message.unknown_count < Message::kMaxUnknown) message.unknown[message.unknown_count++] = type;
  return true;
}

bool fingerprint_matches(Bytes datagram, Bytes value) {
  if (value.size() != 4) return false;
  const Bytes covered = datagram.first(datagram.size() - kFingerprintSize);
  return (crc32(covered) ^ kFingerprintXor) == Reader(value).u32();
}

}  // namespace

std::optional<Message> Message::parse(Bytes datagram) {
  Reader reader(datagram);
  Message message;
  message.datagram = datagram;
  const std::uint16_t type = reader.u16();
  const std::uint16_t length = reader.u16();
  const std::uint32_t cookie = reader.u32();
  const Bytes transaction = reader.bytes(message.transaction.size());
  if (!reader.ok() || type >> 14U != 0 || cookie != kMagicCookie || length % 4 != 0 || length != reader.remaining()) {
    return std::nullopt;
  }
  message.message_class = class_of(type);
  message.method = method_of(type);
  std::copy(transaction.begin(), transaction.end(), message.transaction.begin());

  while (!reader.empty()) {
    const std::uint16_t attribute = reader.u16();
    const Bytes value = reader.opaque16();
    reader.skip(padding(value.size()));
    // FINGERPRINT is the last attribute (RFC 8489 section 14.7).
    if (!reader.ok() || message.has_fingerprint) return std::nullopt;
    if (attribute == static_cast<std::uint16_t>(AttributeType::fingerprint)) {
      if (!reader.empty() || !fingerprint_matches(datagram, value)) return std::nullopt;
      message.has_fingerprint = true;
    } else if (attribute == static_cast<std::uint16_t>(AttributeType::message_integrity)) {
      if (value.size() != kIntegritySize || message.has_integrity()) return std::nullopt;
      message.integrity = value;
    } else if (!message.has_integrity() && !read_attribute(message, attribute, value)) {
      return std::nullopt;
    }
  }
  return message;
}

bool Message::verify_integrity(Hmac& key) const {
  if (!has_integrity()) return false;
  // RFC 8489 section 14.5: computed over the message up to the attribute, with a length that includes the attribute.
  const std::size_t covered = static_cast<std::size_t>(integrity.data() - datagram.data()) - kAttributeHeader;
  std::array<std::uint8_t, 4> head{datagram[0], datagram[1]};
  Writer(MutableBytes(head).subspan(2))
      .u16(static_cast<std::uint16_t>(covered + kAttributeHeader + kIntegritySize - kHeaderSize));
  const std::array<Bytes, 2> parts{head, datagram.subspan(4, covered - 4)};
  return equal_in_constant_time(key.compute(parts).bytes(), integrity);
}

std::optional<std::string_view> local_ufrag(Bytes datagram) {
  const auto message = Message::parse(datagram);
  if (!message || !message->username) return std::nullopt;
  const std::size_t colon = message->username->find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return message->username->substr(0, colon);
}

// Writing.

MessageBuilder::MessageBuilder(MutableBytes buffer, Class message_class, const TransactionId& transaction,
                               std::uint16_t method)
    : writer_(buffer), buffer_(buffer), transaction_(transaction) {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(transaction);
}

void MessageBuilder::attribute(AttributeType type, Bytes value) {
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.opaque16(value);
  writer_.zeros(padding(value.size()));
}

void MessageBuilder::priority(std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  Writer(bytes).u32(value);
  attribute(AttributeType::priority, bytes);
}

void MessageBuilder::integer64(AttributeType type, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  Writer(bytes).u64(value);
  attribute(type, bytes);
}

void MessageBuilder::xor_mapped_address(const Address& address) {
  std::array<std::uint8_t, 20> value{};
  Writer writer(value);
  writer.u8(0);
  writer.u8(address.family() == Address::Family::ipv4 ? kFamilyIpv4 : kFamilyIpv6);
  writer.u16(address.port());
  writer.bytes(address.ip());
  apply_mask(writer.written().subspan(2), transaction_);
  attribute(AttributeType::xor_mapped_address, writer.written());
}

void MessageBuilder::error_code(std::uint16_t code, std::string_view reason) {
  std::array<std::uint8_t, 64> value{};
  Writer writer(value);
  writer.u16(0);
  writer.u8(static_cast<std::uint8_t>(code / 100));
  writer.u8(static_cast<std::uint8_t>(code % 100));
  writer.bytes(as_bytes(reason));
  attribute(AttributeType::error_code, writer.written());
}

void MessageBuilder::unknown_attributes(std::span<const std::uint16_t> types) {
  std::array<std::uint8_t, 2 * Message::kMaxUnknown> value{};
  Writer writer(value);
  for (const std::uint16_t type : types) writer.u16(type);
  attribute(AttributeType::unknown_attributes, writer.written());
}

void MessageBuilder::set_length(std::size_t attributes) {
  Writer(buffer_.subspan(2, 2)).u16(static_cast<std::uint16_t>(attributes));
}

MutableBytes MessageBuilder::finish(Hmac& key) {
  if (!writer_.ok() || writer_.space() < kAttributeHeader + kIntegritySize + kFingerprintSize) return {};
  const std::size_t covered = writer_.size();
  set_length(covered + kAttributeHeader + kIntegritySize - kHeaderSize);
  const std::array<Bytes, 1> parts{writer_.written()};
  attribute(AttributeType::message_integrity, key.compute(parts).bytes());
  return finish();
}

MutableBytes MessageBuilder::finish() {
  if (!writer_.ok() || writer_.space() < kFingerprintSize) return {};
  set_length(writer_.size() + kFingerprintSize - kHeaderSize);
  std::array<std::uint8_t, 4> fingerprint{};
  Writer(fingerprint).u32(crc32(writer_.written()) ^ kFingerprintXor);
  attribute(AttributeType::fingerprint, fingerprint);
  return writer_.written();
}

}  // namespace redan::stun
