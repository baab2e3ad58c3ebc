#include "rtc/datachannel/channels.hpp"

#include <algorithm>

namespace redan::datachannel {
namespace {

constexpr std::size_t kMaxText = 65535;  // RFC 8832 section 5.1
// Represents an empty message, which SCTP cannot carry (RFC 8831 section 6.6).
constexpr std::array<std::uint8_t, 1> kEmptyMessage{0};

sctp::AssociationConfig association_config(const ChannelsConfig& config) {
  sctp::AssociationConfig result;
  result.max_packet = config.max_packet;
  result.receive_window = config.receive_window;
  result.send_buffer = config.send_buffer;
  // Room for the largest OPEN even if messages are smaller.
  result.max_receive_message = std::max(config.max_receive_message, DataChannelOpen::kFixedSize + 2 * kMaxText);
  result.local_port = config.local_port;
  result.remote_port = config.remote_port;
  result.accept_zero_checksum = config.accept_zero_checksum;
  result.controller = config.controller;
  return result;
}

sctp::Delivery delivery_of(ChannelOrder order, std::optional<std::uint32_t> retransmits,
                           std::optional<std::uint32_t> lifetime) {
  sctp::Delivery delivery;
  delivery.ordering = order == ChannelOrder::ordered ? sctp::Ordering::ordered : sctp::Ordering::unordered;
  delivery.max_retransmits = retransmits.value_or(sctp::Delivery::kUnlimited);
  delivery.lifetime_ms = lifetime.value_or(sctp::Delivery::kUnlimited);
  return delivery;
}

sctp::Delivery dcep_delivery() {
  sctp::Delivery delivery;
  delivery.ppid = ppid::kDcep;
  delivery.counted = false;
  return delivery;
}

sctp::Ppid ppid_of(MessageKind kind, bool empty) {
  if (kind == MessageKind::text) return empty ? ppid::kStringEmpty : ppid::kString;
  return empty ? ppid::kBinaryEmpty : ppid::kBinary;
}

std::optional<std::uint32_t> limit_of(std::uint32_t value) {
  return value == sctp::Delivery::kUnlimited ? std::nullopt : std::optional(value);
}

}  // namespace

Channels::Channels(const ChannelsConfig& config, RandomSource& random)
    : config_(config), association_(association_config(config), random), next_id_(config.first_channel) {}

// Commands.

void Channels::start(TimePoint, StreamParity ours) {
  if (started_) return;
  started_ = true;
  ours_ = ours;
  for (auto& [id, channel] : channels_) {
    if (channel.numbered) continue;
    if (const auto stream = ids_.lowest_free(ours)) number(channel, *stream);
  }
  association_.connect();
}

Channels::Channel& Channels::add(const ChannelOptions& options) {
  Channel channel;
  channel.id = ChannelId{next_id_++};
  channel.out = association_.open_stream();
  channel.delivery = delivery_of(options.order, options.max_retransmits, options.max_lifetime_ms);
  channel.priority = options.priority;
  channel.protocol = options.protocol;
  const ChannelId id = channel.id;
  return channels_.emplace(id, std::move(channel)).first->second;
}

void Channels::number(Channel& channel, sctp::StreamId stream) {
  channel.stream = stream;
  channel.numbered = true;
  ids_.assign(stream, channel.id);
  association_.assign_stream(channel.out, stream);
}

Result<ChannelId> Channels::open(std::string_view label, const ChannelOptions& options) {
  if (closed_ || association_.ended()) return refuse(Errc::not_connected);
  if (label.size() > kMaxText || options.protocol.size() > kMaxText) return refuse(Errc::channel_label_too_long);
  if (options.max_retransmits && options.max_lifetime_ms) return refuse(Errc::invalid_argument);
  if (channels_.size() + ended_.size() >= config_.max_channels) return refuse(Errc::too_many);
  std::optional<sctp::StreamId> stream;
  if (options.negotiated) {
    stream = sctp::StreamId(*options.negotiated);
    if (stream->value == kReservedStream || ids_.in_use(*stream)) return refuse(Errc::invalid_argument);
  } else if (started_) {
    stream = ids_.lowest_free(ours_);
    if (!stream) return refuse(Errc::channel_no_free_id);
  }
  Channel& channel = add(options);
  channel.negotiated = options.negotiated.has_value();
  channel.label = label;
  if (stream) number(channel, *stream);
  if (channel.negotiated) {
    channel.peer_spoke = true;
    to_announce_.push_back(channel.id);
  } else {
    send_open(channel);
  }
  return channel.id;
}

void Channels::send_open(const Channel& channel) {
  DataChannelOpen message;
  const sctp::Delivery& delivery = channel.delivery;
  message.order = delivery.ordering == sctp::Ordering::ordered ? ChannelOrder::ordered : ChannelOrder::unordered;
  if (delivery.max_retransmits != sctp::Delivery::kUnlimited) message.max_retransmits = delivery.max_retransmits;
  if (delivery.lifetime_ms != sctp::Delivery::kUnlimited) message.max_lifetime_ms = delivery.lifetime_ms;
  message.priority = channel.priority;
  message.label = channel.label;
  message.protocol = channel.protocol;
  std::vector<std::uint8_t> bytes(message.size());
  message.write(bytes);
  association_.send_always(channel.out, dcep_delivery(), bytes);
}

Result<void> Channels::send(ChannelId id, MessageKind kind, Bytes payload) {
  auto* found = find(id);
  if (found == nullptr) return refuse(Errc::channel_unknown);
  const Channel& channel = *found;
  if (channel.closing || channel.in_reset) return refuse(Errc::channel_closing);
  // RFC 8841 section 6: 0 means any size.
  const std::size_t limit = config_.max_send_message != 0 ? config_.max_send_message : sctp::kMaxMessageSize;
  if (payload.size() > std::min(limit, sctp::kMaxMessageSize)) return refuse(Errc::channel_message_too_large);
  sctp::Delivery delivery = channel.delivery;
  delivery.ppid = ppid_of(kind, payload.empty());
  if (!channel.peer_spoke) delivery.ordering = sctp::Ordering::ordered;
  auto sent = association_.send(channel.out, delivery, payload.empty() ? Bytes(kEmptyMessage) : payload);
  if (!sent) return sent;
  ++statistics_.messages_sent;
  statistics_.bytes_sent += payload.size();
  return sent;
}

Result<std::size_t> Channels::buffered_amount(ChannelId id) const {
  auto* found = find(id);
  if (found == nullptr) return refuse(Errc::channel_unknown);
  return association_.buffered(found->out);
}

Result<void> Channels::set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes) {
  auto* found = find(id);
  if (found == nullptr) return refuse(Errc::channel_unknown);
  association_.set_low_threshold(found->out, bytes);
  return {};
}

