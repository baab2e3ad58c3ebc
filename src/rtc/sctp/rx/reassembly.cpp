#include "rtc/sctp/rx/reassembly.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {
// Room beyond the window for what takes the cumulative TSN forward, so that a full buffer cannot block itself.
constexpr std::size_t kReserve = 16384;
// What the list of complete messages may hold on to while it is empty.
constexpr std::size_t kKeptMessages = 4096;
}  // namespace

Reassembly::Reassembly(std::size_t window, std::size_t max_message)
    : window_(std::clamp(window, std::min(max_message, kMaxMessageSize) + kReserve, kMaxMessageSize + kReserve)),
      max_message_(std::min(max_message, kMaxMessageSize)) {}

void Reassembly::clear() {
  const std::size_t limit = limit_;
  *this = Reassembly(window_, max_message_);
  limit_ = limit;
}

std::size_t Reassembly::in_use() const {
  return in_order_.used() + ahead_.used() + segments_.memory() + messages_.size() * sizeof(Complete) +
         expected_.memory();
}

std::size_t Reassembly::held() const {
  return in_order_.capacity() + ahead_.capacity() + segments_.memory() + messages_.capacity() * sizeof(Complete) +
         expected_.memory();
}

// The free part of the blocks is reused for what comes next, so it counts as room.
std::uint32_t Reassembly::a_rwnd() const {
  const std::size_t used = in_use();
  const std::size_t limit = std::min(window_, limit_);
  return static_cast<std::uint32_t>(std::min<std::size_t>(used < limit ? limit - used : 0, 0xFFFFFFFFU));
}

bool Reassembly::has_room_ahead(std::size_t size) const {
  const std::size_t cost = Segments::cost(size);
  // The last tenth is for what closes holes.
  return in_use() + cost <= window_ - window_ / 10 && (!is_limited() || held() + cost <= limit_);
}

bool Reassembly::has_room_next(const Data& data) const {
  const std::size_t size = data.payload.size();
  // A block is up to twice as large as what is in it.
  const bool in_limit = data.has(Data::kEnd) || in_order_.unfinished() + size <= limit_ / 2;
  return in_limit && in_use() + size <= window_ + kReserve;
}

void Reassembly::set_limit(std::size_t bytes) {
  limit_ = bytes;
  if (!is_over_limit()) return;
  pop_lent();
  in_order_.shrink();
  ahead_.shrink();
  messages_.release();
}

void Reassembly::trim() {
  if (front_lent_) return;
  in_order_.release();
  ahead_.release();
  messages_.release();
}

void Reassembly::pop_lent() {
  if (!front_lent_) return;
  front_lent_ = false;
  const Complete& front = messages_.front();
  (front.from_ahead ? ahead_ : in_order_).pop(front.size);
  messages_.pop_front();
  if (messages_.capacity() > kKeptMessages) messages_.release();
}

std::optional<ReceivedMessage> Reassembly::next() {
  pop_lent();
  if (messages_.empty()) return std::nullopt;
  front_lent_ = true;
  const Complete& front = messages_.front();
  return ReceivedMessage{front.stream, front.ppid, (front.from_ahead ? ahead_ : in_order_).front(front.size)};
}

Reassembly::Verdict Reassembly::on_next(const Data& data, Tsn cumulative) {
  pop_lent();
  feed(data);
  if (!segments_.empty()) take_up_to(cumulative);
  return verdict();
}

Reassembly::Verdict Reassembly::verdict() {
  const bool too_large = std::exchange(too_large_, false);
  const bool bad_fragment = std::exchange(bad_fragment_, false);
  return too_large ? Verdict::too_large : bad_fragment ? Verdict::bad_fragment : Verdict::kept;
}

