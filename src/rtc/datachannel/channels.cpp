#include "rtc/datachannel/channels.hpp"

#include <algorithm>

namespace redan::datachannel {
namespace {

constexpr std::size_t kMaxText = 65535;           // RFC 8832 section 5.1
constexpr std::uint16_t kReservedStream = 65535;  // RFC 8832 section 6
// What stands for an empty message, which SCTP cannot carry (RFC 8831 section 6.6).
constexpr std::array<std::uint8_t, 1> kEmptyMessage{0};

sctp::AssociationConfig association_config(const ChannelsConfig& config) {
  sctp::AssociationConfig result;
  result.max_packet = config.max_packet;
  result.receive_window = config.receive_window;
  result.send_buffer = config.send_buffer;
  // Room for the largest OPEN beside the largest message.
  result.max_receive_message = std::max(config.max_receive_message, DataChannelOpen::kFixedSize + 2 * kMaxText);
  result.local_port = config.local_port;
  result.remote_port = config.remote_port;
  result.accept_zero_checksum = config.accept_zero_checksum;
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

StreamParity parity_of(sctp::StreamId stream) { return stream.value % 2 == 0 ? StreamParity::even : StreamParity::odd; }

std::optional<std::uint32_t> limit_of(std::uint32_t value) {
  return value == sctp::Delivery::kUnlimited ? std::nullopt : std::optional(value);
}

}  // namespace

Channels::Channels(const ChannelsConfig& config, RandomSource& random)
    : config_(config), association_(association_config(config), random), next_id_(config.first_channel) {}

// ---- commands
// -----------------------------------------------------------------------------------------------------------

void Channels::start(TimePoint, StreamParity ours) {
  if (started_) return;
  started_ = true;
  ours_ = ours;
  for (Channel& channel : channels_) {
    if (channel.numbered) continue;
    if (const auto stream = free_id(ours)) number(channel, *stream);
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
  channels_.push_back(std::move(channel));
  return channels_.back();
}

void Channels::number(Channel& channel, sctp::StreamId stream) {
  channel.stream = stream;
  channel.numbered = true;
  const auto entry = std::pair(stream, channel.id);
  streams_.insert(std::lower_bound(streams_.begin(), streams_.end(), entry), entry);
  association_.assign_stream(channel.out, stream);
}

std::optional<sctp::StreamId> Channels::free_id(StreamParity parity) const {
  std::uint32_t candidate = parity == StreamParity::even ? 0 : 1;
  for (const auto& [stream, id] : streams_) {
    if (parity_of(stream) != parity) continue;
    if (stream.value != candidate) break;
    candidate += 2;
  }
  if (candidate >= kReservedStream) return std::nullopt;
  return sctp::StreamId(static_cast<std::uint16_t>(candidate));
}

Result<ChannelId> Channels::open(std::string_view label, const ChannelOptions& options) {
  if (closed_ || association_.ended()) return refuse(Errc::not_connected);
  if (label.size() > kMaxText || options.protocol.size() > kMaxText) return refuse(Errc::channel_label_too_long);
  if (options.max_retransmits && options.max_lifetime_ms) return refuse(Errc::invalid_argument);
  if (channels_.size() + ended_.size() >= config_.max_channels) return refuse(Errc::too_many);
  std::optional<sctp::StreamId> stream;
  if (options.negotiated) {
    stream = sctp::StreamId(*options.negotiated);
    if (stream->value == kReservedStream || in_use(*stream)) return refuse(Errc::invalid_argument);
  } else if (started_) {
    stream = free_id(ours_);
    if (!stream) return refuse(Errc::channel_no_free_id);
  }
  Channel& channel = add(options);
  channel.negotiated = options.negotiated.has_value();
  channel.label = label;
  if (stream) number(channel, *stream);
  if (channel.negotiated) {
    channel.peer_spoke = true;
    ++announce_negotiated_;
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
  const auto index = find(id);
  if (!index) return refuse(Errc::channel_unknown);
  const Channel& channel = channels_[*index];
  if (channel.closing || channel.in_reset) return refuse(Errc::channel_closing);
  // RFC 8841 section 6: 0 means any size.
  const std::size_t limit = config_.max_send_message != 0 ? config_.max_send_message : sctp::kMaxMessageSize;
  if (payload.size() > std::min(limit, sctp::kMaxMessageSize)) return refuse(Errc::channel_message_too_large);
  sctp::Delivery delivery = channel.delivery;
  delivery.ppid = ppid_of(kind, payload.empty());
  if (!channel.peer_spoke) delivery.ordering = sctp::Ordering::ordered;
  return association_.send(channel.out, delivery, payload.empty() ? Bytes(kEmptyMessage) : payload);
}

Result<std::size_t> Channels::buffered_amount(ChannelId id) const {
  const auto index = find(id);
  if (!index) return refuse(Errc::channel_unknown);
  return association_.buffered(channels_[*index].out);
}

Result<void> Channels::set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes) {
  const auto index = find(id);
  if (!index) return refuse(Errc::channel_unknown);
  association_.set_low_threshold(channels_[*index].out, bytes);
  return {};
}

Result<void> Channels::close(ChannelId id) {
  const auto index = find(id);
  if (!index) return refuse(Errc::channel_unknown);
  if (channels_[*index].closing) return refuse(Errc::channel_closing);
  begin_close(channels_[*index], Errc::closed_locally);
  return {};
}

void Channels::begin_close(Channel& channel, Errc reason) {
  if (channel.closing) return;
  channel.closing = true;
  channel.reason = reason;
  association_.reset_stream(channel.out);
}

void Channels::close_all(Errc reason) {
  for (const Channel& channel : channels_) {
    if (channel.phase != Phase::refused) ended_.push_back({channel.id, reason});
  }
  channels_.clear();
  streams_.clear();
  announce_negotiated_ = refused_ = spoiled_ = 0;
  held_.reset();
}

void Channels::abort() {
  if (started_) return association_.abort();
  close_all(Errc::closed_locally);
  closed_ = Errc::closed_locally;
}

// ---- lookups
// ------------------------------------------------------------------------------------------------------------

std::optional<Channels::Index> Channels::find(ChannelId id) const {
  const auto at = std::lower_bound(channels_.begin(), channels_.end(), id,
                                   [](const Channel& channel, ChannelId wanted) { return channel.id < wanted; });
  if (at == channels_.end() || at->id != id) return std::nullopt;
  return static_cast<Index>(at - channels_.begin());
}

std::optional<Channels::Index> Channels::find(sctp::StreamId stream) const {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream,
                                   [](const auto& entry, sctp::StreamId wanted) { return entry.first < wanted; });
  if (at == streams_.end() || at->first != stream) return std::nullopt;
  return find(at->second);
}

bool Channels::in_use(sctp::StreamId stream) const {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream,
                                   [](const auto& entry, sctp::StreamId wanted) { return entry.first < wanted; });
  return at != streams_.end() && at->first == stream;
}

std::optional<Channels::Index> Channels::find(sctp::OutgoingStream out) const {
  for (Index i = 0; i < channels_.size(); ++i) {
    if (channels_[i].out == out) return i;
  }
  return std::nullopt;
}

// ---- the machine
// --------------------------------------------------------------------------------------------------------

void Channels::handle_input(TimePoint now, MutableBytes packet) {
  if (!started_) return;
  association_.handle_input(now, packet);
  if (association_.restarts() == restarts_) return;
  // The streams are gone, so the channels are: nothing may be sent on them from now on.
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
    if (auto announcement = next_announcement()) return *announcement;
    auto output = association_.poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) return *wait;
    if (const auto* transmit = std::get_if<sctp::Transmit>(&output)) return Transmit{transmit->packet};
    if (auto translated = translate(output)) return *translated;
  }
}

