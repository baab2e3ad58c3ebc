// Data channels, and sending media.
#include "capi/boundary.hpp"

namespace redan::capi {
namespace {

/// `protocol` of the result borrows from the caller.
Result<ChannelOptions> read_options(const redan_channel_options* options) {
  redan_channel_options from = REDAN_CHANNEL_OPTIONS_INIT;
  if (!read_optional(options, from) || !is_range(from.protocol, from.protocol_size)) return bad("options");
  ChannelOptions to;
  if (from.unordered != 0) to.order = ChannelOrder::unordered;
  if (from.has_max_retransmits != 0) to.max_retransmits = from.max_retransmits;
  if (from.has_max_lifetime_ms != 0) to.max_lifetime_ms = from.max_lifetime_ms;
  if (from.has_negotiated != 0) to.negotiated = from.negotiated;
  if (from.priority != 0) to.priority = from.priority;
  to.protocol = as_view(from.protocol, from.protocol_size);
  return to;
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_endpoint_open_channel(redan_endpoint* endpoint, std::uint64_t peer, const char* label, std::size_t label_size,
                                const redan_channel_options* options, std::uint32_t* channel) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<redan::ChannelId> {
        if (!is_range(label, label_size) || !present(channel)) return bad("label or channel");
        REDAN_TRY(const auto read, read_options(options));
        return of.open_channel({peer}, as_view(label, label_size), read);
      },
      [&](redan::ChannelId opened) { *channel = opened.value; });
}

int redan_endpoint_send(redan_endpoint* endpoint, std::uint64_t peer, std::uint32_t channel, std::uint32_t kind,
                        const std::uint8_t* payload, std::size_t size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!is_range(payload, size)) return bad("payload");
    REDAN_TRY(const auto read, as_enum(kind, redan::MessageKind::binary, "kind"));
    return of.send({peer}, {channel}, read, {payload, size});
  });
}

int redan_endpoint_buffered_amount(redan_endpoint* endpoint, std::uint64_t peer, std::uint32_t channel,
                                   std::size_t* bytes) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<std::size_t> {
        if (!present(bytes)) return bad("bytes");
        return of.buffered_amount({peer}, {channel});
      },
      [&](std::size_t amount) { *bytes = amount; });
}

int redan_endpoint_set_buffered_amount_low_threshold(redan_endpoint* endpoint, std::uint64_t peer,
                                                     std::uint32_t channel, std::size_t bytes) {
  return on_endpoint(
      endpoint, [&](redan::Endpoint& of) { return of.set_buffered_amount_low_threshold({peer}, {channel}, bytes); });
}

int redan_endpoint_close_channel(redan_endpoint* endpoint, std::uint64_t peer, std::uint32_t channel) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) { return of.close_channel({peer}, {channel}); });
}

int redan_endpoint_max_message_size(redan_endpoint* endpoint, std::uint64_t peer, std::size_t* bytes) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<std::size_t> {
        if (!present(bytes)) return bad("bytes");
        return of.max_message_size({peer});
      },
      [&](std::size_t size) { *bytes = size; });
}

static_assert(REDAN_SRTP_TRAILER == redan::kSrtpTrailer);

int redan_endpoint_send_media(redan_endpoint* endpoint, std::uint64_t peer, std::uint32_t kind, std::uint8_t* packet,
                              std::size_t size, std::size_t capacity) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!present(packet)) return bad("packet");
    if (capacity < REDAN_SRTP_TRAILER || size > capacity - REDAN_SRTP_TRAILER) return bad("capacity");
    REDAN_TRY(const auto read, as_enum(kind, redan::MediaKind::rtcp, "kind"));
    return of.send_media({peer}, read, {packet, capacity}, size);
  });
}
