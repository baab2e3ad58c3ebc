// What an application says about data channels (RFC 8831, RFC 8832).
#pragma once

#include <redan/export.hpp>
#include <redan/types.hpp>

namespace redan REDAN_PUBLIC {

/// A data channel of one peer. Given out by us and never reused within the peer's life; the SCTP stream id, which is
/// reused, stays inside.
struct ChannelId {
  std::uint32_t value = 0;
  friend auto operator<=>(const ChannelId&, const ChannelId&) = default;
};

enum class MessageKind : std::uint8_t { text, binary };
enum class ChannelOrder : std::uint8_t { ordered, unordered };

/// How a channel is opened (RFC 8832 section 5.1). At most one of the two limits.
struct ChannelOptions {
  ChannelOrder order = ChannelOrder::ordered;
  std::optional<std::uint32_t> max_retransmits{};
  std::optional<std::uint32_t> max_lifetime_ms{};
  std::string_view protocol{};
  std::uint16_t priority = 256;
  std::optional<std::uint16_t> negotiated{};  ///< both sides agreed on this stream id; no DCEP message is sent
};

/// What an open channel is, whoever opened it.
struct ChannelParameters {
  std::uint16_t stream = 0;  ///< the SCTP stream id, RTCDataChannel's id
  ChannelOrder order = ChannelOrder::ordered;
  std::optional<std::uint32_t> max_retransmits{};
  std::optional<std::uint32_t> max_lifetime_ms{};
  std::uint16_t priority = 0;
  std::string_view protocol{};
  bool negotiated = false;  ///< agreed on outside: both sides opened it
  bool by_peer = false;     ///< the peer opened it
};

}  // namespace REDAN_PUBLIC
