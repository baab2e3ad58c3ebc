// One SCTP association over DTLS (RFC 9260, RFC 8261) with partial reliability (RFC 3758, RFC 7496) and stream reset
// (RFC 6525). A machine: see base/machine.hpp. Either side may connect, or both at once (RFC 8841 section 9.3).
//
// No heap is used before a valid COOKIE ECHO, and little while nothing is queued or in flight.
#pragma once

#include <redan/error.hpp>
#include <redan/random.hpp>
#include <variant>

#include "base/machine.hpp"
#include "base/timers.hpp"
#include "rtc/sctp/packet/control.hpp"
#include "rtc/sctp/packet/init.hpp"
#include "rtc/sctp/packet/packet.hpp"
#include "rtc/sctp/packet/re_config.hpp"
#include "rtc/sctp/rx/reassembly.hpp"
#include "rtc/sctp/rx/tsn_tracker.hpp"
#include "rtc/sctp/tx/congestion.hpp"
#include "rtc/sctp/tx/outstanding.hpp"
#include "rtc/sctp/tx/rto.hpp"

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
  /// RFC 9653: tells the peer that it need not compute checksums. Older stacks drop an INIT that says so. A peer that
  /// says it in its own INIT understands it, and is told in any case.
  bool accept_zero_checksum = false;
};

// ---- what comes out
// -----------------------------------------------------------------------------------------------------

/// A packet was written at the start of the caller's buffer.
struct Transmit {
  MutableBytes packet;
};
struct Established {};
struct BufferLow {
  OutgoingStream stream;
};
/// Our reset of an outgoing stream was answered. Performed: its id is free in this direction. Otherwise the peer
/// refused it, or cannot reset streams at all, and the id must not be used again.
struct OutgoingReset {
  OutgoingStream stream;
  bool performed = false;
};
/// The peer will number this stream from 0 again. All messages before it have come out.
struct IncomingReset {
  std::optional<StreamId> stream;  ///< absent: all of its streams (RFC 6525 section 4.1)
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

  /// What the peer's description says; before connect().
  void set_remote_port(std::uint16_t port) { config_.remote_port = port; }
  /// Sends INIT.
  void connect();
  /// May see the peer restart: look at restarts().
  void handle_input(TimePoint now, MutableBytes packet);
  /// `buffer` holds at least max_packet bytes.
  Output poll_output(TimePoint now, MutableBytes buffer);

  /// Streams may be opened and filled before the association is up, even before they have an id.
  OutgoingStream open_stream() { return queue_.open(); }
  void assign_stream(OutgoingStream stream, StreamId id) { queue_.assign(stream, id); }
  /// Nothing if it has none, or the name is stale.
  [[nodiscard]] std::optional<StreamId> stream_id(OutgoingStream stream) const { return queue_.id(stream); }
  /// `payload` is not empty and at most kMaxMessageSize. would_block: the send buffer is full. invalid_argument: no
  /// such stream, or no such size.
  Result<void> send(OutgoingStream stream, const Delivery& delivery, Bytes payload);
  /// For the few messages that the layer above cannot do without: not bounded by the send buffer.
  void send_always(OutgoingStream stream, const Delivery& delivery, Bytes payload);
  [[nodiscard]] std::size_t buffered(OutgoingStream stream) const { return queue_.buffered(stream); }
  void set_low_threshold(OutgoingStream stream, std::size_t bytes) { queue_.set_low_threshold(stream, bytes); }
  /// After what is queued was sent, asks the peer to reset the stream; OutgoingReset follows. The slot stays until
  /// forget_stream().
  void reset_stream(OutgoingStream stream);
  void forget_stream(OutgoingStream stream);

  /// Memory is short: until kNoMemoryLimit comes, at most `bytes` are kept ahead of a hole, and as many for a message
  /// that is not complete. What does not fit is dropped, so the peer sends it again (RFC 9260 section 6.2). A peer that
  /// stays at its limit for kMemoryGrace ends with too_many, which frees what it holds.
  void set_memory_limit(std::size_t bytes) { reassembly_.set_limit(bytes); }
  static constexpr std::size_t kNoMemoryLimit = Reassembly::kNoLimit;
  static constexpr Duration kMemoryGrace = std::chrono::seconds(5);

