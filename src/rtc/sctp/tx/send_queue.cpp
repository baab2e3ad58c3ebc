#include "rtc/sctp/tx/send_queue.hpp"

#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {
namespace {
// Filling a packet's rest with less than this costs more header than it saves.
constexpr std::size_t kSmallestFragment = 256;
}  // namespace

OutgoingStream SendQueue::open() {
  if (free_.empty()) {
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index] = Slot{};
  slots_[index].used = true;
  return OutgoingStream(index);
}

void SendQueue::assign(OutgoingStream stream, StreamId id) {
  Slot& slot = slots_[stream.value];
  slot.id = id;
  slot.assigned = true;
  if (!slot.messages.empty()) make_ready(stream.value);
}

void SendQueue::make_ready(std::uint32_t index) {
  if (slots_[index].ready || !slots_[index].assigned) return;
  slots_[index].ready = true;
  ready_.push_back(OutgoingStream(index));
}

void SendQueue::close(OutgoingStream stream) {
  Slot& slot = slots_[stream.value];
  const bool begun = slot.sent_of_front != 0;
  if (!begun) {
    while (!slot.messages.empty()) drop_front(slot);
  }
  slot.closing = true;
  free_if_done(stream.value);
}

void SendQueue::push(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  Slot& slot = slots_[stream.value];
  Queued message;
  message.offset = slot.bytes.end();
  message.size = static_cast<std::uint32_t>(payload.size());
  message.delivery = delivery;
  if (delivery.lifetime_ms != Delivery::kUnlimited) {
    message.stamped = false;
    unstamped_.push_back(stream.value);
  }
  slot.bytes.append(pool_, payload);
  slot.messages.push_back(message);
  if (delivery.counted) slot.buffered += payload.size();
  charged_ += payload.size() + kMessageCost;
  ++queued_;
  make_ready(stream.value);
}

void SendQueue::stamp(TimePoint now) {
  for (const std::uint32_t index : unstamped_) {
    Ring<Queued>& messages = slots_[index].messages;
    for (std::size_t i = messages.size(); i-- > 0 && !messages[i].stamped;) {
      messages[i].stamped = true;
      messages[i].expires = now + std::chrono::milliseconds(messages[i].delivery.lifetime_ms);
    }
  }
  unstamped_.clear();
}

// Bytes of the front message leave the queue.
void SendQueue::reduce(Slot& slot, std::size_t bytes) {
  charged_ -= bytes;
  if (!slot.messages.front().delivery.counted) return;
  const bool was_above = slot.buffered > slot.low_threshold;
  slot.buffered -= bytes;
  if (!was_above || slot.buffered > slot.low_threshold) return;
  low_.push_back(OutgoingStream(static_cast<std::uint32_t>(&slot - slots_.data())));
}

void SendQueue::drop_front(Slot& slot) {
  const Queued& message = slot.messages.front();
  reduce(slot, message.size - slot.sent_of_front);
  charged_ -= kMessageCost;
  --queued_;
  slot.sent_of_front = 0;
  slot.messages.pop_front();
  if (slot.in_flight == 0) slot.bytes.release(slot.messages.empty() ? slot.bytes.end() : slot.messages.front().offset);
}

// The stream with the turn goes to the back of the line, or leaves it.
void SendQueue::end_turn() {
  const OutgoingStream stream = ready_.front();
  ready_.pop_front();
  Slot& slot = slots_[stream.value];
  slot.ready = false;
  if (!slot.messages.empty()) make_ready(stream.value);
  free_if_done(stream.value);
}

