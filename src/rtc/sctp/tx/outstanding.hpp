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
  void begin(Tsn first) { base_ = first; }

  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] bool full() const { return chunks_.size() >= kMaxChunks; }
  [[nodiscard]] std::size_t size() const { return chunks_.size(); }
  [[nodiscard]] std::size_t flight() const { return flight_; }
  [[nodiscard]] Tsn next_tsn() const { return base_ + static_cast<std::uint32_t>(chunks_.size()); }
  [[nodiscard]] Tsn cumulative_ack() const { return base_.prev(); }
  [[nodiscard]] bool has_lost() const { return lost_ != 0; }

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
  /// Whether FORWARD TSN has something to say; `skipped` gets the (stream, SSN) pairs that fit.
  bool forward_tsn(MutableBytes skipped, ForwardTsn& forward) const;

  void clear();
  void trim() { chunks_.release(); }

 private:
  enum class State : std::uint8_t { in_flight, acked, lost, abandoned };
  struct Chunk {
    Fragment fragment;
    TimePoint sent;
    TimePoint resend_at;  // if lost
    std::uint32_t transmissions = 0;
    std::uint8_t missing = 0;
    State state = State::in_flight;
    bool placeholder = false;  // never sent: stands for the abandoned rest of a message
  };

  [[nodiscard]] bool plausible(const Sack& sack) const;
  Chunk& at(Tsn tsn) { return chunks_[tsn.distance_from(base_)]; }
  void acknowledge(Chunk& chunk, SackOutcome& outcome);
  void count_missing(const Sack& sack, Tsn highest_newly_acked, TimePoint now, bool partial, SackOutcome& outcome);
  void pop_front();
  void lose(std::size_t index, TimePoint now, TimePoint resend_at, bool partial);
  void take_back_reneged(const Sack& sack, Duration rto);
  void set_state(Chunk& chunk, State state);
  void abandon_message(std::size_t index);

  SendQueue& queue_;
  Ring<Chunk> chunks_;
  Tsn base_;
  std::size_t flight_ = 0;
  std::size_t lost_ = 0;
  Tsn first_lost_;  // no chunk before it is lost
};

}  // namespace redan::sctp
