#include "rtc/sctp/tx/send_queue.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {
// Filling a packet's rest with less than this costs more header than it saves.
constexpr std::size_t kSmallestFragment = 256;
}  // namespace

const SendQueue::Slot* SendQueue::find(OutgoingStream stream) const {
  if (stream.generation == 0 || stream.slot >= slots_.size()) return nullptr;
  const Slot& slot = slots_[stream.slot];
  return slot.generation == stream.generation ? &slot : nullptr;
}

SendQueue::Slot* SendQueue::find(OutgoingStream stream) { return const_cast<Slot*>(std::as_const(*this).find(stream)); }

OutgoingStream SendQueue::name(const Slot& slot) const {
  return {static_cast<std::uint32_t>(&slot - slots_.data()), slot.generation};
}

OutgoingStream SendQueue::open() {
  if (free_.empty()) {
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  if (++generation_ == 0) ++generation_;
  slots_[index] = Slot{};
  slots_[index].generation = generation_;
  return name(slots_[index]);
}

void SendQueue::assign(OutgoingStream stream, StreamId id) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  slot->id = id;
  slot->assigned = true;
  if (!slot->messages.empty()) make_ready(*slot);
  note_drained(*slot);
}

void SendQueue::make_ready(Slot& slot) {
  if (slot.ready || !slot.assigned) return;
  slot.ready = true;
  ready_.add(name(slot));
}

void SendQueue::close(OutgoingStream stream) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  const bool begun = slot->sent_of_front != 0;
  if (!begun) {
    while (!slot->messages.empty()) drop_front(*slot);
  }
  slot->closing = true;
  free_if_done(*slot);
}

void SendQueue::push(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  REDAN_ASSERT(payload.size() <= kMaxMessageSize);
  Queued message;
  message.offset = slot->bytes.end();
  message.size = static_cast<std::uint32_t>(payload.size());
  message.delivery = delivery;
  if (delivery.lifetime_ms != Delivery::kUnlimited) {
    message.stamped = false;
    unstamped_.push_back(stream);
  }
  if (payload.size() <= sizeof(TinyPayload)) {
    std::copy(payload.begin(), payload.end(), message.tiny.begin());
  } else {
    slot->bytes.append(pool_, payload);
  }
  slot->messages.push_back(message);
  if (delivery.counted) slot->buffered += payload.size();
  charged_ += payload.size() + kMessageCost;
  ++queued_;
  make_ready(*slot);
}

void SendQueue::stamp(TimePoint now) {
  for (const OutgoingStream stream : unstamped_) {
    Slot* slot = find(stream);
    if (slot == nullptr) continue;
    Ring<Queued>& messages = slot->messages;
    for (std::size_t i = messages.size(); i-- > 0 && !messages[i].stamped;) {
      messages[i].stamped = true;
      messages[i].expires = now + std::chrono::milliseconds(messages[i].delivery.lifetime_ms);
    }
  }
  unstamped_.clear();
}

void SendQueue::copy(const Fragment& fragment, MutableBytes out) const {
  const Slot* slot = find(fragment.stream);
  REDAN_ASSERT(slot != nullptr);
  if (!fragment.is_tiny()) return slot->bytes.copy(fragment.offset, out);
  std::copy_n(fragment.tiny.begin(), out.size(), out.begin());
}

std::size_t SendQueue::buffered(OutgoingStream stream) const {
  const Slot* slot = find(stream);
  return slot == nullptr ? 0 : slot->buffered;
}

bool SendQueue::drained(OutgoingStream stream) const {
  const Slot* slot = find(stream);
  return slot != nullptr && slot->assigned && slot->messages.empty();
}

void SendQueue::watch_drain(OutgoingStream stream) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  slot->watched = true;
  note_drained(*slot);
}

void SendQueue::note_drained(Slot& slot) {
  if (!slot.watched || !slot.assigned || !slot.messages.empty()) return;
  slot.watched = false;
  drained_.push_back(name(slot));
}

std::optional<OutgoingStream> SendQueue::take_drained() {
  while (!drained_.empty()) {
    const OutgoingStream stream = drained_.front();
    drained_.pop_front();
    if (drained(stream)) return stream;
    watch_drain(stream);  // there is more to send again
  }
  return std::nullopt;
}

std::optional<StreamId> SendQueue::id(OutgoingStream stream) const {
  const Slot* slot = find(stream);
  return slot != nullptr && slot->assigned ? std::optional(slot->id) : std::nullopt;
}

void SendQueue::set_low_threshold(OutgoingStream stream, std::size_t bytes) {
  if (Slot* slot = find(stream)) slot->low_threshold = bytes;
}

void SendQueue::reset_ssn(OutgoingStream stream) {
  if (Slot* slot = find(stream)) slot->next_ssn = Ssn(0);
}

