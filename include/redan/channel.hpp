// How an application describes data channels (RFC 8831, RFC 8832).
#pragma once

#include <redan/export.hpp>
#include <redan/types.hpp>

namespace redan REDAN_PUBLIC {

/// Identifies a data channel of one peer. Assigned by Redan and never reused within the peer's lifetime; the SCTP
/// stream id, which is reused, is internal.
struct ChannelId {
  std::uint32_t value = 0;
  friend auto operator<=>(const ChannelId&, const ChannelId&) = default;
};

enum class MessageKind : std::uint8_t { text, binary };
enum class ChannelOrder : std::uint8_t { ordered, unordered };

/// How to open a channel (RFC 8832 section 5.1). At most one of the two limits may be set.
struct ChannelOptions {
  ChannelOrder order = ChannelOrder::ordered;
  std::optional<std::uint32_t> max_retransmits{};
  std::optional<std::uint32_t> max_lifetime_ms{};
  std::string_view protocol{};
  std::uint16_t priority = 256;
  std::optional<std::uint16_t> negotiated{};  ///< both sides agreed on this stream id; no DCEP message is sent
};

/// The parameters of an open channel, whichever side opened it.
struct ChannelParameters {
  std::uint16_t stream = 0;  ///< the SCTP stream id, RTCDataChannel's id
  ChannelOrder order = ChannelOrder::ordered;
  std::optional<std::uint32_t> max_retransmits{};
  std::optional<std::uint32_t> max_lifetime_ms{};
  std::uint16_t priority = 0;
  std::string_view protocol{};
  bool negotiated = false;  ///< negotiated out of band: both sides opened it
  bool by_peer = false;     ///< the peer opened it
};

}  // namespace REDAN_PUBLIC
