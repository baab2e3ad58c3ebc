// The data channels of one peer (RFC 8831) over one SCTP association. A machine: see base/machine.hpp.
//
// A channel uses a pair of streams with the same id. We choose ids by DTLS role (RFC 8832 section 6) and accept any id
// from the peer, because some stacks choose by ICE role. An id is reused only after both directions were reset.
#pragma once

#include <map>
#include <redan/channel.hpp>
#include <redan/error.hpp>
#include <redan/random.hpp>
#include <variant>
#include <vector>

#include "base/machine.hpp"
#include "rtc/datachannel/dcep.hpp"
#include "rtc/datachannel/stream_ids.hpp"
#include "rtc/sctp/association.hpp"

namespace redan::datachannel {

/// A packet was written at the start of the caller's buffer.
struct Transmit {
  MutableBytes packet;
};
/// The association is established.
struct Connected {};
/// The peer opened a channel, or acknowledged ours. The texts are valid until the next call on the object.
struct Opened {
  ChannelId channel;
  std::string_view label;
  ChannelParameters parameters;
};
/// The peer is closing the channel: nothing more can be sent. ChannelClosed follows when queued data has been sent.
struct ChannelClosing {
  ChannelId channel;
};
struct Received {
  ChannelId channel;
  MessageKind kind;
  Bytes payload;  ///< valid until the next call on the object
};
struct BufferedAmountLow {
  ChannelId channel;
};
struct ChannelClosed {
  ChannelId channel;
  Errc reason;  ///< closed_locally, channel_closed_by_peer, sctp_restarted, or why the association ended
};
/// The association has terminated; every open channel was closed before.
struct Closed {
  Errc reason;
};
using Output =
    std::variant<Wait, Transmit, Connected, Opened, Received, BufferedAmountLow, ChannelClosing, ChannelClosed, Closed>;

struct ChannelsConfig {
  std::size_t max_packet = 1163;                ///< SCTP packet, bytes: the datagram without DTLS
  std::size_t receive_window = 5U << 20U;       ///< allocated only as data arrives
  std::size_t send_buffer = 16U << 20U;         ///< queued over all channels before send() returns would_block
  std::size_t max_receive_message = 1U << 20U;  ///< our a=max-message-size
  std::size_t max_send_message = 65536;         ///< the peer's a=max-message-size (RFC 8841 section 6)
  std::uint16_t local_port = 5000;              ///< our a=sctp-port
  std::uint16_t remote_port = 5000;             ///< the peer's a=sctp-port
  std::uint32_t first_channel = 1;              ///< ids are never reused in a peer's lifetime
  std::size_t max_channels = 1024;              ///< further OPENs are refused
  bool accept_zero_checksum = false;            ///< RFC 9653; see sctp::AssociationConfig
  sctp::ControllerKind controller = sctp::ControllerKind::rfc9260;  ///< congestion control
};

enum class ChannelDrop : std::uint8_t {
  bad_dcep,        ///< does not parse, or is out of place
  bad_open,        ///< stream in use, or too many channels: refused with a stream reset
  repeated_open,   ///< for a channel that the peer has opened already
  unknown_stream,  ///< user data on a stream without a channel
  unknown_ppid,
  count_,
};

/// Sums over all channels, as in RTCDataChannelStats and RTCPeerConnectionStats of webrtc-stats.
struct ChannelsStatistics {
  std::uint64_t channels_opened = 0, channels_closed = 0;
  std::uint64_t messages_sent = 0, messages_received = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;  ///< of payload
  std::uint64_t chunks_retransmitted = 0;            ///< by SCTP

  ChannelsStatistics& operator+=(const ChannelsStatistics& other) {
    channels_opened += other.channels_opened;
    channels_closed += other.channels_closed;
    messages_sent += other.messages_sent;
    messages_received += other.messages_received;
    bytes_sent += other.bytes_sent;
    bytes_received += other.bytes_received;
    chunks_retransmitted += other.chunks_retransmitted;
    return *this;
  }
};

class Channels {
 public:
  using Output = datachannel::Output;

  Channels(const ChannelsConfig& config, RandomSource& random);

  /// DTLS is connected. Earlier input is dropped.
  void start(TimePoint now, StreamParity ours);
  /// If the peer restarts its association, all channels close within this call.
  void handle_input(TimePoint now, MutableBytes packet);
  /// `buffer` holds at least max_packet bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// May be called before start(); send() may follow immediately. Opened follows when the peer has acknowledged.
  Result<ChannelId> open(std::string_view label, const ChannelOptions& options);
  Result<void> send(ChannelId channel, MessageKind kind, Bytes payload);
  /// Bytes accepted by send() and not yet transmitted.
  [[nodiscard]] Result<std::size_t> buffered_amount(ChannelId channel) const;
  Result<void> set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes);
  /// Queued data is sent first. ChannelClosed follows when both directions are reset.
  Result<void> close(ChannelId channel);
  /// Sends ABORT "user initiated"; ChannelClosed for each channel and Closed follow.
  void abort();
  /// See Association::set_memory_limit().
  void set_memory_limit(std::size_t bytes) { association_.set_memory_limit(bytes); }
  /// The peer's a=max-message-size; 0: any size.
  void set_max_send_message(std::size_t bytes) { config_.max_send_message = bytes; }
  [[nodiscard]] std::size_t max_send_message() const { return config_.max_send_message; }
  /// The peer's a=sctp-port; before start().
  void set_remote_port(std::uint16_t port) { association_.set_remote_port(port); }