  /// Ends in order: what is queued is sent first.
  void shutdown();
  /// Sends ABORT, then Terminated.
  void abort();
  /// Ends because the user of the association saw the peer break a rule.
  void fail(Errc reason);

  /// How often the peer restarted (RFC 9260 section 5.2.4.1). Each time all streams are gone before handle_input()
  /// returns: their names are stale, and what they had to report or deliver is forgotten.
  [[nodiscard]] std::uint32_t restarts() const { return restarts_; }
  [[nodiscard]] bool established() const { return state_ == State::established; }
  [[nodiscard]] bool ended() const { return state_ == State::ended; }
  [[nodiscard]] const Counters<Drop>& drops() const { return drops_; }
  [[nodiscard]] std::size_t cwnd() const { return congestion_.cwnd(); }
  [[nodiscard]] std::size_t receive_memory() const { return reassembly_.held(); }
  [[nodiscard]] std::uint64_t retransmissions() const { return retransmissions_; }

 private:
  enum class State : std::uint8_t {
    closed,
    cookie_wait,
    cookie_echoed,
    established,
    shutdown_pending,
    shutdown_sent,
    shutdown_received,
    shutdown_ack_sent,
    ended,
  };
  enum class Timer : std::uint8_t {
    setup,
    retransmit,
    resend,
    forward_tsn,
    sack,
    heartbeat,
    re_config,
    shutdown,
    trim,
    memory,
    count_
  };
  static constexpr std::size_t kCookieSize = 32;
  static constexpr std::size_t kMaxResetStreams = 128;
  static constexpr std::size_t kMaxResetEvents = 1024;
  static constexpr std::size_t kMaxReportedChunk = 512;

  /// What an INIT ACK of ours promised. The cookie names it: 32 random bytes, made for one INIT and compared in full,
  /// so it cannot be forged and carries nothing.
  struct Offer {
    bool valid = false;
    VerificationTag local_tag;
    Tsn local_tsn;
    Init peer;
    TimePoint made;
    std::array<std::uint8_t, kCookieSize> cookie{};
    std::array<std::uint8_t, 64> unrecognized{};
    std::size_t unrecognized_size = 0;
  };
  /// Control chunks that wait to be written.
  struct Pending {
    bool init = false, init_ack = false, cookie_echo = false, cookie_ack = false;
    bool heartbeat = false, abort = false;
    bool shutdown = false, shutdown_ack = false, shutdown_complete = false;
    bool re_config = false, re_config_response = false, forward_tsn = false;
  };
  enum class SackNeed : std::uint8_t { none, delayed, now };
  struct Ending {
    Errc reason;
    CauseCode cause;
  };

  // setup.cpp
  void on_init(TimePoint now, const Packet& packet, const Chunk& chunk);
  void on_init_ack(const Chunk& chunk);
  void on_cookie_echo(TimePoint now, const Packet& packet, const Chunk& chunk);
  void on_cookie_ack(TimePoint now);
  void adopt(const Init& peer);
  void establish(TimePoint now);
  void restart(TimePoint now);
  void on_setup_timer(TimePoint now);
  MutableBytes write_setup(TimePoint now, MutableBytes buffer);

  // receive.cpp
  bool tag_is_valid(const Packet& packet, const Chunk& first) const;
  bool on_chunk(TimePoint now, const Packet& packet, const Chunk& chunk);
  bool on_unknown_chunk(const Chunk& chunk);
  void on_data(TimePoint now, const Chunk& chunk);
  void accept_data(const Data& data);
  void on_sack(TimePoint now, const Sack& sack);
  void on_reneging(TimePoint now);
  void on_forward_tsn(const Chunk& chunk);
  void on_heartbeat(const Chunk& chunk);
  void on_heartbeat_ack(TimePoint now, const Chunk& chunk);
  void on_abort(const Packet& packet, const Chunk& chunk);
  template <class Write>
  void echo(Write&& write);
  [[nodiscard]] bool accepts_zero_checksum() const;
  void on_sign_of_life() { timeouts_ = 0; }
  void count_timeout();
  void after_cumulative_advance(Reassembly::Verdict verdict);

