#include "rtc/sctp/rx/segments.hpp"

namespace redan::sctp {
namespace {
// Up to this size a piece grows in place as its segment does.
constexpr std::size_t kMaxPiece = 16384;
}  // namespace

Segments::Position Segments::add(const Data& data) {
  const FragmentHead head(data);
  const Position next = segments_.lower_bound(data.tsn);
  Position here = next;
  if (next != segments_.begin() && follows(std::prev(next)->second, head, data.tsn)) {
    here = std::prev(next);
    here->second.head.ends = head.ends;
    here->second.last = data.tsn;
  } else {
    here = segments_.emplace_hint(next, data.tsn, Segment{head, data.tsn, 0, kSegmentCost, {}});
    memory_ += kSegmentCost;
  }
  append(here->second, data.payload);
  if (next != segments_.end()) join(here, next);
  return here;
}

bool Segments::follows(const Segment& segment, const FragmentHead& head, Tsn tsn) {
  return segment.last.next() == tsn && segment.head.continues_with(head);
}

void Segments::append(Segment& segment, Bytes payload) {
  memory_ -= segment.memory;
  auto* last = segment.more.empty() ? &segment.bytes : &segment.more.back();
  if (!last->empty() && last->size() + payload.size() > kMaxPiece) {
    last = &segment.more.emplace_back();
    segment.memory += kPieceCost;
  }
  auto& piece = *last;
  segment.memory -= piece.capacity();
  piece.insert(piece.end(), payload.begin(), payload.end());
  segment.memory += piece.capacity();
  segment.size += payload.size();
  memory_ += segment.memory;
}

// One message's fragments become one segment, without moving a byte.
void Segments::join(Position first, Position second) {
  Segment& a = first->second;
  Segment& b = second->second;
  if (!follows(a, b.head, second->first)) return;
  a.head.ends = b.head.ends;
  a.last = b.last;
  a.size += b.size;
  a.memory += b.memory - kSegmentCost + kPieceCost;
  a.more.push_back(std::move(b.bytes));
  a.more.splice(a.more.end(), b.more);
  segments_.erase(second);
  memory_ += kPieceCost - kSegmentCost;
}

void Segments::erase(Position position) {
  memory_ -= position->second.memory;
  segments_.erase(position);
}

}  // namespace redan::sctp
