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
  if (!slot->queue.empty()) make_ready(*slot);
  note_drained(*slot);
}

// Changes a stream's queue and accounts for that.
template <class Change>
void SendQueue::update(Slot& slot, Change&& change) {
  StreamQueue& queue = slot.queue;
  const bool was_above = queue.buffered() > slot.low_threshold;
  queued_ -= queue.messages();
  charged_ -= queue.charged();
  change(queue);
  queued_ += queue.messages();
  charged_ += queue.charged();
  if (was_above && queue.buffered() <= slot.low_threshold) low_.push_back(name(slot));
  note_drained(slot);
}

void SendQueue::make_ready(Slot& slot) {
  if (slot.ready || !slot.assigned) return;
  slot.ready = true;
  ready_.add(name(slot));
}

void SendQueue::close(OutgoingStream stream) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  if (!slot->queue.begun()) {
    update(*slot, [](StreamQueue& queue) {
      while (!queue.empty()) queue.drop_front();
    });
  }
  slot->closing = true;
  free_if_done(*slot);
}

void SendQueue::push(OutgoingStream stream, const Delivery& delivery, Bytes payload) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  const std::size_t charged = slot->queue.charged();
  slot->queue.push(pool_, delivery, payload);
  charged_ += slot->queue.charged() - charged;
  ++queued_;
  if (delivery.lifetime_ms != Delivery::kUnlimited) unstamped_.push_back(stream);
  make_ready(*slot);
}

void SendQueue::stamp(TimePoint now) {
  for (const OutgoingStream stream : unstamped_) {
    if (Slot* slot = find(stream)) slot->queue.stamp(now);
  }
  unstamped_.clear();
}

void SendQueue::copy(const Fragment& fragment, MutableBytes out) const {
  const Slot* slot = find(fragment.stream);
  REDAN_ASSERT(slot != nullptr);
  slot->queue.copy(fragment, out);
}

std::size_t SendQueue::buffered(OutgoingStream stream) const {
  const Slot* slot = find(stream);
  return slot == nullptr ? 0 : slot->queue.buffered();
}

bool SendQueue::drained(OutgoingStream stream) const {
  const Slot* slot = find(stream);
  return slot != nullptr && slot->assigned && slot->queue.empty();
}

void SendQueue::watch_drain(OutgoingStream stream) {
  Slot* slot = find(stream);
  if (slot == nullptr) return;
  slot->watched = true;
  note_drained(*slot);
}

void SendQueue::note_drained(Slot& slot) {
  if (!slot.watched || !slot.assigned || !slot.queue.empty()) return;
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
  if (Slot* slot = find(stream)) slot->queue.reset_ssn();
}

// A stream stays in its slot while it is in the line.
const SendQueue::Slot& SendQueue::current() const {
  const Slot* slot = find(ready_.current());
  REDAN_ASSERT(slot != nullptr);
  return *slot;
}

SendQueue::Slot& SendQueue::current() { return const_cast<Slot&>(std::as_const(*this).current()); }

// The stream with the turn goes to the back of the line, or leaves it.
void SendQueue::end_turn() {
  Slot& slot = current();
  ready_.end_turn();
  slot.ready = false;
  if (!slot.queue.empty()) make_ready(slot);
  free_if_done(slot);
}

// The stream whose turn it is, if a message of it is left that may still be sent.
SendQueue::Slot* SendQueue::next_slot(TimePoint now) {
  while (!ready_.empty()) {
    Slot& slot = current();
    while (slot.queue.front_expired(now)) update(slot, [](StreamQueue& queue) { queue.drop_front(); });
    if (!slot.queue.empty()) return &slot;
    end_turn();
  }
  return nullptr;
}

bool SendQueue::peek(TimePoint now, std::size_t space, std::size_t full, Fragment& fragment) {
  const Slot* slot = next_slot(now);
  if (slot == nullptr) return false;
  const std::size_t rest = slot->queue.rest_of_front();
  std::size_t size = rest;
  if (rest > space) {
    size = space & ~std::size_t{3};
    if (rest <= full || size < std::min(kSmallestFragment, full)) return false;
  }
  fragment.stream = ready_.current();
  fragment.id = slot->id;
  slot->queue.describe(size, fragment);
  return true;
}

void SendQueue::take(const Fragment& fragment) {
  REDAN_ASSERT(fragment.stream == ready_.current());
  update(current(), [&](StreamQueue& queue) { queue.take(fragment); });
  if ((fragment.flags & Data::kEnd) != 0) end_turn();
}

bool SendQueue::begun_expired(TimePoint now) const { return !ready_.empty() && current().queue.begun_expired(now); }

bool SendQueue::abandon_begun(OutgoingStream stream, Fragment& rest) {
  if (ready_.empty() || ready_.current() != stream || !current().queue.begun()) return false;
  const std::size_t left = current().queue.rest_of_front();
  const bool found = peek(TimePoint::min(), left, left, rest);
  REDAN_ASSERT(found);
  take(rest);
  return true;
}

void SendQueue::release(const Fragment& fragment) {
  Slot* slot = find(fragment.stream);
  REDAN_ASSERT(slot != nullptr);
  slot->queue.release(fragment);
  free_if_done(*slot);
}

void SendQueue::free_if_done(Slot& slot) {
  if (!slot.closing || slot.queue.in_flight() || slot.ready || !slot.queue.empty()) return;
  slot = Slot{};
  free_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
}

std::optional<OutgoingStream> SendQueue::take_low() {
  while (!low_.empty()) {
    const OutgoingStream stream = low_.front();
    low_.pop_front();
    const Slot* slot = find(stream);
    if (slot != nullptr && !slot->closing && slot->queue.buffered() <= slot->low_threshold) return stream;
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
  for (Slot& slot : slots_) slot.queue.trim();
  ready_.release();
  low_.release();
  drained_.release();
  // No slab is lent only while nothing is queued or in flight, which the caller ensures.
  pool_ = SlabPool(kept_slabs_);
}

}  // namespace redan::sctp