// A negotiated channel is open as soon as the association is.
std::optional<Output> Channels::next_announcement() {
  if (!up_ || announce_negotiated_ == 0) return std::nullopt;
  for (Channel& channel : channels_) {
    if (!channel.negotiated || channel.phase != Phase::opening) continue;
    --announce_negotiated_;
    return opened(channel);
  }
  announce_negotiated_ = 0;
  return std::nullopt;
}

std::optional<Output> Channels::opened(Channel& channel) {
  channel.phase = Phase::open;
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
    const auto index = find(low->stream);
    if (!index || channels_[*index].closing || channels_[*index].phase == Phase::refused) return std::nullopt;
    return BufferedAmountLow{channels_[*index].id};
  }
  if (const auto* reset = std::get_if<sctp::IncomingReset>(&output)) return on_incoming_reset(reset->stream);
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

// ---- what the peer says
// -------------------------------------------------------------------------------------------------

std::optional<Output> Channels::on_message(const sctp::ReceivedMessage& message) {
  if (message.ppid == ppid::kDcep) return on_dcep(message.stream, message.payload);
  const auto index = find(message.stream);
  if (!index || channels_[*index].phase == Phase::refused) {
    drops_.add(ChannelDrop::unknown_stream);
    return std::nullopt;
  }
  Channel& channel = channels_[*index];
  channel.peer_spoke = true;
  if (channel.phase == Phase::opening && !channel.closing) {
    // The peer has our OPEN, or it could not speak on the channel; its ACK may be late or in a shape of its own.
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
  const auto index = find(held_->channel);
  if (!index || held_->shown) {
    held_.reset();
    return std::nullopt;
  }
  held_->shown = true;
  return on_user_data(channels_[*index], {channels_[*index].stream, held_->ppid, held_->payload});
}

std::optional<Output> Channels::on_user_data(const Channel& channel, const sctp::ReceivedMessage& message) {
  if (message.ppid == ppid::kString || message.ppid == ppid::kStringPartial) {
    return Received{channel.id, MessageKind::text, message.payload};
  }
  if (message.ppid == ppid::kBinary || message.ppid == ppid::kBinaryPartial) {
    return Received{channel.id, MessageKind::binary, message.payload};
  }
  if (message.ppid == ppid::kStringEmpty) return Received{channel.id, MessageKind::text, {}};
  if (message.ppid == ppid::kBinaryEmpty) return Received{channel.id, MessageKind::binary, {}};
  drops_.add(ChannelDrop::unknown_ppid);
  return std::nullopt;
}

std::optional<Output> Channels::on_dcep(sctp::StreamId stream, Bytes message) {
  if (message.front() == static_cast<std::uint8_t>(DcepType::data_channel_open)) return on_open(stream, message);
  const auto index = find(stream);
  // Some stacks send more than the one byte.
  const bool ack = message.front() == static_cast<std::uint8_t>(DcepType::data_channel_ack);
  if (!ack || !index || channels_[*index].by_peer || channels_[*index].negotiated) {
    drops_.add(ChannelDrop::bad_dcep);
    return std::nullopt;
  }
  Channel& channel = channels_[*index];
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
  // Two OPENs that cross on one id end both (RFC 8832 section 6): each side's reset closes the other's channel.
  const bool usable = stream.value != kReservedStream && !in_use(stream);
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
  channel.peer_spoke = true;
  number(channel, stream);
  association_.send_always(channel.out, dcep_delivery(), kDataChannelAck);
  return opened(channel);
}

// GStreamer 1.22 says OPEN twice for a channel that it makes while the association comes up. One ACK is on its way.
bool Channels::repeats(sctp::StreamId stream, const DataChannelOpen& open) const {
  const auto index = find(stream);
  if (!index) return false;
  const Channel& channel = channels_[*index];
  return channel.by_peer && !channel.closing && channel.label == open.label && channel.protocol == open.protocol &&
         channel.priority == open.priority &&
         channel.delivery == delivery_of(open.order, open.max_retransmits, open.max_lifetime_ms);
}

// A label may have 64 KiB, and there may be a thousand channels. Short texts fit whatever their number.
bool Channels::has_room_for_text(const DataChannelOpen& open) const {
  constexpr std::size_t kShort = 256;
  constexpr std::size_t kMaxOfAll = 512 * 1024;
  std::size_t sum = open.label.size() + open.protocol.size();
  if (sum <= kShort) return true;
  for (const Channel& channel : channels_) sum += channel.by_peer ? channel.label.size() + channel.protocol.size() : 0;
  return sum <= kMaxOfAll;
}

// RFC 8832 section 6: no ACK but a reset of our direction of the stream. On a stream in use that closes its channel.
void Channels::refuse_open(sctp::StreamId stream) {
  if (const auto index = find(stream)) return begin_close(channels_[*index], Errc::channel_closed_by_peer);
  // At most so many refusals wait for their reset; a peer that floods is not answered beyond that.
  constexpr std::size_t kMaxRefusals = 64;
  if (refused_ >= kMaxRefusals || stream.value == kReservedStream || in_use(stream)) return;
  ++refused_;
  Channel& channel = add({});
  channel.phase = Phase::refused;
  number(channel, stream);
  begin_close(channel, Errc::sctp_protocol_violation);
}

// ---- closing
// ------------------------------------------------------------------------------------------------------------

std::optional<Output> Channels::on_incoming_reset(sctp::StreamId stream) {
  const auto index = find(stream);
  if (!index) return std::nullopt;
  Channel& channel = channels_[*index];
  channel.in_reset = true;
  const bool news = !channel.closing;
  begin_close(channel, Errc::channel_closed_by_peer);
  if (news) return ChannelClosing{channel.id};  // our own reset cannot be through yet
  return finish_if_closed(*index);
}

std::optional<Output> Channels::on_outgoing_reset(const sctp::OutgoingReset& reset) {
  const auto index = find(reset.stream);
  if (!index) return std::nullopt;
  channels_[*index].out_reset = true;
  if (reset.performed) return finish_if_closed(*index);
  // The peer goes on counting where this channel ended, so its id is spoiled. A peer that refuses again and again would
  // leave us without ids.
  for (auto& [stream, channel] : streams_) {
    if (channel == channels_[*index].id) channel = ChannelId{};
  }
  if (++spoiled_ > config_.max_channels) association_.fail(Errc::sctp_protocol_violation);
  return finish(*index);
}

std::optional<Output> Channels::finish_if_closed(Index index) {
  const Channel& channel = channels_[index];
  if (!channel.out_reset || (!channel.in_reset && channel.phase != Phase::refused)) return std::nullopt;
  return finish(index);
}

std::optional<Output> Channels::finish(Index index) {
  const Channel& channel = channels_[index];
  const bool refused = channel.phase == Phase::refused;
  const ChannelClosed closed{channel.id, channel.reason};
  association_.forget_stream(channel.out);
  std::erase_if(streams_, [&](const auto& entry) { return entry.second == channel.id; });
  channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(index));
  if (!refused) return closed;
  --refused_;
  return std::nullopt;
}

}  // namespace redan::datachannel
