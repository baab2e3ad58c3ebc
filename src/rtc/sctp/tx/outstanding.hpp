// What is in flight: one entry per TSN from the cumulative TSN ack point on, what became of it, and what to send again.
#pragma once

#include "rtc/sctp/packet/forward_tsn.hpp"
#include "rtc/sctp/packet/sack.hpp"
#include "rtc/sctp/tx/delivery_rate.hpp"
#include "rtc/sctp/tx/rack.hpp"
#include "rtc/sctp/tx/retransmission_log.hpp"
#include "rtc/sctp/tx/send_queue.hpp"

namespace redan::sctp {

/// What a SACK changed.
struct SackOutcome {
  bool valid = false;             ///< false: the whole SACK is to be ignored
  bool old = false;               ///< behind what is known
  bool advanced = false;          ///< the cumulative TSN ack point moved
  bool reneged = false;           ///< chunks acknowledged by gap blocks were taken back (RFC 9260 section 6.2.1)
  bool undo = false;              ///< the last recovery was a mistake: all its retransmissions were not needed
  bool duplicate = false;         ///< the peer reports a TSN that it got twice
  std::size_t acked = 0;          ///< bytes newly acknowledged
  std::optional<TimePoint> sent;  ///< when the newest acknowledged chunk that was sent once had left
  RateSample rate;
};

/// What the search for losses found.
struct LossOutcome {
  bool lost = false;
  std::size_t bytes = 0;         ///< that were lost
  DeliveryStamp stamp;           ///< of the newest lost chunk
  std::uint64_t lost_since = 0;  ///< bytes lost since that chunk left, with it
};

class Outstanding {
 public:
  /// Enough for 16 MiB in full packets; gap ack blocks reach 65,535 at most.
  static constexpr std::size_t kMaxChunks = 16384;

  explicit Outstanding(SendQueue& queue) : queue_(queue) {}
  void begin(Tsn first) { base_ = settled_ = forward_ = forwarded_ = first; }

  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] bool full() const { return chunks_.size() >= kMaxChunks; }
  [[nodiscard]] std::size_t flight() const { return flight_; }
  [[nodiscard]] Tsn next_tsn() const { return base_ + static_cast<std::uint32_t>(chunks_.size()); }
  [[nodiscard]] Tsn cumulative_ack() const { return base_.prev(); }

  /// A fragment leaves for the first time, with next_tsn().
  void push(const Fragment& fragment, TimePoint now);
  /// `rto`: what the peer takes back goes again no sooner after its last transmission.
  SackOutcome on_sack(const Sack& sack, TimePoint now, Duration rto);
  /// After each SACK and when loss_deadline() has come (RFC 8985 section 6.2, step 5). `partial_reliability`: the peer
  /// understands FORWARD TSN, so messages may be given up.
  LossOutcome find_losses(TimePoint now, Duration srtt, bool partial_reliability);
  /// When a chunk that something sent later has overtaken counts as lost.
  [[nodiscard]] TimePoint loss_deadline() const { return loss_deadline_; }
  /// T3-rtx: everything not acknowledged is lost (RFC 9260 section 6.3.3). None goes again sooner than `rto` after its
  /// last transmission.
  void on_timeout(TimePoint now, Duration rto, bool partial_reliability);
  /// Chunks lost to a mistaken timeout that have not gone again are in flight as before.
  void undo();

  /// The first lost chunk; if taken it is in flight again. Not before `resend_at`.
  struct Lost {
    Fragment fragment;
    Tsn tsn;
    TimePoint resend_at;
  };
  std::optional<Lost> first_lost();
  void take_lost(Tsn tsn, TimePoint now);

  /// RFC 8985 section 7.3: the last chunk in flight; if taken it left once more and is in flight as before. Nothing if
  /// the limit of its message forbids that.
  std::optional<Lost> last_in_flight(TimePoint now, bool partial_reliability);
  void take_again(Tsn tsn, TimePoint now);
  /// Nothing was reported missing: what would tell of a loss at the tail is only a probe.
  [[nodiscard]] bool undisturbed() const { return lost_ == 0 && acked_ == 0 && !recovery_exit_; }
  /// The application has nothing more to send.
  void on_app_limited() { rate_.on_app_limited(flight_); }

