#include "rtc/sctp/rx/segments.hpp"

namespace redan::sctp {

Segments::Position Segments::add(const Data& data) {
  const Position next = segments_.lower_bound(data.tsn);
  Position here =
      segments_.emplace_hint(next, data.tsn, Segment{FragmentHead(data), data.tsn, data.payload.size(), {}});
  here->second.pieces.emplace_back(data.payload.begin(), data.payload.end());
  memory_ += cost(data.payload.size());
  if (next != segments_.end()) join(here, next);
  if (here == segments_.begin()) return here;
  const Position before = std::prev(here);
  const Tsn last = before->second.last;
  join(before, here);
  return before->second.last == last ? here : before;
}

// One message's fragments become one segment, without moving a byte.
void Segments::join(Position first, Position second) {
  Segment& a = first->second;
  Segment& b = second->second;
  if (a.last.next() != second->first || !a.head.goes_on_with(b.head)) return;
  a.head.ends = b.head.ends;
  a.last = b.last;
  a.size += b.size;
  a.pieces.splice(a.pieces.end(), b.pieces);
  segments_.erase(second);
  memory_ -= kSegmentCost;
}

void Segments::erase(Position position) {
  const Segment& segment = position->second;
  memory_ -= kSegmentCost + segment.size + segment.pieces.size() * kPieceCost;
  segments_.erase(position);
}

void Segments::clear() {
  segments_.clear();
  memory_ = 0;
}

}  // namespace redan::sctp