Result<void> Channels::close(ChannelId id) {
  auto* found = find(id);
  if (found == nullptr) return refuse(Errc::channel_unknown);
  if (found->closing) return refuse(Errc::channel_closing);
  begin_close(*found, Errc::closed_locally);
  return {};
}

void Channels::begin_close(Channel& channel, Errc reason) {
  if (channel.closing) return;
  channel.closing = true;
  channel.reason = reason;
  association_.reset_stream(channel.out);
}

void Channels::close_all(Errc reason) {
  for (const auto& [id, channel] : channels_) {
    if (channel.phase != Phase::refused) ended_.push_back({id, reason});
    if (channel.phase == Phase::open) ++statistics_.channels_closed;
  }
  channels_.clear();
  ids_ = {};
  to_announce_.clear();
  refused_ = peer_text_ = 0;
  held_.reset();
}

void Channels::abort() {
  if (started_) return association_.abort();
  close_all(Errc::closed_locally);
  closed_ = Errc::closed_locally;
}

// Lookups.

const Channels::Channel* Channels::find(ChannelId id) const {
  const auto at = channels_.find(id);
  return at == channels_.end() ? nullptr : &at->second;
}

Channels::Channel* Channels::find(sctp::StreamId stream) {
  const auto id = ids_.channel_of(stream);
  return id ? find(*id) : nullptr;
}

