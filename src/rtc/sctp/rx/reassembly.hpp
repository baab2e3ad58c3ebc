// From DATA chunks to messages.
//
// Without interleaving the fragments of a message have consecutive TSNs, and TSN order implies SSN order within a
// stream. So a chunk at the cumulative TSN always continues the one message under assembly or begins the next, whatever
// its stream; it is copied once, to where the message will be read. Chunks ahead of a hole are kept by TSN; a message
// that is complete there is delivered at once if it is unordered or its stream waits for its SSN.
#pragma once

#include <memory>
#include <vector>

#include "rtc/sctp/packet/data.hpp"
#include "rtc/sctp/packet/forward_tsn.hpp"
#include "rtc/sctp/ring.hpp"
#include "rtc/sctp/rx/tsn_tracker.hpp"

namespace redan::sctp {

/// Messages one behind the other in one block, the last one possibly unfinished.
class MessageBuffer {
 public:
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// What append(size) would make the capacity.
  [[nodiscard]] std::size_t capacity_for(std::size_t size, std::size_t limit) const;
  void append(Bytes bytes, std::size_t limit);
  [[nodiscard]] std::size_t unfinished() const { return end_ - finished_; }
  [[nodiscard]] std::size_t used() const { return end_ - begin_; }
  void finish() { finished_ = end_; }
  void drop_unfinished() { end_ = finished_; }
  [[nodiscard]] Bytes front(std::size_t size) const { return {block_.get() + begin_, size}; }
  void pop(std::size_t size);
  void release();

 private:
  std::unique_ptr<std::uint8_t[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t finished_ = 0;
  std::size_t end_ = 0;
};

struct ReceivedMessage {
  StreamId stream;
  Ppid ppid;
  Bytes payload;
};

class Reassembly {
 public:
  enum class Verdict : std::uint8_t { kept, buffer_full, bad_fragment, too_large };

  /// The window is never smaller than the largest message.
  Reassembly(std::size_t window, std::size_t max_message);

  /// `data.tsn` is the one after the cumulative TSN. Takes everything behind it that was kept, too.
  Verdict on_next(const Data& data);
  /// `data.tsn` lies ahead of a hole. `run` holds it and all around it that has arrived.
  Verdict on_ahead(const Data& data, Tsn cumulative, TsnTracker::Run run);
  /// Whether a chunk ahead of a hole finds room.
  [[nodiscard]] bool has_room_ahead(std::size_t size) const;
  [[nodiscard]] bool has_room_next(std::size_t size) const;
  /// The cumulative TSN goes from `from` to `to`: what was kept before `to` is forgotten, what follows without a hole
  /// is taken.
  void forward(Tsn from, const ForwardTsn& forward);
  /// The peer numbers this stream from 0 again.
  void reset_stream(StreamId stream);
  void reset_all_streams() { streams_.clear(); }

  /// The next complete message. Its payload lives until the next call on the object.
  std::optional<ReceivedMessage> next();
  [[nodiscard]] bool has_message() const { return messages_.size() > (shown_ ? 1U : 0U); }
  /// The window left, bytes.
  [[nodiscard]] std::uint32_t a_rwnd() const;
  /// Memory held for the peer, bytes.
  [[nodiscard]] std::size_t held() const;
  void clear();
  void trim();

 private:
  struct Kept {
    std::unique_ptr<std::uint8_t[]> bytes;
    Data data;
    bool present = false;
    bool delivered = false;
  };
  struct Complete {
    StreamId stream;
    Ppid ppid;
    std::uint32_t size = 0;
    bool from_ahead = false;
  };
  struct Expected {
    StreamId stream;
    Ssn ssn;
  };
  static constexpr std::size_t kKeptCost = sizeof(Kept) + 16;

  void pop_shown();
  void feed(const Data& data);
  void take_ready();
  void forget(Kept& kept);
  void try_complete(std::size_t index, std::size_t run_first, std::size_t run_last);
  void deliver_ahead(std::size_t first, std::size_t last);
  void deliver_waiting(StreamId stream, std::size_t from);
  [[nodiscard]] Ssn expected(StreamId stream) const;
  void expect(StreamId stream, Ssn ssn);
  [[nodiscard]] static std::size_t cost(const Data& data) { return data.payload.size() + kKeptCost; }

  std::size_t window_;
  std::size_t max_message_;
  MessageBuffer in_order_;
  MessageBuffer ahead_;
  Ring<Complete> messages_;
  bool shown_ = false;  // the front message was given out and goes with the next call
  bool too_large_ = false;
  bool bad_fragment_ = false;
  Data first_;       // of the message under assembly, if in_order_ holds something unfinished
  Ring<Kept> kept_;  // kept_[i] is TSN cumulative + 1 + i
  std::size_t kept_cost_ = 0;
  std::size_t waiting_ = 0;        // complete ordered messages in kept_ whose turn has not come
  std::vector<Expected> streams_;  // sorted by stream; a stream not in it expects 0
};

}  // namespace redan::sctp
