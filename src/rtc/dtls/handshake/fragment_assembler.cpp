#include "rtc/dtls/handshake/fragment_assembler.hpp"

#include <algorithm>

namespace redan::dtls {

void FragmentAssembler::expect(std::uint16_t first, std::span<const ExpectedMessage> flight) {
  first_ = first;
  flight_ = flight;
  slots_ = std::vector<Slot>(flight.size());
}

void FragmentAssembler::forget() {
  for (Slot& slot : slots_) slot = Slot{};
}

std::size_t FragmentAssembler::memory() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.memory();
  return sum;
}

FragmentAssembler::Verdict FragmentAssembler::add(const HandshakeHeader& header, Epoch epoch, Bytes body) {
  if (header.message_seq < first_) return Verdict::repeated;
  const std::size_t index = header.message_seq - first_;
  if (index >= flight_.size()) return Verdict::unexpected;
  const ExpectedMessage& expected = flight_[index];
  if (epoch != expected.epoch || (header.type != expected.type && header.type != expected.alternative)) {
    return Verdict::unexpected;
  }
  if (header.length > kMaxBuffered) return Verdict::too_large;
  Slot& slot = slots_[index];
  const bool displaces = slot.started && (slot.type != header.type || slot.length != header.length);
  if (displaces) slot = Slot{};
  slot.contested = slot.contested || displaces;
  slot.started = true;
  slot.type = header.type;
  slot.length = header.length;
  if (!body.empty()) {
    if (!slot.reserve(body.size(), kMaxBuffered - memory() + slot.memory())) return Verdict::too_large;
    slot.store({header.fragment_offset, static_cast<std::uint32_t>(header.fragment_offset + body.size())}, body);
  }
  return displaces ? Verdict::displacing : Verdict::stored;
}

bool FragmentAssembler::Slot::reserve(std::size_t added, std::size_t limit) {
  // Doubles what is there, as far as length and limit allow.
  const auto grown = [](std::size_t capacity, std::size_t needed, std::size_t most) {
    return needed <= capacity ? capacity : std::max(needed, std::min(2 * capacity, most));
  };
  const std::size_t for_ranges = grown(ranges.capacity(), ranges.size() + 1, limit) * sizeof(Range);
  // A fragment may repeat what is there; the length bounds what all of them come to.
  const std::size_t needed = std::min<std::size_t>(bytes.size() + added, length);
  if (for_ranges + std::max(needed, bytes.capacity()) > limit) return false;
  bytes.reserve(grown(bytes.capacity(), needed, std::min<std::size_t>(length, limit - for_ranges)));
  ranges.reserve(for_ranges / sizeof(Range));
  return true;
}

void FragmentAssembler::Slot::store(Range range, Bytes body) {
  // The ranges that the new one overlaps or touches become one with it.
  const auto first = std::find_if(ranges.begin(), ranges.end(), [&](const Range& r) { return r.end >= range.begin; });
  const auto last = std::find_if(first, ranges.end(), [&](const Range& r) { return r.begin > range.end; });
  std::size_t at = 0;
  for (auto r = ranges.begin(); r != first; ++r) at += r->end - r->begin;
  std::size_t held = 0;
  for (auto r = first; r != last; ++r) held += r->end - r->begin;
  const bool joins = first != last;
  const std::size_t before = joins && first->begin < range.begin ? range.begin - first->begin : 0;
  const std::size_t after = joins && std::prev(last)->end > range.end ? std::prev(last)->end - range.end : 0;

  // The new bytes take the place of those between `before` and `after`, of which there are not more.
  const std::size_t replaced = held - before - after;
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at + before);
  contested = contested || !std::equal(place, place + static_cast<std::ptrdiff_t>(replaced), body.begin());
  std::copy_n(body.begin(), replaced, place);
  bytes.insert(place + static_cast<std::ptrdiff_t>(replaced), body.begin() + static_cast<std::ptrdiff_t>(replaced),
               body.end());
  const Range joined{static_cast<std::uint32_t>(range.begin - before), static_cast<std::uint32_t>(range.end + after)};
  if (!joins) {
    ranges.insert(first, joined);
    return;
  }
  *first = joined;
  ranges.erase(first + 1, last);
}

std::optional<HandshakeMessage> FragmentAssembler::message(std::size_t index) const {
  if (index >= slots_.size()) return std::nullopt;
  const Slot& slot = slots_[index];
  if (!slot.started || slot.bytes.size() != slot.length) return std::nullopt;
  return HandshakeMessage{slot.type, static_cast<std::uint16_t>(first_ + index), slot.bytes};
}

bool FragmentAssembler::whole(std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!message(i)) return false;
  }
  return true;
}

}  // namespace redan::dtls
