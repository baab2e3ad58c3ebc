#include "rtc/turn/data_path.hpp"

#include "rtc/turn/attributes.hpp"

namespace redan::turn {

MutableBytes DataPath::wrap(TimePoint now, const Address& peer, stun::Transport layer, RandomSource& random,
                            MutableBytes buffer, std::size_t size) {
  const bool fits = size <= kMaxPayload && buffer.size() >= kHeadroom + size + kTailroom;
  if (!fits || !peers.permitted(now, peer)) {
    drop(Drop::not_sent);
    return {};
  }
  ++statistics.packets_sent;
  statistics.bytes_sent += size;
  if (const auto channel = peers.channel(now, peer)) {
    ++statistics.channel_packets_sent;
    return write_channel_data(*channel, layer, buffer, size);
  }
  stun::TransactionId transaction;
  random.random(transaction);
  return write_send_indication(peer, dont_fragment_, transaction, buffer, size);
}

std::optional<Received> DataPath::read_channel_data(MutableBytes frame) {
  const auto data = ChannelData::parse(frame);
  if (!data) return drop(Drop::malformed);
  const Address* peer = peers.peer(data->channel);
  if (peer == nullptr) return drop(Drop::unknown_channel);
  return receive(*peer, data->payload);
}

std::optional<Received> DataPath::read_indication(const stun::Message& message, MutableBytes frame) {
  const bool is_data = message.method == static_cast<std::uint16_t>(Method::data) && message.unknown_count == 0;
  const auto peer = is_data ? message.find_xor_address(attribute::xor_peer_address) : std::nullopt;
  const auto data = is_data ? message.find(attribute::data) : std::nullopt;
  if (!peer || !data) return drop(Drop::unexpected);  // also an ICMP error (RFC 8656 section 11.5), which has no data
  return receive(*peer, frame.subspan(static_cast<std::size_t>(data->data() - frame.data()), data->size()));
}

std::optional<Received> DataPath::receive(const Address& peer, MutableBytes payload) {
  if (!peers.wanted(peer)) return drop(Drop::not_permitted);
  ++statistics.packets_received;
  statistics.bytes_received += payload.size();
  return Received{peer, payload};
}

}  // namespace redan::turn
