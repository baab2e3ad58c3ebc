// The messages of one outgoing stream: those that wait for their first transmission, and the bytes of those in flight.
#pragma once

#include <algorithm>

#include "rtc/sctp/byte_queue.hpp"
#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {

enum class Ordering : std::uint8_t { ordered, unordered };

/// How a message travels (RFC 7496).
struct Delivery {
  static constexpr std::uint32_t kUnlimited = 0xFFFFFFFFU;
  Ppid ppid;
  Ordering ordering = Ordering::ordered;
  std::uint32_t max_retransmits = kUnlimited;
  std::uint32_t lifetime_ms = kUnlimited;
  bool counted = true;  ///< false: no part of the buffered amount that the user sees
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// A message so small that it travels in the records themselves. The acknowledgement of a channel is one: it must not
/// cost a slab, since the peer can have as many of those as it opens channels.
using TinyPayload = std::array<std::uint8_t, 8>;

/// The next piece of a message to become a DATA chunk.
struct Fragment {
  OutgoingStream stream;
  StreamId id;
  Ssn ssn;
  Ppid ppid;
  std::uint8_t flags = 0;    ///< Data::kBeginning, kEnd, kUnordered
  std::uint64_t offset = 0;  ///< in the stream's bytes
  std::uint32_t size = 0;
  std::uint32_t max_retransmits = Delivery::kUnlimited;
  TimePoint expires = kNever;
  TinyPayload tiny{};  ///< if the whole message fits

  [[nodiscard]] bool is_tiny() const {
    return size <= sizeof(TinyPayload) && (flags & Data::kBeginning) != 0 && (flags & Data::kEnd) != 0;
  }
  /// Where its bytes end in the stream's.
  [[nodiscard]] std::uint64_t end() const { return is_tiny() ? offset : offset + size; }
};

class StreamQueue {
 public:
  /// At most kMaxMessageSize bytes. The pool must outlive the queue.
  void push(SlabPool& pool, const Delivery& delivery, Bytes payload);
  /// The lifetime of messages pushed since the last call begins now.
  void stamp(TimePoint now);
  /// The front message expired before anything of it was sent.
  [[nodiscard]] bool front_expired(TimePoint now) const;
  void drop_front();

  /// The front message was sent in part, and whether it expired since.
  [[nodiscard]] bool begun() const { return sent_of_front_ != 0; }
  [[nodiscard]] bool begun_expired(TimePoint now) const { return begun() && messages_.front().expires <= now; }
  /// Bytes of the front message that were not sent.
  [[nodiscard]] std::size_t rest_of_front() const { return messages_.front().size - sent_of_front_; }
  /// Describes the next `size` of those, without the stream's name and id.
  void describe(std::size_t size, Fragment& fragment) const;
  /// The fragment is in flight from now on.
  void take(const Fragment& fragment);
  /// The bytes of a fragment in flight.
  void copy(const Fragment& fragment, MutableBytes out) const;
  /// A fragment in flight is done with: everything up to its end may go.
  void release(const Fragment& fragment);

  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] bool in_flight() const { return in_flight_ != 0; }
  [[nodiscard]] std::size_t messages() const { return messages_.size(); }
  /// Bytes of payload that were never transmitted and that the user counts.
  [[nodiscard]] std::size_t buffered() const { return buffered_; }
  /// Bytes that were never transmitted, with what the messages cost beside them.
  [[nodiscard]] std::size_t charged() const { return unsent_ + messages_.size() * kMessageCost; }

  /// Counts from 0 again (RFC 6525 section 5.1.1).
  void reset_ssn() { next_ssn_ = Ssn(0); }
  /// Gives idle memory back.
  void trim();

 private:
  struct Queued {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    Delivery delivery;
    TimePoint expires = kNever;
    TinyPayload tiny{};
    bool stamped = true;
  };
  // What a queued message costs beside its payload, so that empty ones cannot fill the memory.
  static constexpr std::size_t kMessageCost = 64;