// The handle is compared, because another channel may use the id by now.
Channels::Channel* Channels::find(sctp::OutgoingStream out) {
  const auto stream = association_.stream_id(out);
  Channel* channel = stream ? find(*stream) : nullptr;
  return channel != nullptr && channel->out == out ? channel : nullptr;
}

// The machine.

void Channels::handle_input(TimePoint now, MutableBytes packet) {
  if (!started_) return;
  association_.handle_input(now, packet);
  if (association_.restarts() == restarts_) return;
  // The streams are gone, and so are the channels: nothing may be sent on them from now on.
  restarts_ = association_.restarts();
  close_all(Errc::sctp_restarted);
}

Output Channels::poll_output(TimePoint now, MutableBytes buffer) {
  while (true) {
    if (!ended_.empty()) {
      const ChannelClosed ended = ended_.front();
      ended_.pop_front();
      return ended;
    }
    ended_.release();
    if (closed_ && !std::exchange(closed_reported_, true)) return Closed{*closed_};
    if (closed_ || !started_) return Wait{kNever};
    if (auto held = next_held()) return *held;
    if (auto reset = next_of_all_reset()) return *reset;
    if (auto announcement = next_announcement()) return *announcement;
    auto output = association_.poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) return *wait;
    if (const auto* transmit = std::get_if<sctp::Transmit>(&output)) return Transmit{transmit->packet};
    if (auto translated = translate(output)) return *translated;
  }
}

// A negotiated channel is open as soon as the association is.
std::optional<Output> Channels::next_announcement() {
  while (up_ && !to_announce_.empty()) {
    Channel* channel = find(to_announce_.front());
    to_announce_.pop_front();
    if (channel != nullptr && channel->phase == Phase::opening) return opened(*channel);
  }
  to_announce_.release();
  return std::nullopt;
}

std::optional<Output> Channels::opened(Channel& channel) {
  channel.phase = Phase::open;
  ++statistics_.channels_opened;
  label_ = channel.label;
  protocol_ = channel.protocol;
  const sctp::Delivery& delivery = channel.delivery;
  ChannelParameters parameters;
  parameters.stream = channel.stream.value;
  parameters.order = delivery.ordering == sctp::Ordering::ordered ? ChannelOrder::ordered : ChannelOrder::unordered;
  parameters.max_retransmits = limit_of(delivery.max_retransmits);
  parameters.max_lifetime_ms = limit_of(delivery.lifetime_ms);
  parameters.priority = channel.priority;
  parameters.protocol = protocol_;
  parameters.negotiated = channel.negotiated;
  parameters.by_peer = channel.by_peer;
  return Opened{channel.id, label_, parameters};
}

std::optional<Output> Channels::translate(const sctp::Association::Output& output) {
  if (const auto* message = std::get_if<sctp::ReceivedMessage>(&output)) return on_message(*message);
  if (const auto* low = std::get_if<sctp::BufferLow>(&output)) {
    auto* found = find(low->stream);
    if (found == nullptr || found->closing || found->phase == Phase::refused) return std::nullopt;
    return BufferedAmountLow{found->id};
  }
  if (const auto* reset = std::get_if<sctp::IncomingReset>(&output)) return on_incoming_reset(*reset);
  if (const auto* reset = std::get_if<sctp::OutgoingReset>(&output)) return on_outgoing_reset(*reset);
  if (std::holds_alternative<sctp::Established>(output)) {
    up_ = true;
    return Connected{};
  }
  if (const auto* end = std::get_if<sctp::Terminated>(&output)) {
    close_all(end->reason);
    closed_ = end->reason;
  }
  return std::nullopt;
}

// Messages from the peer.

std::optional<Output> Channels::on_message(const sctp::ReceivedMessage& message) {
  if (message.ppid == ppid::kDcep) return on_dcep(message.stream, message.payload);
  auto* found = find(message.stream);
  if (found == nullptr || found->phase == Phase::refused) {
    drops_.add(ChannelDrop::unknown_stream);
    return std::nullopt;
  }
  Channel& channel = *found;
  channel.peer_spoke = true;
  if (channel.phase == Phase::opening && !channel.closing) {
    // The peer has our OPEN, otherwise it could not send on the channel; its ACK may be late or malformed.
    hold_back(channel.id, message);
    return opened(channel);
  }
  return on_user_data(channel, message);
}

