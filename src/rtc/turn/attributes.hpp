// The methods and attributes that TURN adds to STUN (RFC 8656 sections 17 and 18, RFC 8016 section 4).
#pragma once

#include "rtc/stun/attribute.hpp"

namespace redan::turn {

enum class Method : std::uint16_t {
  allocate = 0x003,
  refresh = 0x004,
  send = 0x006,
  data = 0x007,
  create_permission = 0x008,
  channel_bind = 0x009,
};

namespace attribute {
inline constexpr auto channel_number = static_cast<stun::AttributeType>(0x000C);
inline constexpr auto lifetime = static_cast<stun::AttributeType>(0x000D);
inline constexpr auto xor_peer_address = static_cast<stun::AttributeType>(0x0012);
inline constexpr auto data = static_cast<stun::AttributeType>(0x0013);
inline constexpr auto xor_relayed_address = static_cast<stun::AttributeType>(0x0016);
inline constexpr auto requested_address_family = static_cast<stun::AttributeType>(0x0017);
inline constexpr auto requested_transport = static_cast<stun::AttributeType>(0x0019);
inline constexpr auto dont_fragment = static_cast<stun::AttributeType>(0x001A);
inline constexpr auto additional_address_family = static_cast<stun::AttributeType>(0x8000);
inline constexpr auto mobility_ticket = static_cast<stun::AttributeType>(0x8030);
}  // namespace attribute

/// The comprehension-required attributes that a server may send to a client.
inline constexpr std::array kUnderstood{attribute::channel_number, attribute::lifetime, attribute::xor_peer_address,
                                        attribute::data, attribute::xor_relayed_address};

}  // namespace redan::turn
