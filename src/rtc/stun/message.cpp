#include "rtc/stun/message.hpp"

#include <algorithm>

#include "base/crc32.hpp"

namespace redan::stun {
namespace {

constexpr std::uint32_t kFingerprintXor = 0x5354554E;  // RFC 8489 section 14.7
constexpr std::size_t kAttributeHeader = 4;
constexpr std::size_t kFingerprintSize = kAttributeHeader + 4;
// RFC 8489 section 14.3: a USERNAME is shorter than 509 bytes.
constexpr std::size_t kMaxUsername = 508;
// Sections 14.9 and 14.10: REALM and NONCE have fewer than 128 characters, at most 763 bytes.
constexpr std::size_t kMaxRealm = 763;

constexpr std::size_t padding(std::size_t size) { return (4 - size % 4) % 4; }

constexpr Class class_of(std::uint16_t type) { return static_cast<Class>((type >> 4U & 1U) | (type >> 7U & 2U)); }
constexpr std::uint16_t method_of(std::uint16_t type) {
  return static_cast<std::uint16_t>((type & 0xFU) | (type >> 1U & 0x70U) | (type >> 2U & 0xF80U));
}
static_assert(message_type(Class::success, kBinding) == 0x0101 && message_type(Class::error, kBinding) == 0x0111);

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
      if (message.error_code) return true;
      message.error_code = static_cast<std::uint16_t>(hundreds * 100 + number);
      message.error_reason = as_text(reader.rest());
      return true;
    }
    case AttributeType::realm:
    case AttributeType::nonce:
      return value.size() <= kMaxRealm;
    case AttributeType::userhash:
    case AttributeType::password_algorithm:
    case AttributeType::password_algorithms:
    case AttributeType::alternate_server:
    case AttributeType::alternate_domain:
    case AttributeType::mapped_address:  // from servers older than RFC 5389
    case AttributeType::unknown_attributes:
    case AttributeType::software:
      return true;
    case AttributeType::message_integrity:
    case AttributeType::message_integrity_sha256:
    case AttributeType::fingerprint:
      return false;  // handled where its position matters
  }
  return true;
}

bool is_known(std::uint16_t type) {
  switch (static_cast<AttributeType>(type)) {
    case AttributeType::mapped_address:
    case AttributeType::username:
    case AttributeType::message_integrity:
    case AttributeType::error_code:
    case AttributeType::unknown_attributes:
    case AttributeType::realm:
    case AttributeType::nonce:
    case AttributeType::message_integrity_sha256:
    case AttributeType::password_algorithm:
    case AttributeType::userhash:
    case AttributeType::xor_mapped_address:
    case AttributeType::priority:
    case AttributeType::use_candidate:
      return true;
    default:
      return type >= kFirstOptionalAttribute;
  }
}

void note_unknown(Message& message, std::uint16_t type, std::span<const AttributeType> extension) {
  if (is_known(type) || message.unknown_count == Message::kMaxUnknown) return;
  if (std::find(extension.begin(), extension.end(), static_cast<AttributeType>(type)) != extension.end()) return;
  message.unknown[message.unknown_count++] = type;
}

// RFC 8489 sections 14.5 and 14.6: computed over the message up to the attribute, with a length that includes the
// attribute.
bool verify(Bytes datagram, Bytes integrity, Hmac& key) {
  const std::size_t covered = static_cast<std::size_t>(integrity.data() - datagram.data()) - kAttributeHeader;
  std::array<std::uint8_t, 4> head{datagram[0], datagram[1]};
  Writer(MutableBytes(head).subspan(2))
      .u16(static_cast<std::uint16_t>(covered + kAttributeHeader + integrity.size() - kHeaderSize));
  const std::array<Bytes, 2> parts{head, datagram.subspan(4, covered - 4)};
  return equal_in_constant_time(key.compute(parts).bytes(), integrity);
}

bool fingerprint_matches(Bytes datagram, Bytes value) {
  if (value.size() != 4) return false;
  const Bytes covered = datagram.first(datagram.size() - kFingerprintSize);
  return (crc32(covered) ^ kFingerprintXor) == Reader(value).u32();
}

}  // namespace

std::optional<Message> Message::parse(Bytes datagram, std::span<const AttributeType> extension) {
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
      if (!message.has_integrity_sha256()) message.integrity = value;
    } else if (attribute == static_cast<std::uint16_t>(AttributeType::message_integrity_sha256)) {
      if (value.size() != kIntegritySha256Size || message.has_integrity_sha256()) return std::nullopt;
      message.integrity_sha256 = value;
    } else if (!message.has_integrity() && !message.has_integrity_sha256()) {
      if (!read_attribute(message, attribute, value)) return std::nullopt;
      note_unknown(message, attribute, extension);
    }
  }
  return message;
}

bool Message::verify_integrity(Hmac& key) const { return has_integrity() && verify(datagram, integrity, key); }

bool Message::verify_integrity_sha256(Hmac& key) const {
  return has_integrity_sha256() && verify(datagram, integrity_sha256, key);
}

std::optional<Attribute> Attributes::next() {
  if (rest_.empty()) return std::nullopt;
  const auto type = static_cast<AttributeType>(rest_.u16());
  const Bytes value = rest_.opaque16();
  rest_.skip(padding(value.size()));
  if (type == AttributeType::message_integrity || type == AttributeType::message_integrity_sha256) rest_.fail();
  if (type == AttributeType::fingerprint || !rest_.ok()) return std::nullopt;
  return Attribute{type, value};
}

std::optional<Bytes> Message::find(AttributeType type) const {
  Attributes attributes(*this);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == type) return attribute->value;
  }
  return std::nullopt;
}

std::optional<Address> Message::find_xor_address(AttributeType type) const {
  const auto value = find(type);
  return value ? parse_xor_address(*value, transaction) : std::nullopt;
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

void MessageBuilder::integer32(AttributeType type, std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  Writer(bytes).u32(value);
  attribute(type, bytes);
}

void MessageBuilder::integer64(AttributeType type, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  Writer(bytes).u64(value);
  attribute(type, bytes);
}

void MessageBuilder::xor_address(AttributeType type, const Address& address) {
  attribute(type, encode_xor_address(address, transaction_).bytes());
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

MutableBytes MessageBuilder::finish(Hmac& key) { return finish(AttributeType::message_integrity, kIntegritySize, key); }

MutableBytes MessageBuilder::finish_sha256(Hmac& key) {
  return finish(AttributeType::message_integrity_sha256, kIntegritySha256Size, key);
}

MutableBytes MessageBuilder::finish(AttributeType integrity, std::size_t size, Hmac& key) {
  if (!writer_.ok() || writer_.space() < kAttributeHeader + size + kFingerprintSize) return {};
  set_length(writer_.size() + kAttributeHeader + size - kHeaderSize);
  const std::array<Bytes, 1> parts{writer_.written()};
  attribute(integrity, key.compute(parts).bytes());
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
