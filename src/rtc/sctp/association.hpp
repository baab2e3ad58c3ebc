// One SCTP association over DTLS (RFC 9260, RFC 8261) with partial reliability (RFC 3758, RFC 7496) and stream reset
// (RFC 6525). A machine: see base/machine.hpp.
//
// It composes parts that own their state: it hands each chunk to the part that understands it, and puts packets
// together by asking the parts in order.
#pragma once

#include <redan/error.hpp>
#include <redan/random.hpp>
#include <variant>

#include "base/machine.hpp"
#include "rtc/sctp/control/graceful_shutdown.hpp"
#include "rtc/sctp/control/path_heartbeat.hpp"
#include "rtc/sctp/control/replies.hpp"
#include "rtc/sctp/control/setup.hpp"
#include "rtc/sctp/control/stream_reset.hpp"
#include "rtc/sctp/control/termination.hpp"
#include "rtc/sctp/idle_timer.hpp"
#include "rtc/sctp/rx/receiver.hpp"
#include "rtc/sctp/tx/sender.hpp"

namespace redan::sctp {

struct AssociationConfig {
  std::size_t max_packet = 1163;                ///< SCTP packet, bytes: what fits into one DTLS record of one datagram
  std::size_t receive_window = 5U << 20U;       ///< raised to hold the largest message
  std::size_t send_buffer = 16U << 20U;         ///< of messages not yet sent; as much again may be in flight
  std::size_t max_receive_message = 1U << 20U;  ///< a larger one ends the association
  std::uint16_t local_port = 5000;
  std::uint16_t remote_port = 5000;
  unsigned max_init_retransmits = 40;  ///< about two minutes with the timeout's cap: ICE consent decides earlier
  /// Timeouts in a row before the peer counts as lost (RFC 9260 section 8.1). With the timeout's cap of 3 s these are
  /// 36 to 40 s: a path that is gone for 30 s, after which ICE consent decides, is survived.
  unsigned max_retransmits = 15;
  Duration heartbeat_interval = std::chrono::seconds(30);  ///< of silence
  /// RFC 9653: announces that the peer need not compute checksums. Older stacks drop an INIT with that announcement. A
  /// peer that announces it in its own INIT understands it, and always gets it.
  bool accept_zero_checksum = false;
  ControllerKind controller = ControllerKind::rfc9260;
};

/// A packet was written at the start of the caller's buffer.
struct Transmit {
  MutableBytes packet;
};
struct Established {};
struct BufferLow {
  OutgoingStream stream;
};
/// The end.
struct Terminated {
  Errc reason;
};

class Association {
 public:
  using Output =
      std::variant<Wait, Transmit, Established, ReceivedMessage, BufferLow, OutgoingReset, IncomingReset, Terminated>;

  Association(const AssociationConfig& config, RandomSource& random);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  /// The port in the peer's description; before connect().
  void set_remote_port(std::uint16_t port) { config_.remote_port = port; }
  /// Sends INIT.
  void connect() { setup_.connect(random_); }
  /// May see the peer restart: look at restarts().
  void handle_input(TimePoint now, MutableBytes packet);
  /// `buffer` holds at least max_packet bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// Streams may be opened and filled before the association is up, even before they have an id.
  OutgoingStream open_stream() { return sender_.streams().open(); }
  void assign_stream(OutgoingStream stream, StreamId id) { sender_.streams().assign(stream, id); }
  /// Nothing if it has none, or the name is stale.
  [[nodiscard]] std::optional<StreamId> stream_id(OutgoingStream stream) const { return sender_.streams().id(stream); }
  /// `payload` is not empty and at most kMaxMessageSize. would_block: the send buffer is full. invalid_argument: no
  /// such stream, or no such size.
  Result<void> send(OutgoingStream stream, const Delivery& delivery, Bytes payload);
  /// For the few messages that the layer above cannot do without: not bounded by the send buffer.
  void send_always(OutgoingStream stream, const Delivery& delivery, Bytes payload);
  [[nodiscard]] std::size_t buffered(OutgoingStream stream) const { return sender_.streams().buffered(stream); }
  void set_low_threshold(OutgoingStream stream, std::size_t bytes) {
    sender_.streams().set_low_threshold(stream, bytes);
  }
  /// After what is queued was sent, asks the peer to reset the stream; OutgoingReset follows. The slot stays until
  /// forget_stream().
  void reset_stream(OutgoingStream stream) { sender_.streams().watch_drain(stream); }
  void forget_stream(OutgoingStream stream) { sender_.streams().close(stream); }

