#include "rtc/sctp/tx/stream_queue.hpp"

#include <algorithm>

namespace redan::sctp {

void StreamQueue::push(SlabPool& pool, const Delivery& delivery, Bytes payload) {
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

void StreamQueue::stamp(TimePoint now) {
  for (std::size_t i = messages_.size(); i-- > 0 && !messages_[i].stamped;) {
    messages_[i].stamped = true;
    messages_[i].expires = now + std::chrono::milliseconds(messages_[i].delivery.lifetime_ms);
  }
}

bool StreamQueue::front_expired(TimePoint now) const {
  return !empty() && !begun() && messages_.front().expires <= now;
}

// Bytes of the front message leave the queue.
void StreamQueue::reduce(std::size_t bytes) {
  unsent_ -= bytes;
  if (messages_.front().delivery.counted) buffered_ -= bytes;
}

void StreamQueue::pop_front() {
  messages_.pop_front();
  sent_of_front_ = 0;
}

void StreamQueue::drop_front() {
  reduce(rest_of_front());
  pop_front();
  if (!in_flight()) bytes_.release(first_unsent());
}

void StreamQueue::describe(std::size_t size, Fragment& fragment) const {
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

void StreamQueue::take(const Fragment& fragment) {
  ++in_flight_;
  reduce(fragment.size);
  sent_of_front_ += fragment.size;
  if ((fragment.flags & Data::kEnd) == 0) return;
  if ((fragment.flags & Data::kUnordered) == 0) ++next_ssn_;
  pop_front();
}

void StreamQueue::copy(const Fragment& fragment, MutableBytes out) const {
  if (!fragment.is_tiny()) return bytes_.copy(fragment.offset, out);
  std::copy_n(fragment.tiny.begin(), out.size(), out.begin());
}

void StreamQueue::release(const Fragment& fragment) {
  REDAN_ASSERT(in_flight());
  --in_flight_;
  bytes_.release(in_flight() || begun() ? fragment.end() : first_unsent());
}

void StreamQueue::trim() {
  messages_.release();
  bytes_.trim();
}

}  // namespace redan::sctp