  /// The rest of a message that is partly sent and expired.
  void abandon_begun(OutgoingStream stream);
  /// Whether a FORWARD TSN would reach further than the last one.
  [[nodiscard]] bool owes_forward_tsn();
  /// A FORWARD TSN, the last one again if it reaches no further; `skipped` gets the (stream, SSN) pairs that fit. False
  /// if there is nothing to skip.
  bool forward_tsn(MutableBytes skipped, ForwardTsn& forward);

  void clear();
  void trim() {
    chunks_.release();
    sent_.release();
    log_.trim();
    if (lost_ == 0) std::vector<Tsn>().swap(lost_heap_);
  }

 private:
  enum class State : std::uint8_t { in_flight, acked, lost, abandoned };
  struct Chunk {
    Fragment fragment;
    TimePoint sent;
    TimePoint resend_at;      // if lost
    std::uint64_t order = 0;  // of the last transmission
    DeliveryStamp stamp;      // of it
    std::uint32_t transmissions = 0;
    std::uint32_t skip = 0;  // how many chunks from here on are acknowledged, as far as known; 0: not this one
    State state = State::in_flight;
    bool placeholder = false;  // never sent: stands for the abandoned rest of a message
  };

  [[nodiscard]] bool plausible(const Sack& sack) const;
  Chunk& at(Tsn tsn) { return chunks_[tsn.distance_from(base_)]; }
  [[nodiscard]] std::size_t index_of(Tsn tsn) const { return tsn < base_ ? 0 : tsn.distance_from(base_); }
  std::size_t next_not_acked(std::size_t from, std::size_t end);
  void acknowledge(Tsn tsn, TimePoint now, SackOutcome& outcome);
  void note_delivery(Tsn tsn, const Chunk& chunk, TimePoint now);
  void note_duplicates(const Sack& sack, TimePoint now, SackOutcome& outcome);
  void note_transmission(Tsn tsn, Chunk& chunk, TimePoint now, std::size_t flight_before);
  void begin_recovery();
  void end_recovery_if_over();
  void pop_front();
  void lose(std::size_t index, TimePoint now, TimePoint resend_at, bool partial);
  void mark_lost(std::size_t index, TimePoint resend_at);
  [[nodiscard]] static bool exhausted(const Chunk& chunk, TimePoint now);
  void take_back_reneged(const Sack& sack, Duration rto);
  void set_state(Chunk& chunk, State state);
  void abandon_message(std::size_t index);

  /// A transmission, in order of time. It counts while the chunk is in flight and was not sent again since.
  struct Transmission {
    Tsn tsn;
    std::uint64_t order = 0;
  };
  [[nodiscard]] bool counts(const Transmission& transmission) {
    if (transmission.tsn < base_) return false;
    const Chunk& chunk = at(transmission.tsn);
    return chunk.state == State::in_flight && chunk.order == transmission.order;
  }
  [[nodiscard]] static Rack::Sent sent(Tsn tsn, const Chunk& chunk) {
    return {chunk.sent, chunk.order, tsn, chunk.transmissions > 1};
  }

  SendQueue& queue_;
  Ring<Chunk> chunks_;
  Ring<Transmission> sent_;
  std::uint64_t transmissions_ = 0;
  Rack rack_;
  DeliveryRate rate_;
  RetransmissionLog log_;
  TimePoint loss_deadline_ = kNever;
  std::optional<Tsn> recovery_exit_;  // in recovery until it is acknowledged
  bool timed_out_ = false;            // the recovery began with T3-rtx
  Tsn base_;
  std::size_t flight_ = 0;
  std::size_t lost_ = 0;
  std::size_t acked_ = 0;       // by gap blocks
  std::vector<Tsn> lost_heap_;  // the first lost chunk on top; entries of chunks no longer lost go when they get there
  Tsn settled_;                 // all chunks before it are acknowledged or abandoned
  Tsn forward_;                 // where FORWARD TSN would lead to: behind the last abandoned chunk before settled_
  Tsn forwarded_;               // and where the last one led to
  unsigned reneged_ = 0;
};

}  // namespace redan::sctp
