// Making an endpoint, its input and its output.
#include <variant>

#include "capi/boundary.hpp"
#include "capi/values.hpp"

namespace redan::capi {
namespace {

constexpr std::size_t kMinMtu = 228, kMaxMtu = 16'384, kMaxMediaPacket = 65'535;

bool read_addresses(const redan_endpoint_config& from, std::vector<Address>& to) {
  for (std::size_t i = 0; i < from.local_address_count; ++i) {
    const auto address = read_address(from.local_addresses[i]);
    if (!address || address->family() == Address::Family::unspecified) return false;
    to.push_back(*address);
  }
  return !to.empty();
}

bool read_profiles(const redan_endpoint_config& from, std::vector<SrtpProfile>& to) {
  if (from.srtp_profiles == nullptr) return from.srtp_profile_count == 0;
  to.clear();
  for (std::size_t i = 0; i < from.srtp_profile_count; ++i) {
    switch (from.srtp_profiles[i]) {
      case REDAN_SRTP_AES128_CM_SHA1_80:
      case REDAN_SRTP_AEAD_AES_128_GCM:
      case REDAN_SRTP_AEAD_AES_256_GCM:
        to.push_back(static_cast<SrtpProfile>(from.srtp_profiles[i]));
        break;
      default:
        return false;
    }
  }
  return !to.empty();
}

/// 0 stands for the default.
void set(std::size_t& to, std::size_t value) {
  if (value != 0) to = value;
}

std::optional<EndpointConfig> read_config(const redan_endpoint_config* config) {
  redan_endpoint_config from{};
  EndpointConfig to;
  if (!read(config, from) || !is_range(from.local_addresses, from.local_address_count)) return std::nullopt;
  if (!read_addresses(from, to.local_addresses) || !read_profiles(from, to.srtp_profiles)) return std::nullopt;
  set(to.mtu, from.mtu);
  set(to.max_media_packet, from.max_media_packet);
  set(to.max_peers, from.max_peers);
  set(to.max_message_size, from.max_message_size);
  set(to.receive_window, from.receive_window);
  set(to.send_buffer, from.send_buffer);
  set(to.memory_budget, from.memory_budget);
  to.zero_checksum = from.zero_checksum != 0;
  to.announce_lite = from.full_ice == 0;
  to.ice_transport = from.relay_only != 0 ? IceTransport::relay : IceTransport::all;
  to.remote_addresses = from.public_only != 0 ? RemoteAddresses::public_only : RemoteAddresses::any;
  if (to.mtu < kMinMtu || to.mtu > kMaxMtu || to.max_media_packet > kMaxMediaPacket) return std::nullopt;
  return to;
}

/// Writes an output into the structure for C; false for one that redan.h does not have (yet).
class Writer {
 public:
  explicit Writer(redan_output& to) : to_(to) {}

  bool operator()(const Wait& wait) {
    to_.type = REDAN_OUTPUT_WAIT;
    to_.as.wait.until = write_time(wait.until);
    return true;
  }
  bool operator()(const Transmit& transmit) {
    to_.type = REDAN_OUTPUT_TRANSMIT;
    to_.as.transmit = {write_path(transmit.path), transmit.bytes.data(), transmit.bytes.size(),
                       static_cast<std::uint32_t>(transmit.ecn)};
    return true;
  }
  bool operator()(const PathSelected& selected) {
    about(REDAN_OUTPUT_PATH_SELECTED, selected.peer);
    to_.as.path = write_path(selected.path);
    return true;
  }
  bool operator()(const Connected& connected) { return about(REDAN_OUTPUT_CONNECTED, connected.peer); }
  bool operator()(const ChannelOpened& opened) {
    about(REDAN_OUTPUT_CHANNEL_OPENED, opened.peer, opened.channel);
    const ChannelParameters& parameters = opened.parameters;
    to_.as.opened = {opened.label.data(),
                     opened.label.size(),
                     parameters.protocol.data(),
                     parameters.protocol.size(),
                     limit(parameters.max_retransmits),
                     limit(parameters.max_lifetime_ms),
                     parameters.stream,
                     parameters.priority,
                     parameters.order == ChannelOrder::unordered,
                     parameters.negotiated,
                     parameters.by_peer};
    return true;
  }
  bool operator()(const Message& message) {
    about(REDAN_OUTPUT_MESSAGE, message.peer, message.channel);
    to_.as.message = {message.payload.data(), message.payload.size(), static_cast<std::uint32_t>(message.kind)};
    return true;
  }
  bool operator()(const BufferedAmountLow& low) {
    return about(REDAN_OUTPUT_BUFFERED_AMOUNT_LOW, low.peer, low.channel);
  }
  bool operator()(const MediaPacket& media) {
    about(REDAN_OUTPUT_MEDIA_PACKET, media.peer);
    to_.as.media = {media.packet.data(), media.packet.size(), static_cast<std::uint32_t>(media.kind)};
    return true;
  }
  bool operator()(const ChannelClosing& closing) {
    return about(REDAN_OUTPUT_CHANNEL_CLOSING, closing.peer, closing.channel);
  }
  bool operator()(const ChannelClosed& closed) {
    about(REDAN_OUTPUT_CHANNEL_CLOSED, closed.peer, closed.channel);
    to_.as.closed = {closed.reason.number(), 0};
    return true;
  }
  bool operator()(const Closed& closed) {
    about(REDAN_OUTPUT_CLOSED, closed.peer);
    to_.as.closed = {closed.reason.number(), closed.alert};
    return true;
  }
  bool operator()(const LocalCandidate& local) {
    about(REDAN_OUTPUT_LOCAL_CANDIDATE, local.peer);
    to_.as.candidate = {local.candidate.data(), local.candidate.size()};
    return true;
  }
  bool operator()(const GatheringDone&) { return about(REDAN_OUTPUT_GATHERING_DONE, {}); }
  bool operator()(const IceServerFailed& failed) {
    about(REDAN_OUTPUT_ICE_SERVER_FAILED, {});
    to_.as.server = {failed.server.data(), failed.server.size(), failed.detail.data(), failed.detail.size(),
                     failed.reason.number()};
    return true;
  }
  bool operator()(const IceCredentialsEnd& ending) {
    about(REDAN_OUTPUT_ICE_CREDENTIALS_END, {});
    to_.as.credentials = {ending.server.data(), ending.server.size(), write_time(ending.until)};
    return true;
  }
  bool operator()(const OpenSocket& open) {
    about(REDAN_OUTPUT_OPEN_SOCKET, {});
    to_.as.open_socket = {open.socket.value, write_path({open.local, open.server->address}), open.server->host.c_str(),
                          static_cast<std::uint32_t>(open.server->transport)};
    return true;
  }
  bool operator()(const SocketData& data) {
    about(REDAN_OUTPUT_SOCKET_DATA, {});
    to_.as.socket_data = {data.socket.value, data.bytes.data(), data.bytes.size(), data.droppable};
    return true;
  }
  bool operator()(const CloseSocket& close) {
    about(REDAN_OUTPUT_CLOSE_SOCKET, {});
    to_.as.socket = close.socket.value;
    return true;
  }
  template <class Other>
  bool operator()(const Other&) {
    return false;
  }

