// STUN messages, RFC 8489, with the attributes of ICE (RFC 8445 section 16.1) as fields. An extension reads its own
// attributes with find(). A parsed message borrows from the datagram; nothing is allocated.
#pragma once

#include <optional>
#include <redan/crypto.hpp>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "rtc/stun/attribute.hpp"

namespace redan::stun {

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::size_t kIntegritySize = 20;
inline constexpr std::size_t kIntegritySha256Size = 32;
inline constexpr std::uint16_t kBinding = 0x001;

/// M11..M7 C1 M6..M4 C0 M3..M0 (RFC 8489 section 5).
constexpr std::uint16_t message_type(Class c, std::uint16_t method) {
  const auto bits = static_cast<unsigned>(c);
  return static_cast<std::uint16_t>((method & 0xFU) | (bits & 1U) << 4U | (method & 0x70U) << 1U | (bits & 2U) << 7U |
                                    (method & 0xF80U) << 2U);
}

//     0                   1                   2                   3
//     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//    |0 0|     STUN Message Type     |         Message Length        |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//    |                         Magic Cookie                          |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//    |                     Transaction ID (96 bits)                  |
//    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
struct Message {
  static constexpr std::size_t kMaxUnknown = 8;

  Class message_class{};
  std::uint16_t method = kBinding;
  TransactionId transaction{};

  std::optional<std::string_view> username;
  std::optional<std::uint32_t> priority;
  bool use_candidate = false;
  std::optional<std::uint64_t> ice_controlled;   ///< the tie-breaker
  std::optional<std::uint64_t> ice_controlling;  ///< the tie-breaker
  std::optional<Address> mapped_address;         ///< XOR-MAPPED-ADDRESS
  std::optional<std::uint16_t> error_code;
  std::string_view error_reason;  ///< as sent, not escaped
  bool has_fingerprint = false;
  /// Unknown comprehension-required attributes (RFC 8489 section 14): a request that has one is answered with 420.
  std::array<std::uint16_t, kMaxUnknown> unknown{};
  std::size_t unknown_count = 0;

  /// nullopt unless the header, all lengths, the known attributes and FINGERPRINT (if present) are valid. Of repeated
  /// attributes the first counts; after MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT do, after
  /// MESSAGE-INTEGRITY-SHA256 only FINGERPRINT (RFC 8489 sections 14.5 and 14.6). `extension`: the further
  /// comprehension-required attributes that the caller understands.
  static std::optional<Message> parse(Bytes datagram, std::span<const AttributeType> extension = {});

  /// Returns true if MESSAGE-INTEGRITY is present and verifies under the key (an HMAC-SHA1). Constant time.
  [[nodiscard]] bool verify_integrity(Hmac& key) const;
  [[nodiscard]] bool has_integrity() const { return !integrity.empty(); }
  /// The same for MESSAGE-INTEGRITY-SHA256 (an HMAC-SHA256), which must not be truncated.
  [[nodiscard]] bool verify_integrity_sha256(Hmac& key) const;
  [[nodiscard]] bool has_integrity_sha256() const { return !integrity_sha256.empty(); }

  /// The value of the first attribute of this type before the integrity attributes.
  [[nodiscard]] std::optional<Bytes> find(AttributeType type) const;
  /// The same, as an attribute of the form of XOR-MAPPED-ADDRESS.
  [[nodiscard]] std::optional<Address> find_xor_address(AttributeType type) const;

  Bytes datagram;
  Bytes integrity;         ///< the attribute's value, inside the datagram
  Bytes integrity_sha256;  ///< likewise
};

/// The attributes of a message that was parsed, in order, up to the integrity attributes.
class Attributes {
 public:
  explicit Attributes(const Message& message) : rest_(message.datagram.subspan(kHeaderSize)) {}
  std::optional<Attribute> next();

 private:
  Reader rest_;
};

/// The local ufrag that a request is addressed to: USERNAME up to the colon (RFC 8445 section 7.2.2). Not verified; for
/// routing only.
std::optional<std::string_view> local_ufrag(Bytes datagram);

/// Writes one message into a buffer. Only finish() returns it.
class MessageBuilder {
 public:
  MessageBuilder(MutableBytes buffer, Class message_class, const TransactionId& transaction,
                 std::uint16_t method = kBinding);

  void username(std::string_view name) { attribute(AttributeType::username, as_bytes(name)); }
  void priority(std::uint32_t value) { integer32(AttributeType::priority, value); }
  void use_candidate() { attribute(AttributeType::use_candidate, {}); }
  void ice_controlled(std::uint64_t tie_breaker) { integer64(AttributeType::ice_controlled, tie_breaker); }
  void ice_controlling(std::uint64_t tie_breaker) { integer64(AttributeType::ice_controlling, tie_breaker); }
  void xor_mapped_address(const Address& address) { xor_address(AttributeType::xor_mapped_address, address); }
  void xor_address(AttributeType type, const Address& address);
  void integer32(AttributeType type, std::uint32_t value);
  void error_code(std::uint16_t code, std::string_view reason);
  void unknown_attributes(std::span<const std::uint16_t> types);
  void attribute(AttributeType type, Bytes value);

  /// Adds MESSAGE-INTEGRITY and FINGERPRINT and returns the whole message, empty if the buffer was too small.
  MutableBytes finish(Hmac& key);
  /// The same with MESSAGE-INTEGRITY-SHA256.
  MutableBytes finish_sha256(Hmac& key);
  /// The same with FINGERPRINT only.
  MutableBytes finish();

 private:
  void integer64(AttributeType type, std::uint64_t value);
  void set_length(std::size_t attributes);
  MutableBytes finish(AttributeType integrity, std::size_t size, Hmac& key);

  Writer writer_;
  MutableBytes buffer_;
  TransactionId transaction_;
};

}  // namespace redan::stun