  [[nodiscard]] const Counters<ChannelDrop>& drops() const { return drops_; }
  [[nodiscard]] const Counters<sctp::Drop>& sctp_drops() const { return association_.drops(); }
  [[nodiscard]] ChannelsStatistics statistics() const {
    ChannelsStatistics statistics = statistics_;
    statistics.chunks_retransmitted = association_.retransmissions();
    return statistics;
  }
  [[nodiscard]] const sctp::Association& association() const { return association_; }
  /// The value of the next ChannelId.
  [[nodiscard]] std::uint32_t next_channel() const { return next_id_; }
  [[nodiscard]] std::size_t open_channels() const { return channels_.size(); }

 private:
  enum class Phase : std::uint8_t { opening, open, refused };
  struct Channel {
    ChannelId id;
    sctp::OutgoingStream out;
    sctp::StreamId stream;
    bool numbered = false;  // has a stream id
    bool negotiated = false;
    bool closing = false;     // our reset is requested
    Errc reason{};            // its reason
    bool out_reset = false;   // our reset is complete
    bool in_reset = false;    // the peer's reset is complete
    bool peer_spoke = false;  // the peer has sent something, so unordered sending is allowed (RFC 8832 section 6)
    bool by_peer = false;
    Phase phase = Phase::opening;
    std::uint16_t priority = 0;
    sctp::Delivery delivery;
    std::string label;
    std::string protocol;
  };

  [[nodiscard]] const Channel* find(ChannelId id) const;
  [[nodiscard]] Channel* find(ChannelId id) { return const_cast<Channel*>(std::as_const(*this).find(id)); }
  [[nodiscard]] Channel* find(sctp::StreamId stream);
  [[nodiscard]] Channel* find(sctp::OutgoingStream out);
  void number(Channel& channel, sctp::StreamId stream);
  Channel& add(const ChannelOptions& options);
  void send_open(const Channel& channel);

  std::optional<Output> translate(const sctp::Association::Output& output);
  std::optional<Output> on_message(const sctp::ReceivedMessage& message);
  std::optional<Output> on_user_data(const Channel& channel, const sctp::ReceivedMessage& message);
  Received received(const Channel& channel, MessageKind kind, Bytes payload);
  void hold_back(ChannelId channel, const sctp::ReceivedMessage& message);
  std::optional<Output> on_dcep(sctp::StreamId stream, Bytes message);
  std::optional<Output> on_open(sctp::StreamId stream, Bytes message);
  [[nodiscard]] bool repeats(sctp::StreamId stream, const DataChannelOpen& open);
  [[nodiscard]] bool has_room_for_text(const DataChannelOpen& open) const;
  std::optional<Output> opened(Channel& channel);
  void refuse_open(sctp::StreamId stream);
  std::optional<Output> on_incoming_reset(const sctp::IncomingReset& reset);
  std::optional<Output> on_incoming_reset(Channel& channel);
  std::optional<Output> next_of_all_reset();
  std::optional<Output> on_outgoing_reset(const sctp::OutgoingReset& reset);
  void begin_close(Channel& channel, Errc reason);
  void close_all(Errc reason);
  std::optional<Output> finish_if_closed(const Channel& channel);
  std::optional<Output> finish(const Channel& channel);
  std::optional<Output> next_announcement();
  std::optional<Output> next_held();

  ChannelsConfig config_;
  sctp::Association association_;
  Counters<ChannelDrop> drops_;
  ChannelsStatistics statistics_;
  StreamParity ours_ = StreamParity::even;
  bool started_ = false;
  std::uint32_t next_id_;
  std::map<ChannelId, Channel> channels_;
  StreamIds ids_;
  sctp::Ring<ChannelId> to_announce_;  // negotiated channels that may need an Opened event
  // The peer resets all its streams: channels before reset_seen_ have been processed, those before reset_below_ are
  // due. Ids only grow, so each channel is processed once, however often the peer resets.
  std::uint32_t reset_seen_ = 0;
  std::uint32_t reset_below_ = 0;
  std::size_t refused_ = 0;          // channels that only wait for the reset of a refusal
  std::size_t peer_text_ = 0;        // bytes of labels and protocols of the peer's channels
  sctp::Ring<ChannelClosed> ended_;  // channels that are gone and not yet reported
  std::uint32_t restarts_ = 0;       // of the association, as far as they were processed
  bool up_ = false;
  std::optional<Errc> closed_;
  bool closed_reported_ = false;
  // A message that arrived before the ACK of its channel, kept while Opened is reported.
  struct Held {
    ChannelId channel;
    sctp::Ppid ppid;
    std::vector<std::uint8_t> payload;
    bool shown = false;
  };
  std::optional<Held> held_;
  std::string label_;  // of the last Opened
  std::string protocol_;
};

}  // namespace redan::datachannel
