#include "rtc/dtls/fragment_assembler.hpp"

#include "base/assert.hpp"

namespace redan::dtls {

void FragmentAssembler::expect(std::uint16_t first, std::span<const ExpectedMessage> flight) {
  REDAN_ASSERT(flight.size() <= kMaxSlots);
  forget(0, kMaxSlots);
  first_ = first;
  flight_ = flight;
}

void FragmentAssembler::forget(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) slots_[i] = Slot{};
}

std::size_t FragmentAssembler::buffered() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.bytes.size();
  return sum;
}

FragmentAssembler::Verdict FragmentAssembler::add(const HandshakeHeader& header, std::uint16_t epoch, Bytes body) {
  if (header.message_seq < first_) return Verdict::repeated;
  const std::size_t index = header.message_seq - first_;
  if (index >= flight_.size()) return Verdict::unexpected;
  const ExpectedMessage& expected = flight_[index];
  if (epoch != expected.epoch || (header.type != expected.type && header.type != expected.alternative)) {
    return Verdict::unexpected;
  }
  Slot& slot = slots_[index];
  const bool disagrees = slot.started && (slot.type != header.type || slot.length != header.length);
  if (disagrees && slot.received == slot.length) return Verdict::disagreeing;
  if (header.length > kMaxBuffered) return Verdict::too_large;
  if (disagrees) slot = Slot{};
  const std::size_t end = header.fragment_offset + body.size();
  const std::size_t growth = end > slot.bytes.size() ? end - slot.bytes.size() : 0;
  if (buffered() + growth > kMaxBuffered) return Verdict::too_large;

  slot.started = true;
  slot.type = header.type;
  slot.length = header.length;
  if (growth != 0) {
    slot.bytes.resize(end);
    slot.present.resize(end);
  }
  for (std::size_t i = 0; i < body.size(); ++i) {
    const std::size_t at = header.fragment_offset + i;
    if (slot.present[at]) continue;
    slot.present[at] = true;
    slot.bytes[at] = body[i];
    ++slot.received;
  }
  return disagrees ? Verdict::displacing : Verdict::stored;
}

std::optional<HandshakeMessage> FragmentAssembler::message(std::size_t index) const {
  const Slot& slot = slots_[index];
  if (index >= flight_.size() || !slot.started || slot.received != slot.length) return std::nullopt;
  return HandshakeMessage{slot.type, static_cast<std::uint16_t>(first_ + index), slot.bytes};
}

bool FragmentAssembler::whole(std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!message(i)) return false;
  }
  return true;
}

}  // namespace redan::dtls
