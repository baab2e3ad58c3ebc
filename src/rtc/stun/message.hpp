// STUN messages, RFC 8489: the Binding method with the attributes of ICE (RFC 8445 section 16.1). A parsed message
// borrows from the datagram; nothing is allocated.
#pragma once

#include <optional>
#include <redan/crypto.hpp>

#include "base/writer.hpp"

namespace redan::stun {

enum class Class : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

enum class AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  software = 0x8022,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802A,
};

using TransactionId = std::array<std::uint8_t, 12>;

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::size_t kIntegritySize = 20;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;
inline constexpr std::uint16_t kBinding = 0x001;

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
  bool has_fingerprint = false;
  /// Unknown comprehension-required attributes (RFC 8489 section 14): a request that has one is answered with 420.
  std::array<std::uint16_t, kMaxUnknown> unknown{};
  std::size_t unknown_count = 0;

  /// nullopt unless the header, all lengths, the known attributes and FINGERPRINT (if present) are valid. Of repeated
  /// attributes the first counts; after MESSAGE-INTEGRITY only FINGERPRINT does (RFC 8489 section 14.5).
  static std::optional<Message> parse(Bytes datagram);

  /// Returns true if MESSAGE-INTEGRITY is present and verifies under the key (the short-term password's HMAC-SHA1).
  /// Constant time.
  [[nodiscard]] bool verify_integrity(Hmac& key) const;
  [[nodiscard]] bool has_integrity() const { return !integrity.empty(); }

  Bytes datagram;
  Bytes integrity;  ///< the attribute's value, inside the datagram
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
  void priority(std::uint32_t value);
  void use_candidate() { attribute(AttributeType::use_candidate, {}); }
  void ice_controlled(std::uint64_t tie_breaker) { integer64(AttributeType::ice_controlled, tie_breaker); }
  void ice_controlling(std::uint64_t tie_breaker) { integer64(AttributeType::ice_controlling, tie_breaker); }
  void xor_mapped_address(const Address& address);
  void error_code(std::uint16_t code, std::string_view reason);
  void unknown_attributes(std::span<const std::uint16_t> types);
  void attribute(AttributeType type, Bytes value);

  /// Adds MESSAGE-INTEGRITY and FINGERPRINT and returns the whole message, empty if the buffer was too small.
  MutableBytes finish(Hmac& key);
  /// The same with FINGERPRINT only.
  MutableBytes finish();

 private:
  void integer64(AttributeType type, std::uint64_t value);
  void set_length(std::size_t attributes);

  Writer writer_;
  MutableBytes buffer_;
  TransactionId transaction_;
};

}  // namespace redan::stun