  void reduce(std::size_t bytes);
  void pop_front();
  [[nodiscard]] std::uint64_t first_unsent() const { return empty() ? bytes_.end() : messages_.front().offset; }

  Ssn next_ssn_;
  std::uint32_t in_flight_ = 0;  // fragments
  std::uint32_t sent_of_front_ = 0;
  std::size_t buffered_ = 0;
  std::size_t unsent_ = 0;
  ByteQueue bytes_;
  Ring<Queued> messages_;
};

inline void StreamQueue::push(SlabPool& pool, const Delivery& delivery, Bytes payload) {
  REDAN_ASSERT(payload.size() <= kMaxMessageSize);
  Queued message;
  message.offset = bytes_.end();
  message.size = static_cast<std::uint32_t>(payload.size());
  message.delivery = delivery;
  message.stamped = delivery.lifetime_ms == Delivery::kUnlimited;
  if (payload.size() <= sizeof(TinyPayload)) {
    std::copy(payload.begin(), payload.end(), message.tiny.begin());
  } else {
    bytes_.append(pool, payload);
  }
  messages_.push_back(message);
  unsent_ += payload.size();
  if (delivery.counted) buffered_ += payload.size();
}

inline void StreamQueue::stamp(TimePoint now) {
  for (std::size_t i = messages_.size(); i-- > 0 && !messages_[i].stamped;) {
    messages_[i].stamped = true;
    messages_[i].expires = now + std::chrono::milliseconds(messages_[i].delivery.lifetime_ms);
  }
}

inline bool StreamQueue::front_expired(TimePoint now) const {
  return !empty() && !begun() && messages_.front().expires <= now;
}

// Bytes of the front message leave the queue.
inline void StreamQueue::reduce(std::size_t bytes) {
  unsent_ -= bytes;
  if (messages_.front().delivery.counted) buffered_ -= bytes;
}

inline void StreamQueue::pop_front() {
  messages_.pop_front();
  sent_of_front_ = 0;
}

inline void StreamQueue::drop_front() {
  reduce(rest_of_front());
  pop_front();
  if (!in_flight()) bytes_.release(first_unsent());
}

inline void StreamQueue::describe(std::size_t size, Fragment& fragment) const {
  const Queued& message = messages_.front();
  const bool ordered = message.delivery.ordering == Ordering::ordered;
  fragment.ssn = ordered ? next_ssn_ : Ssn(0);
  fragment.ppid = message.delivery.ppid;
  fragment.flags = static_cast<std::uint8_t>(
      (begun() ? 0 : Data::kBeginning) | (size == rest_of_front() ? Data::kEnd : 0) | (ordered ? 0 : Data::kUnordered));
  fragment.offset = message.offset + sent_of_front_;
  fragment.size = static_cast<std::uint32_t>(size);
  fragment.max_retransmits = message.delivery.max_retransmits;
  fragment.expires = message.expires;
  fragment.tiny = message.tiny;
}

inline void StreamQueue::take(const Fragment& fragment) {
  ++in_flight_;
  reduce(fragment.size);
  sent_of_front_ += fragment.size;
  if ((fragment.flags & Data::kEnd) == 0) return;
  if ((fragment.flags & Data::kUnordered) == 0) ++next_ssn_;
  pop_front();
}

inline void StreamQueue::copy(const Fragment& fragment, MutableBytes out) const {
  if (!fragment.is_tiny()) return bytes_.copy(fragment.offset, out);
  std::copy_n(fragment.tiny.begin(), out.size(), out.begin());
}

inline void StreamQueue::release(const Fragment& fragment) {
  REDAN_ASSERT(in_flight());
  --in_flight_;
  bytes_.release(in_flight() || begun() ? fragment.end() : first_unsent());
}

inline void StreamQueue::trim() {
  messages_.release();
  bytes_.trim();
}

}  // namespace redan::sctp
