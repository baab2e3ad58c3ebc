// What is in flight: one entry per TSN from the cumulative TSN ack point on, what became of it, and what to send again.
#pragma once

#include "rtc/sctp/packet/forward_tsn.hpp"
#include "rtc/sctp/packet/sack.hpp"
#include "rtc/sctp/tx/send_queue.hpp"

namespace redan::sctp {

/// What a SACK changed.
struct SackOutcome {
  bool valid = false;             ///< false: the whole SACK is to be ignored
  bool old = false;               ///< behind what is known
  bool advanced = false;          ///< the cumulative TSN ack point moved
  bool loss = false;              ///< a chunk was reported missing often enough
  bool reneged = false;           ///< chunks acknowledged by gap blocks were taken back (RFC 9260 section 6.2.1)
  std::size_t acked = 0;          ///< bytes newly acknowledged
  std::optional<TimePoint> sent;  ///< when the newest acknowledged chunk that was sent once had left
};

class Outstanding {
 public:
  /// Enough for 16 MiB in full packets; gap ack blocks reach 65,535 at most.
  static constexpr std::size_t kMaxChunks = 16384;

  explicit Outstanding(SendQueue& queue) : queue_(queue) {}
  void begin(Tsn first) { base_ = judged_ = settled_ = forward_ = forwarded_ = first; }

  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] bool full() const { return chunks_.size() >= kMaxChunks; }
  [[nodiscard]] std::size_t flight() const { return flight_; }
  [[nodiscard]] Tsn next_tsn() const { return base_ + static_cast<std::uint32_t>(chunks_.size()); }
  [[nodiscard]] Tsn cumulative_ack() const { return base_.prev(); }

  /// A fragment leaves for the first time, with next_tsn().
  void push(const Fragment& fragment, TimePoint now);
  /// `rto`: no chunk goes again sooner after its last transmission, but for its one fast retransmission.
  /// `partial_reliability`: the peer understands FORWARD TSN, so messages may be given up.
  SackOutcome on_sack(const Sack& sack, TimePoint now, Duration rto, bool partial_reliability);
  /// T3-rtx: everything not acknowledged is lost (RFC 9260 section 6.3.3).
  void on_timeout(TimePoint now, Duration rto, bool partial_reliability);

  /// The first lost chunk; if taken it is in flight again. Not before `resend_at`.
  struct Lost {
    Fragment fragment;
    Tsn tsn;
    TimePoint resend_at;
  };
  std::optional<Lost> first_lost();
  void take_lost(Tsn tsn, TimePoint now);

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
    if (lost_ == 0) std::vector<Tsn>().swap(lost_heap_);
  }

 private:
  enum class State : std::uint8_t { in_flight, acked, lost, abandoned };
  struct Chunk {
    Fragment fragment;
    TimePoint sent;
    TimePoint resend_at;  // if lost
    std::uint32_t transmissions = 0;
    std::uint32_t skip = 0;  // how many chunks from here on are acknowledged, as far as known; 0: not this one
    std::uint8_t missing = 0;
    State state = State::in_flight;
    bool placeholder = false;  // never sent: stands for the abandoned rest of a message
  };

  [[nodiscard]] bool plausible(const Sack& sack) const;
  Chunk& at(Tsn tsn) { return chunks_[tsn.distance_from(base_)]; }
  [[nodiscard]] std::size_t index_of(Tsn tsn) const { return tsn < base_ ? 0 : tsn.distance_from(base_); }
  std::size_t next_not_acked(std::size_t from, std::size_t end);
  void acknowledge(Chunk& chunk, SackOutcome& outcome);
  void count_missing(const Sack& sack, Tsn highest_newly_acked, TimePoint now, bool partial, SackOutcome& outcome);
  void pop_front();
  void lose(std::size_t index, TimePoint now, TimePoint resend_at, bool partial);
  void mark_lost(std::size_t index, TimePoint resend_at);
  void take_back_reneged(const Sack& sack, Duration rto);
  void set_state(Chunk& chunk, State state);
  void abandon_message(std::size_t index);

  SendQueue& queue_;
  Ring<Chunk> chunks_;
  Tsn base_;
  std::size_t flight_ = 0;
  std::size_t lost_ = 0;
  std::vector<Tsn> lost_heap_;  // the first lost chunk on top; entries of chunks no longer lost go when they get there
  Tsn judged_;                  // no chunk before it can count a missing report any more
  Tsn settled_;                 // all chunks before it are acknowledged or abandoned
  Tsn forward_;                 // where FORWARD TSN would lead to: behind the last abandoned chunk before settled_
  Tsn forwarded_;               // and where the last one led to
  unsigned reneged_ = 0;
};

}  // namespace redan::sctp