bool SendQueue::peek(TimePoint now, std::size_t space, std::size_t full, Fragment& fragment) {
  while (!ready_.empty()) {
    Slot& slot = slots_[ready_.front().value];
    while (!slot.messages.empty() && slot.sent_of_front == 0 && slot.messages.front().expires <= now) drop_front(slot);
    if (!slot.messages.empty()) break;
    end_turn();
  }
  if (ready_.empty()) return false;
  Slot& slot = slots_[ready_.front().value];
  const Queued& message = slot.messages.front();
  const std::size_t rest = message.size - slot.sent_of_front;
  std::size_t size = rest;
  if (rest > space) {
    size = space & ~std::size_t{3};
    if (rest <= full || size < std::min(kSmallestFragment, full)) return false;
  }
  fragment.stream = ready_.front();
  fragment.id = slot.id;
  fragment.ssn = message.delivery.ordering == Ordering::ordered ? slot.next_ssn : Ssn(0);
  fragment.ppid = message.delivery.ppid;
  fragment.flags =
      static_cast<std::uint8_t>((slot.sent_of_front == 0 ? Data::kBeginning : 0) | (size == rest ? Data::kEnd : 0) |
                                (message.delivery.ordering == Ordering::unordered ? Data::kUnordered : 0));
  fragment.offset = message.offset + slot.sent_of_front;
  fragment.size = static_cast<std::uint32_t>(size);
  fragment.max_retransmits = message.delivery.max_retransmits;
  fragment.expires = message.expires;
  return true;
}

void SendQueue::take(const Fragment& fragment) {
  Slot& slot = slots_[fragment.stream.value];
  ++slot.in_flight;
  slot.sent_of_front += fragment.size;
  reduce(slot, fragment.size);
  if ((fragment.flags & Data::kEnd) == 0) return;
  if ((fragment.flags & Data::kUnordered) == 0) ++slot.next_ssn;
  slot.messages.pop_front();
  slot.sent_of_front = 0;
  charged_ -= kMessageCost;
  --queued_;
  end_turn();
}

bool SendQueue::begun_expired(TimePoint now) const {
  if (ready_.empty()) return false;
  const Slot& slot = slots_[ready_.front().value];
  return slot.sent_of_front != 0 && slot.messages.front().expires <= now;
}

bool SendQueue::abandon_begun(OutgoingStream stream, Fragment& rest) {
  if (ready_.empty() || ready_.front() != stream || slots_[stream.value].sent_of_front == 0) return false;
  const Queued& message = slots_[stream.value].messages.front();
  const std::size_t left = message.size - slots_[stream.value].sent_of_front;
  const bool found = peek(TimePoint::min(), left, left, rest);
  REDAN_ASSERT(found);
  take(rest);
  return true;
}

void SendQueue::release(OutgoingStream stream, std::uint64_t end) {
  Slot& slot = slots_[stream.value];
  --slot.in_flight;
  if (slot.in_flight != 0 || slot.sent_of_front != 0) {
    slot.bytes.release(end);
  } else {
    slot.bytes.release(slot.messages.empty() ? slot.bytes.end() : slot.messages.front().offset);
  }
  free_if_done(stream.value);
}

void SendQueue::free_if_done(std::uint32_t index) {
  Slot& slot = slots_[index];
  if (!slot.used || !slot.closing || slot.in_flight != 0 || slot.ready || !slot.messages.empty()) return;
  slot = Slot{};
  free_.push_back(index);
}

std::optional<OutgoingStream> SendQueue::take_low() {
  while (!low_.empty()) {
    const OutgoingStream stream = low_.front();
    low_.pop_front();
    const Slot& slot = slots_[stream.value];
    if (slot.used && !slot.closing && slot.buffered <= slot.low_threshold) return stream;
  }
  return std::nullopt;
}

void SendQueue::clear() {
  slots_.clear();
  free_.clear();
  ready_.clear();
  unstamped_.clear();
  low_.clear();
  queued_ = charged_ = 0;
}

void SendQueue::trim() {
  for (Slot& slot : slots_) {
    slot.messages.release();
    slot.bytes.trim();
  }
  ready_.release();
  low_.release();
  // No slab is lent only while nothing is queued or in flight, which the caller vouches for.
  pool_ = SlabPool(kept_slabs_);
}

}  // namespace redan::sctp