// Whether a fragment of `size` bytes continues the message under assembly, or begins one.
bool Reassembly::accepts(const FragmentHead& head, std::size_t size) {
  if (head.begins) {
    bad_fragment_ = bad_fragment_ || assembling_;
    in_order_.drop_unfinished();
    assembling_ = head;
  } else if (!assembling_ || !assembling_->continues_with(head)) {
    bad_fragment_ = true;
    in_order_.drop_unfinished();
    assembling_.reset();
    return false;
  }
  if (in_order_.unfinished() + size <= max_message_) return true;
  too_large_ = true;
  in_order_.drop_unfinished();
  assembling_.reset();
  return false;
}

void Reassembly::finish_message(const FragmentHead& head) {
  if (!head.ends) return;
  const FragmentHead message = *std::exchange(assembling_, std::nullopt);
  messages_.push_back({message.stream, message.ppid, static_cast<std::uint32_t>(in_order_.unfinished()), false});
  in_order_.finish();
  if (!message.unordered) expect(message.stream, message.ssn.next());
}

void Reassembly::feed(const Data& data) {
  const FragmentHead head(data);
  if (!accepts(head, data.payload.size())) return;
  in_order_.append(data.payload);
  finish_message(head);
}

void Reassembly::feed(Position position) {
  const Segments::Segment& segment = position->second;
  const FragmentHead head = segment.head;
  const bool accepted = accepts(head, segment.size);
  if (accepted) segment.for_each_piece([&](Bytes piece) { in_order_.append(piece); });
  drop(position);
  if (accepted) finish_message(head);
}

// What follows the cumulative TSN without a hole.
void Reassembly::take_up_to(Tsn cumulative) {
  while (!segments_.empty() && segments_.first()->first <= cumulative) feed(segments_.first());
}

void Reassembly::on_ahead(const Data& data) {
  pop_lent();
  const Position position = segments_.add(data);
  const FragmentHead& head = position->second.head;
  // What is too large is judged in TSN order, when the hole is closed.
  if (!head.whole() || position->second.size > max_message_) return;
  if (head.unordered) return deliver_ahead(position);
  waiting_.emplace(turn(head.stream, head.ssn), position->first);
  deliver_waiting(head.stream);
}

void Reassembly::drop(Position position) {
  const FragmentHead& head = position->second.head;
  if (!waiting_.empty() && head.whole() && !head.unordered) {
    const auto at = waiting_.find(turn(head.stream, head.ssn));
    if (at != waiting_.end() && at->second == position->first) waiting_.erase(at);
  }
  segments_.erase(position);
}

void Reassembly::deliver_ahead(Position position) {
  const FragmentHead head = position->second.head;
  position->second.for_each_piece([&](Bytes piece) { ahead_.append(piece); });
  drop(position);
  messages_.push_back({head.stream, head.ppid, static_cast<std::uint32_t>(ahead_.unfinished()), true});
  ahead_.finish();
}

// The messages whose turn it is on this stream, one after the other.
void Reassembly::deliver_waiting(StreamId stream) {
  while (!waiting_.empty()) {
    const Ssn ssn = expected_.get(stream);
    const auto at = waiting_.find(turn(stream, ssn));
    if (at == waiting_.end()) return;
    deliver_ahead(segments_.find(at->second));
    expected_.set(stream, ssn.next());
  }
}

void Reassembly::expect(StreamId stream, Ssn ssn) {
  expected_.set(stream, ssn);
  deliver_waiting(stream);
}

Reassembly::Verdict Reassembly::forward(const ForwardTsn& forward, Tsn cumulative) {
  pop_lent();
  in_order_.drop_unfinished();
  assembling_.reset();
  while (!segments_.empty() && segments_.first()->first <= forward.new_cumulative_tsn) {
    const Position position = segments_.first();
    position->second.head.whole() ? feed(position) : drop(position);
  }
  for (std::size_t i = 0; i < forward.skipped_count(); ++i) {
    const ForwardTsn::Skipped entry = forward.skipped_at(i);
    if (expected_.get(entry.stream) <= entry.ssn) expect(entry.stream, entry.ssn.next());
  }
  take_up_to(cumulative);
  return verdict();
}

}  // namespace redan::sctp