// Bytes of the front message leave the queue.
void SendQueue::reduce(Slot& slot, std::size_t bytes) {
  charged_ -= bytes;
  if (!slot.messages.front().delivery.counted) return;
  const bool was_above = slot.buffered > slot.low_threshold;
  slot.buffered -= bytes;
  if (!was_above || slot.buffered > slot.low_threshold) return;
  low_.push_back(name(slot));
}

void SendQueue::drop_front(Slot& slot) {
  const Queued& message = slot.messages.front();
  reduce(slot, message.size - slot.sent_of_front);
  charged_ -= kMessageCost;
  --queued_;
  slot.sent_of_front = 0;
  slot.messages.pop_front();
  note_drained(slot);
  if (slot.in_flight == 0) slot.bytes.release(slot.messages.empty() ? slot.bytes.end() : slot.messages.front().offset);
}

// A stream stays in its slot while it is in the line.
const SendQueue::Slot& SendQueue::front() const {
  const Slot* slot = find(ready_.current());
  REDAN_ASSERT(slot != nullptr);
  return *slot;
}

SendQueue::Slot& SendQueue::front() { return const_cast<Slot&>(std::as_const(*this).front()); }

// The stream with the turn goes to the back of the line, or leaves it.
void SendQueue::end_turn() {
  Slot& slot = front();
  ready_.end_turn();
  slot.ready = false;
  if (!slot.messages.empty()) make_ready(slot);
  free_if_done(slot);
}

bool SendQueue::peek(TimePoint now, std::size_t space, std::size_t full, Fragment& fragment) {
  while (!ready_.empty()) {
    Slot& slot = front();
    while (!slot.messages.empty() && slot.sent_of_front == 0 && slot.messages.front().expires <= now) drop_front(slot);
    if (!slot.messages.empty()) break;
    end_turn();
  }
  if (ready_.empty()) return false;
  Slot& slot = front();
  const Queued& message = slot.messages.front();
  const std::size_t rest = message.size - slot.sent_of_front;
  std::size_t size = rest;
  if (rest > space) {
    size = space & ~std::size_t{3};
    if (rest <= full || size < std::min(kSmallestFragment, full)) return false;
  }
  fragment.stream = ready_.current();
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
  fragment.tiny = message.tiny;
  return true;
}

void SendQueue::take(const Fragment& fragment) {
  Slot& slot = front();
  REDAN_ASSERT(fragment.stream == ready_.current());
  ++slot.in_flight;
  slot.sent_of_front += fragment.size;
  reduce(slot, fragment.size);
  if ((fragment.flags & Data::kEnd) == 0) return;
  if ((fragment.flags & Data::kUnordered) == 0) ++slot.next_ssn;
  slot.messages.pop_front();
  note_drained(slot);
  slot.sent_of_front = 0;
  charged_ -= kMessageCost;
  --queued_;
  end_turn();
}

bool SendQueue::begun_expired(TimePoint now) const {
  if (ready_.empty()) return false;
  const Slot& slot = front();
  return slot.sent_of_front != 0 && slot.messages.front().expires <= now;
}

bool SendQueue::abandon_begun(OutgoingStream stream, Fragment& rest) {
  if (ready_.empty() || ready_.current() != stream || front().sent_of_front == 0) return false;
  const std::size_t left = front().messages.front().size - front().sent_of_front;
  const bool found = peek(TimePoint::min(), left, left, rest);
  REDAN_ASSERT(found);
  take(rest);
  return true;
}

void SendQueue::release(const Fragment& fragment) {
  Slot* slot = find(fragment.stream);
  REDAN_ASSERT(slot != nullptr && slot->in_flight != 0);
  --slot->in_flight;
  if (slot->in_flight != 0 || slot->sent_of_front != 0) {
    slot->bytes.release(fragment.end());
  } else {
    slot->bytes.release(slot->messages.empty() ? slot->bytes.end() : slot->messages.front().offset);
  }
  free_if_done(*slot);
}

void SendQueue::free_if_done(Slot& slot) {
  if (!slot.closing || slot.in_flight != 0 || slot.ready || !slot.messages.empty()) return;
  slot = Slot{};
  free_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
}

std::optional<OutgoingStream> SendQueue::take_low() {
  while (!low_.empty()) {
    const OutgoingStream stream = low_.front();
    low_.pop_front();
    const Slot* slot = find(stream);
    if (slot != nullptr && !slot->closing && slot->buffered <= slot->low_threshold) return stream;
  }
  return std::nullopt;
}

void SendQueue::clear() {
  slots_.clear();
  free_.clear();
  ready_.clear();
  unstamped_.clear();
  low_.clear();
  drained_.clear();
  queued_ = charged_ = 0;
}

void SendQueue::trim() {
  for (Slot& slot : slots_) {
    slot.messages.release();
    slot.bytes.trim();
  }
  ready_.release();
  low_.release();
  drained_.release();
  // No slab is lent only while nothing is queued or in flight, which the caller ensures.
  pool_ = SlabPool(kept_slabs_);
}

}  // namespace redan::sctp