  // transmit.cpp
  MutableBytes next_packet(TimePoint now, MutableBytes buffer);
  void write_control(TimePoint now, PacketWriter& packet);
  void write_sack(PacketWriter& packet);
  void write_forward_tsn(TimePoint now, PacketWriter& packet);
  bool write_lost(TimePoint now, PacketWriter& packet);
  bool write_new(TimePoint now, PacketWriter& packet);
  void write_data(PacketWriter& packet, const Fragment& fragment, Tsn tsn);
  void give_up_expired(TimePoint now);
  void run_timers(TimePoint now);
  [[nodiscard]] CommonHeader header(VerificationTag tag) const {
    return {config_.local_port, config_.remote_port, tag};
  }
  [[nodiscard]] bool may_send_data() const;
  [[nodiscard]] std::optional<Output> next_event();
  void note_idle(TimePoint now);
  [[nodiscard]] bool is_at_memory_limit() const;
  void note_memory(TimePoint now);

  // shutdown.cpp
  void on_shutdown(TimePoint now, const Chunk& chunk);
  void on_shutdown_ack();
  void on_shutdown_complete(const Packet& packet, const Chunk& chunk);
  void progress_shutdown(TimePoint now);
  void end(Errc reason);
  void abort_with(Errc reason, CauseCode cause);

  // stream_reset.cpp
  struct ResetEvent {
    bool outgoing = false;
    bool performed = false;
    OutgoingStream stream;
    std::optional<StreamId> id;
  };
  void on_re_config(TimePoint now, const Chunk& chunk);
  void on_outgoing_reset_request(Bytes value);
  void on_other_reset_request(Bytes value);
  void on_reset_response(TimePoint now, Bytes value);
  void report_reset(OutgoingStream stream, bool performed);
  [[nodiscard]] bool may_perform_reset() const;
  bool is_repeated(ResetSequence sequence);
  void respond(ResetSequence sequence, ResetResult result);
  void perform_incoming_reset(Bytes streams);
  void try_deferred_reset();
  void prepare_reset_request();
  void write_reset(TimePoint now, PacketWriter& packet);

  AssociationConfig config_;
  RandomSource& random_;
  State state_ = State::closed;
  TimerTable<Timer> timers_;
  Counters<Drop> drops_;
  VerificationTag local_tag_;
  VerificationTag peer_tag_;
  Tsn local_tsn_;
  Offer offer_;
  std::vector<std::uint8_t> cookie_;  // the peer's, to be echoed
  unsigned setup_tries_ = 0;
  unsigned timeouts_ = 0;  // in a row, without a sign of life
  bool peer_forward_tsn_ = false;
  bool peer_re_config_ = false;
  bool peer_zero_checksum_ = false;
  Pending pending_;
  std::vector<std::uint8_t> echoes_;  // whole chunks that give back what came: HEARTBEAT ACK and ERROR
  std::array<std::uint8_t, 8> heartbeat_nonce_{};
  TimePoint heartbeat_sent_ = kNever;
  bool established_event_ = false;
  std::uint32_t restarts_ = 0;
  std::optional<Ending> ending_;
  bool terminated_ = false;

  SendQueue queue_;
  Outstanding outstanding_;
  Congestion congestion_;
  Rto rto_;
  std::size_t peer_rwnd_ = 0;  // what the peer can still take beyond what is in flight
  bool retransmit_now_ = false;
  TimePoint next_forward_tsn_ = TimePoint::min();  // not before
  std::uint64_t retransmissions_ = 0;

  TsnTracker tsns_;
  Reassembly reassembly_;
  bool refused_next_ = false;  // for want of memory
  SackNeed sack_need_ = SackNeed::none;
  unsigned packets_since_sack_ = 0;
  bool saw_data_ = false;  // in the packet being read
  bool saw_sack_ = false;  // the same
  bool sack_at_once_ = false;
  std::size_t received_since_sack_ = 0;         // bytes
  std::uint32_t announced_rwnd_ = 0xFFFFFFFFU;  // by the last SACK

  std::vector<OutgoingStream> resetting_;  // in the request under way; empty: none
  Tsn reset_last_tsn_;
  ResetSequence reset_sequence_;
  ResetSequence peer_reset_sequence_;  // the last one seen
  bool peer_reset_seen_ = false;
  ResetResult peer_reset_result_{};
  std::optional<ResetSequence> bad_reset_;  // a request out of sequence, to be answered
  std::vector<std::uint8_t> deferred_streams_;
  bool deferred_ = false;
  Tsn deferred_tsn_;
  Ring<ResetEvent> reset_events_;
};

}  // namespace redan::sctp