  /// Memory is short: until kNoMemoryLimit comes, at most `bytes` are kept ahead of a hole, and as many for a message
  /// that is not complete. What does not fit is dropped, so the peer sends it again (RFC 9260 section 6.2). A peer that
  /// stays at its limit for kMemoryGrace ends with too_many, which frees what it holds.
  void set_memory_limit(std::size_t bytes) { receiver_.set_memory_limit(bytes); }
  static constexpr std::size_t kNoMemoryLimit = Reassembly::kNoLimit;
  static constexpr Duration kMemoryGrace = Receiver::kMemoryGrace;

  /// Ends in order: what is queued is sent first.
  void shutdown();
  /// Sends ABORT, then Terminated.
  void abort() { abort_with(Errc::closed_locally, CauseCode::user_initiated_abort); }
  /// Ends because the user of the association saw the peer break a rule.
  void fail(Errc reason) { abort_with(reason, CauseCode::protocol_violation); }

  /// How often the peer restarted (RFC 9260 section 5.2.4.1). Each time all streams are gone before handle_input()
  /// returns: their names are stale, and what they had to report or deliver is forgotten.
  [[nodiscard]] std::uint32_t restarts() const { return restarts_; }
  /// Up, and not being shut down.
  [[nodiscard]] bool established() const { return running() && setup_.established() && shutdown_.is_open(); }
  [[nodiscard]] bool ended() const { return !running(); }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] std::size_t cwnd() const { return sender_.cwnd(); }
  [[nodiscard]] std::size_t receive_memory() const { return receiver_.memory(); }
  [[nodiscard]] std::uint64_t retransmissions() const { return sender_.retransmissions(); }

 private:
  /// A packet while its chunks are read.
  struct Input {
    TimePoint now;
    const Packet& packet;
    bool sack_seen = false;
  };

  [[nodiscard]] bool running() const { return !termination_.begun(); }
  [[nodiscard]] bool may_send_messages() const { return running() && shutdown_.is_open(); }
  void abort_with(Errc reason, CauseCode cause);

  void establish(TimePoint now);
  void restart(TimePoint now);

  bool on_chunk(Input& input, const Chunk& chunk);
  bool on_setup_chunk(Input& input, const Chunk& chunk);
  bool on_cookie_echo(const Input& input, const Chunk& chunk);
  void on_established_chunk(Input& input, const Chunk& chunk);
  bool on_unknown_chunk(const Chunk& chunk);
  void on_received(std::optional<CauseCode> violation);
  void on_sack(Input& input, const Chunk& chunk);
  void on_heartbeat(const Chunk& chunk);
  void on_heartbeat_ack(TimePoint now, const Chunk& chunk);
  void on_shutdown(TimePoint now, const Chunk& chunk);

  std::optional<Output> next_event();
  Output poll_end(MutableBytes buffer);
  void run_timers(TimePoint now);
  void progress_shutdown(TimePoint now);
  [[nodiscard]] TimePoint deadline() const;
  MutableBytes next_packet(TimePoint now, MutableBytes buffer);
  void write_control(TimePoint now, Writer& chunks);
  void write_data(TimePoint now, PacketWriter& packet);
  [[nodiscard]] CommonHeader header(VerificationTag tag) const;
  void trim();

  AssociationConfig config_;
  RandomSource& random_;
  Counters<Drop> drops_;
  ErrorCounter errors_;
  Termination termination_;
  Setup setup_;
  Sender sender_;
  Receiver receiver_;
  StreamReset reset_;
  GracefulShutdown shutdown_;
  PathHeartbeat heartbeat_;
  Replies replies_;
  IdleTimer idle_;
  bool established_to_report_ = false;
  std::uint32_t restarts_ = 0;
};

}  // namespace redan::sctp