void Channels::hold_back(ChannelId channel, const sctp::ReceivedMessage& message) {
  held_ = Held{channel, message.ppid, {message.payload.begin(), message.payload.end()}, false};
}

std::optional<Output> Channels::next_held() {
  if (!held_) return std::nullopt;
  auto* found = find(held_->channel);
  if (found == nullptr || held_->shown) {
    held_.reset();
    return std::nullopt;
  }
  held_->shown = true;
  return on_user_data(*found, {found->stream, held_->ppid, held_->payload});
}

std::optional<Output> Channels::on_user_data(const Channel& channel, const sctp::ReceivedMessage& message) {
  if (message.ppid == ppid::kString || message.ppid == ppid::kStringPartial)
    return received(channel, MessageKind::text, message.payload);
  if (message.ppid == ppid::kBinary || message.ppid == ppid::kBinaryPartial)
    return received(channel, MessageKind::binary, message.payload);
  if (message.ppid == ppid::kStringEmpty) return received(channel, MessageKind::text, {});
  if (message.ppid == ppid::kBinaryEmpty) return received(channel, MessageKind::binary, {});
  drops_.add(ChannelDrop::unknown_ppid);
  return std::nullopt;
}

Received Channels::received(const Channel& channel, MessageKind kind, Bytes payload) {
  ++statistics_.messages_received;
  statistics_.bytes_received += payload.size();
  return {channel.id, kind, payload};
}

std::optional<Output> Channels::on_dcep(sctp::StreamId stream, Bytes message) {
  if (message.front() == static_cast<std::uint8_t>(DcepType::data_channel_open)) return on_open(stream, message);
  auto* found = find(stream);
  // Some stacks send more than one byte.
  const bool ack = message.front() == static_cast<std::uint8_t>(DcepType::data_channel_ack);
  if (!ack || found == nullptr || found->by_peer || found->negotiated) {
    drops_.add(ChannelDrop::bad_dcep);
    return std::nullopt;
  }
  Channel& channel = *found;
  channel.peer_spoke = true;
  if (channel.closing || channel.phase != Phase::opening) return std::nullopt;
  return opened(channel);
}

std::optional<Output> Channels::on_open(sctp::StreamId stream, Bytes message) {
  const auto open = DataChannelOpen::parse(message);
  if (open && repeats(stream, *open)) {
    drops_.add(ChannelDrop::repeated_open);
    return std::nullopt;
  }
  // Two OPENs that cross on one id end both channels (RFC 8832 section 6): each side's reset closes the other's
  // channel.
  const bool usable = stream.value != kReservedStream && !ids_.in_use(stream);
  if (!open || !usable || channels_.size() >= config_.max_channels || !has_room_for_text(*open)) {
    drops_.add(open ? ChannelDrop::bad_open : ChannelDrop::bad_dcep);
    refuse_open(stream);
    return std::nullopt;
  }
  ChannelOptions options;
  options.order = open->order;
  options.max_retransmits = open->max_retransmits;
  options.max_lifetime_ms = open->max_lifetime_ms;
  options.priority = open->priority;
  options.protocol = open->protocol;
  Channel& channel = add(options);
  channel.label = open->label;
  channel.by_peer = true;
  peer_text_ += channel.label.size() + channel.protocol.size();
  channel.peer_spoke = true;
  number(channel, stream);
  association_.send_always(channel.out, dcep_delivery(), kDataChannelAck);
  return opened(channel);
}

// GStreamer 1.22 sends OPEN twice for a channel that it creates while the association is being established. One ACK is
// already on its way.
bool Channels::repeats(sctp::StreamId stream, const DataChannelOpen& open) {
  auto* found = find(stream);
  if (found == nullptr) return false;
  const Channel& channel = *found;
  return channel.by_peer && !channel.closing && channel.label == open.label && channel.protocol == open.protocol &&
         channel.priority == open.priority &&
         channel.delivery == delivery_of(open.order, open.max_retransmits, open.max_lifetime_ms);
}