 private:
  bool about(std::uint32_t type, PeerId peer, ChannelId channel = {}) {
    to_.type = type;
    to_.peer = peer.value;
    to_.channel = channel.value;
    return true;
  }
  static std::int64_t limit(const std::optional<std::uint32_t>& value) { return value ? std::int64_t{*value} : -1; }

  redan_output& to_;
};

Result<Datagram> read_datagram(const redan_datagram* datagram) {
  redan_datagram from{};
  if (!read(datagram, from) || from.reserved != 0) return bad("datagram");
  const auto path = read_path(from.path);
  if (!path || path->remote.family() == Address::Family::unspecified) return bad("path");
  if (!is_range(from.bytes, from.bytes_size)) return bad("bytes");
  REDAN_TRY(const Ecn ecn, as_enum(from.ecn, Ecn::ce, "ecn"));
  return Datagram{*path, {from.bytes, from.bytes_size}, ecn};
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_endpoint_new(redan_provider* provider, redan_identity* identity, const redan_endpoint_config* config,
                       redan_endpoint** endpoint) {
  return guarded([&]() -> int {
    if (!alive(provider) || !alive(identity) || !present(endpoint)) return kInvalid;
    auto read = read_config(config);
    if (!read) return kInvalid;
    *endpoint =
        std::make_unique<redan_endpoint>(
            redan_endpoint{.provider = provider->provider,
                           .identity_provider = identity->provider,
                           .endpoint = redan::Endpoint(*std::move(read), identity->identity, *provider->provider)})
            .release();
    return kOk;
  });
}
void redan_endpoint_free(redan_endpoint* endpoint) { free_handle(endpoint); }

const char* redan_endpoint_error_detail(redan_endpoint* endpoint) {
  return alive(endpoint) ? endpoint->error_detail.c_str() : "";
}

int redan_endpoint_handle_input(redan_endpoint* endpoint, redan_time now, const redan_datagram* datagram) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    const auto time = read_time(now);
    if (!time) return bad("now");
    REDAN_TRY(const auto read, read_datagram(datagram));
    of.handle_input(*time, read);
    return {};
  });
}

int redan_endpoint_poll_output(redan_endpoint* endpoint, redan_time now, std::uint8_t* buffer, std::size_t buffer_size,
                               redan_output* output) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    const auto time = read_time(now);
    if (!time) return bad("now");
    if (!present(buffer) || buffer_size < of.max_datagram()) return bad("buffer");
    if (!writable(output)) return bad("output");
    redan_output result{};
    while (!std::visit(Writer(result), of.poll_output(*time, {buffer, buffer_size}))) {
    }
    write(result, output);
    return {};
  });
}

int redan_endpoint_max_datagram(redan_endpoint* endpoint, std::size_t* size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!present(size)) return bad("size");
    *size = of.max_datagram();
    return {};
  });
}
