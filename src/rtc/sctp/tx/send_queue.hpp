// Messages that wait for their first transmission: one queue per outgoing stream, and a scheduler that serves them.
//
// The bytes of a message stay here until every fragment is acknowledged or abandoned; what is in flight refers to them
// by stream and position. Without interleaving (RFC 8260) a message once begun is sent to its end before another
// starts.
#pragma once

#include <vector>

#include "rtc/sctp/tx/scheduler.hpp"
#include "rtc/sctp/tx/stream_queue.hpp"

namespace redan::sctp {

class SendQueue {
 public:
  /// `kept_slabs`: how many empty slabs to keep for reuse.
  explicit SendQueue(std::size_t kept_slabs) : pool_(kept_slabs), kept_slabs_(kept_slabs) {}

  /// A stream without an id: messages may be queued, none is sent before assign().
  OutgoingStream open();
  /// False for a name whose stream was closed or cleared; the calls below do nothing with it.
  [[nodiscard]] bool contains(OutgoingStream stream) const { return find(stream) != nullptr; }
  void assign(OutgoingStream stream, StreamId id);
  /// Frees the slot as soon as nothing of it is in flight. Messages not begun are forgotten.
  void close(OutgoingStream stream);

  /// At most kMaxMessageSize bytes.
  void push(OutgoingStream stream, const Delivery& delivery, Bytes payload);
  /// The lifetime of messages pushed since the last call begins now.
  void stamp(TimePoint now);

  /// The next fragment of at most `space` bytes, where `full` is what an empty packet holds. Nothing if there is no
  /// message, or if it is better to start another packet. take() then makes it part of what is in flight.
  bool peek(TimePoint now, std::size_t space, std::size_t full, Fragment& fragment);
  void take(const Fragment& fragment);
  /// A message begun but expired: forget its rest. Gives a fragment that covers it, to be skipped by FORWARD TSN.
  bool abandon_begun(OutgoingStream stream, Fragment& rest);
  [[nodiscard]] bool begun_expired(TimePoint now) const;
  [[nodiscard]] OutgoingStream begun_stream() const { return ready_.empty() ? OutgoingStream{} : ready_.current(); }

  /// See StreamQueue.
  void copy(const Fragment& fragment, MutableBytes out) const;
  void release(const Fragment& fragment);

  [[nodiscard]] bool empty() const { return queued_ == 0; }
  /// Bytes of payload of a stream that were never transmitted.
  [[nodiscard]] std::size_t buffered(OutgoingStream stream) const;
  [[nodiscard]] std::size_t charged() const { return charged_; }
  /// The stream has its id, and all its messages were sent for the first time.
  [[nodiscard]] bool drained(OutgoingStream stream) const;
  /// take_drained() names the stream once it is drained: at once, if it is already.
  void watch_drain(OutgoingStream stream);
  std::optional<OutgoingStream> take_drained();
  /// False: take_drained() names no stream.
  [[nodiscard]] bool has_drained() const { return !drained_.empty(); }
  /// Nothing if the stream has none yet.
  [[nodiscard]] std::optional<StreamId> id(OutgoingStream stream) const;
  void set_low_threshold(OutgoingStream stream, std::size_t bytes);
  /// A stream whose buffered amount fell to its threshold since the last call.
  std::optional<OutgoingStream> take_low();

  /// The stream counts from 0 again (RFC 6525 section 5.1.1).
  void reset_ssn(OutgoingStream stream);
  /// Forgets all streams.
  void clear();
  /// Gives idle memory back.
  void trim();

 private:
  struct Slot {
    std::uint32_t generation = 0;  // 0: free
    StreamId id;
    bool assigned = false;
    bool ready = false;
    bool closing = false;
    bool watched = false;  // see watch_drain()
    std::size_t low_threshold = 0;
    StreamQueue queue;
  };

  [[nodiscard]] const Slot* find(OutgoingStream stream) const;
  [[nodiscard]] Slot* find(OutgoingStream stream);
  [[nodiscard]] OutgoingStream name(const Slot& slot) const;
  [[nodiscard]] const Slot& current() const;
  [[nodiscard]] Slot& current();
  template <class Change>
  void update(Slot& slot, Change&& change);
  void make_ready(Slot& slot);
  void note_drained(Slot& slot);
  void free_if_done(Slot& slot);
  void end_turn();
  Slot* next_slot(TimePoint now);

  SlabPool pool_;
  std::size_t kept_slabs_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t generation_ = 0;  // of the last stream opened; clear() does not turn it back
  RoundRobin ready_;              // streams with an id and messages
  std::vector<OutgoingStream> unstamped_;
  Ring<OutgoingStream> low_;
  Ring<OutgoingStream> drained_;  // watched streams that are drained
  std::size_t queued_ = 0;        // messages of all streams
  std::size_t charged_ = 0;
};

}  // namespace redan::sctp