// A label may have 64 KiB, and there may be a thousand channels. Short texts always fit.
bool Channels::has_room_for_text(const DataChannelOpen& open) const {
  constexpr std::size_t kShort = 256;
  constexpr std::size_t kMaxOfAll = 512 * 1024;
  const std::size_t size = open.label.size() + open.protocol.size();
  return size <= kShort || peer_text_ + size <= kMaxOfAll;
}

// RFC 8832 section 6: answer with a reset of our direction of the stream instead of an ACK. On a stream in use this
// closes its channel.
void Channels::refuse_open(sctp::StreamId stream) {
  if (auto* found = find(stream)) return begin_close(*found, Errc::channel_closed_by_peer);
  // At most this many refusals wait for their reset; further ones of a flooding peer are not answered.
  constexpr std::size_t kMaxRefusals = 64;
  if (refused_ >= kMaxRefusals || stream.value == kReservedStream || ids_.in_use(stream)) return;
  ++refused_;
  Channel& channel = add({});
  channel.phase = Phase::refused;
  number(channel, stream);
  begin_close(channel, Errc::sctp_protocol_violation);
}

// Closing.

std::optional<Output> Channels::on_incoming_reset(const sctp::IncomingReset& reset) {
  if (!reset.stream) {
    reset_below_ = next_id_;
    return std::nullopt;
  }
  Channel* channel = find(*reset.stream);
  return channel != nullptr ? on_incoming_reset(*channel) : std::nullopt;
}

// RFC 6525 section 4.1: a request that names no stream applies to all of them, and RFC 8831 section 6.7 closes their
// channels.
std::optional<Output> Channels::next_of_all_reset() {
  while (reset_seen_ < reset_below_) {
    const auto at = channels_.lower_bound(ChannelId{reset_seen_});
    if (at == channels_.end() || at->first.value >= reset_below_) {
      reset_seen_ = reset_below_;
      break;
    }
    reset_seen_ = at->first.value + 1;
    if (!at->second.numbered) continue;
    if (auto output = on_incoming_reset(at->second)) return output;
  }
  return std::nullopt;
}

std::optional<Output> Channels::on_incoming_reset(Channel& channel) {
  channel.in_reset = true;
  const bool news = !channel.closing;
  begin_close(channel, Errc::channel_closed_by_peer);
  if (news) return ChannelClosing{channel.id};  // our own reset cannot be complete yet
  return finish_if_closed(channel);
}

std::optional<Output> Channels::on_outgoing_reset(const sctp::OutgoingReset& reset) {
  auto* found = find(reset.stream);
  if (found == nullptr) return std::nullopt;
  found->out_reset = true;
  if (reset.performed) return finish_if_closed(*found);
  // The peer continues counting where this channel ended, so the id cannot be reused. A peer that refuses repeatedly
  // would exhaust our ids.
  ids_.spoil(found->stream);
  if (ids_.spoiled() > config_.max_channels) association_.fail(Errc::sctp_protocol_violation);
  return finish(*found);
}

std::optional<Output> Channels::finish_if_closed(const Channel& channel) {
  if (!channel.out_reset || (!channel.in_reset && channel.phase != Phase::refused)) return std::nullopt;
  return finish(channel);
}

std::optional<Output> Channels::finish(const Channel& channel) {
  const bool refused = channel.phase == Phase::refused;
  if (channel.phase == Phase::open) ++statistics_.channels_closed;
  const ChannelClosed closed{channel.id, channel.reason};
  association_.forget_stream(channel.out);
  if (channel.numbered) ids_.release(channel.stream);
  if (channel.by_peer) peer_text_ -= channel.label.size() + channel.protocol.size();
  channels_.erase(closed.channel);
  if (!refused) return closed;
  --refused_;
  return std::nullopt;
}

}  // namespace redan::datachannel
