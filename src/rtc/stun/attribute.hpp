// The attributes of a STUN message (RFC 8489 section 14): their types, and the form of addresses.
#pragma once

#include <optional>
#include <redan/types.hpp>

namespace redan::stun {

/// The attributes of STUN itself and of ICE. An extension (TURN) names its own with static_cast.
enum class AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  realm = 0x0014,
  nonce = 0x0015,
  message_integrity_sha256 = 0x001C,
  password_algorithm = 0x001D,
  userhash = 0x001E,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  password_algorithms = 0x8002,
  alternate_domain = 0x8003,
  software = 0x8022,
  alternate_server = 0x8023,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802A,
};

/// Types below this must be understood by the receiver, or the message cannot be processed.
inline constexpr std::uint16_t kFirstOptionalAttribute = 0x8000;

using TransactionId = std::array<std::uint8_t, 12>;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;

struct Attribute {
  AttributeType type{};
  Bytes value;  ///< without padding
};

/// An address attribute, encoded: 4 bytes and an IPv4 or IPv6 address.
struct EncodedAddress {
  std::array<std::uint8_t, 20> storage{};
  std::size_t size = 0;
  [[nodiscard]] Bytes bytes() const { return Bytes(storage).first(size); }
};

/// MAPPED-ADDRESS and attributes of its form (RFC 8489 section 14.1).
std::optional<Address> parse_address(Bytes value);
EncodedAddress encode_address(const Address& address);

/// XOR-MAPPED-ADDRESS and attributes of its form (RFC 8489 section 14.2): port and address are xored with the magic
/// cookie and the transaction id.
std::optional<Address> parse_xor_address(Bytes value, const TransactionId& transaction);
EncodedAddress encode_xor_address(const Address& address, const TransactionId& transaction);

}  // namespace redan::stun
