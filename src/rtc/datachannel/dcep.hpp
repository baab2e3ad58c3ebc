// The Data Channel Establishment Protocol (RFC 8832 section 5) and the payload protocol identifiers of RFC 8831
// section 8.
#pragma once

#include <redan/channel.hpp>

#include "rtc/sctp/types.hpp"

namespace redan::datachannel {

namespace ppid {
inline constexpr sctp::Ppid kDcep{50};
inline constexpr sctp::Ppid kString{51};
inline constexpr sctp::Ppid kBinaryPartial{52};  ///< deprecated; read as binary
inline constexpr sctp::Ppid kBinary{53};
inline constexpr sctp::Ppid kStringPartial{54};  ///< deprecated; read as string
inline constexpr sctp::Ppid kStringEmpty{56};
inline constexpr sctp::Ppid kBinaryEmpty{57};
}  // namespace ppid

enum class DcepType : std::uint8_t { data_channel_ack = 2, data_channel_open = 3 };

//  0                   1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +---------------+---------------+-------------------------------+
// |  Message Type |  Channel Type |            Priority           |
// +---------------+---------------+-------------------------------+
// |                    Reliability Parameter                      |
// +-------------------------------+-------------------------------+
// |         Label Length          |       Protocol Length         |
// +-------------------------------+-------------------------------+
// |                             Label                             |
// |                            Protocol                           |
struct DataChannelOpen {
  static constexpr std::size_t kFixedSize = 12;

  ChannelOrder order = ChannelOrder::ordered;
  std::optional<std::uint32_t> max_retransmits;  ///< at most one of the two
  std::optional<std::uint32_t> max_lifetime_ms;
  std::uint16_t priority = 0;
  std::string_view label;  ///< borrowed; not always UTF-8
  std::string_view protocol;

  /// Strict: a known channel type and nothing after the protocol. Some stacks count characters instead of bytes, so
  /// texts that are not ASCII are longer than their stated length: such a message is accepted if counting code points,
  /// or UTF-16 units, leads exactly to its end.
  static std::optional<DataChannelOpen> parse(Bytes message);
  [[nodiscard]] std::size_t size() const { return kFixedSize + label.size() + protocol.size(); }
  /// `out` is size() long; label and protocol are at most 65,535 bytes each.
  void write(MutableBytes out) const;
};

/// DATA_CHANNEL_ACK: one byte.
inline constexpr std::array<std::uint8_t, 1> kDataChannelAck{static_cast<std::uint8_t>(DcepType::data_channel_ack)};

}  // namespace redan::datachannel
