#include "rtc/sctp/rx/reassembly.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {
constexpr std::size_t kSmallestBlock = 2048;
// Room beyond the window for what takes the cumulative TSN forward, so that a full buffer cannot block itself.
constexpr std::size_t kReserve = 16384;
}  // namespace

// ---- MessageBuffer
// ------------------------------------------------------------------------------------------------------

std::size_t MessageBuffer::capacity_for(std::size_t size, std::size_t limit) const {
  const std::size_t needed = used() + size;
  if (needed <= capacity_) return capacity_;
  return std::max(needed, std::min(limit, std::max(2 * capacity_, kSmallestBlock)));
}

void MessageBuffer::append(Bytes bytes, std::size_t limit) {
  if (bytes.size() > capacity_ - end_) {
    const std::size_t wanted = capacity_for(bytes.size(), limit);
    if (wanted != capacity_) {
      auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
      if (used() != 0) std::memcpy(larger.get(), block_.get() + begin_, used());
      block_ = std::move(larger);
      capacity_ = wanted;
    } else {
      std::memmove(block_.get(), block_.get() + begin_, used());
    }
    end_ -= begin_;
    finished_ -= begin_;
    begin_ = 0;
  }
  std::memcpy(block_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void MessageBuffer::pop(std::size_t size) {
  begin_ += size;
  if (begin_ == end_) begin_ = finished_ = end_ = 0;
}

void MessageBuffer::release() {
  if (used() != 0) return;
  block_.reset();
  capacity_ = begin_ = finished_ = end_ = 0;
}

// ---- Reassembly
// ---------------------------------------------------------------------------------------------------------

Reassembly::Reassembly(std::size_t window, std::size_t max_message)
    : window_(std::max(window, max_message + kReserve)), max_message_(max_message) {}

std::size_t Reassembly::held() const {
  return in_order_.used() + ahead_.used() + kept_cost_ + messages_.size() * sizeof(Complete) +
         streams_.size() * sizeof(Expected);
}

std::uint32_t Reassembly::a_rwnd() const {
  const std::size_t used = held();
  return static_cast<std::uint32_t>(std::min<std::size_t>(used < window_ ? window_ - used : 0, 0xFFFFFFFFU));
}

bool Reassembly::has_room_ahead(std::size_t size) const {
  // The last tenth is for what closes holes.
  return held() + size + kKeptCost <= window_ - window_ / 10;
}

bool Reassembly::has_room_next(std::size_t size) const { return held() + size <= window_ + kReserve; }

void Reassembly::pop_shown() {
  if (!shown_) return;
  shown_ = false;
  const Complete& front = messages_.front();
  (front.from_ahead ? ahead_ : in_order_).pop(front.size);
  messages_.pop_front();
}

std::optional<ReceivedMessage> Reassembly::next() {
  pop_shown();
  if (messages_.empty()) return std::nullopt;
  shown_ = true;
  const Complete& front = messages_.front();
  return ReceivedMessage{front.stream, front.ppid, (front.from_ahead ? ahead_ : in_order_).front(front.size)};
}

Reassembly::Verdict Reassembly::on_next(const Data& data) {
  pop_shown();
  too_large_ = bad_fragment_ = false;
  feed(data);
  if (!kept_.empty()) {
    kept_.pop_front();
    take_ready();
  }
  return too_large_ ? Verdict::too_large : bad_fragment_ ? Verdict::bad_fragment : Verdict::kept;
}

// One chunk in TSN order.
void Reassembly::feed(const Data& data) {
  if (data.has(Data::kBeginning)) {
    bad_fragment_ = bad_fragment_ || in_order_.unfinished() != 0;
    in_order_.drop_unfinished();
    first_ = data;
    first_.payload = {};
  } else if (in_order_.unfinished() == 0 || first_.stream != data.stream ||
             first_.has(Data::kUnordered) != data.has(Data::kUnordered)) {
    bad_fragment_ = true;
    in_order_.drop_unfinished();
    return;
  }
  if (in_order_.unfinished() + data.payload.size() > max_message_) {
    too_large_ = true;
    in_order_.drop_unfinished();
    return;
  }
  in_order_.append(data.payload, window_);
  if (!data.has(Data::kEnd)) return;
  messages_.push_back({first_.stream, first_.ppid, static_cast<std::uint32_t>(in_order_.unfinished()), false});
  in_order_.finish();
  if (!first_.has(Data::kUnordered)) expect(first_.stream, first_.ssn.next());
}

void Reassembly::forget(Kept& kept) {
  if (!kept.present) return;
  kept_cost_ -= cost(kept.data);
  kept.bytes.reset();
  kept.present = false;
}

// What follows the cumulative TSN without a hole.
void Reassembly::take_ready() {
  while (!kept_.empty() && (kept_.front().present || kept_.front().delivered)) {
    Kept& front = kept_.front();
    if (front.present) {
      feed(front.data);
      forget(front);
    }
    kept_.pop_front();
  }
  if (kept_.empty()) waiting_ = 0;
}

Reassembly::Verdict Reassembly::on_ahead(const Data& data, Tsn cumulative, TsnTracker::Run run) {
  pop_shown();
  const std::size_t index = data.tsn.distance_from(cumulative) - 1;
  while (kept_.size() <= index) kept_.push_back({});
  Kept& kept = kept_[index];
  kept.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(data.payload.size());
  std::memcpy(kept.bytes.get(), data.payload.data(), data.payload.size());
  kept.data = data;
  kept.data.payload = {kept.bytes.get(), data.payload.size()};
  kept.present = true;
  kept_cost_ += cost(data);
  const auto run_first = std::size_t{run.first.distance_from(cumulative)} - 1;
  const auto run_last = std::size_t{run.last.distance_from(cumulative)} - 1;
  try_complete(index, run_first, run_last);
  return Verdict::kept;
}

// Only the chunk that has just come can have completed a message, and only the one it belongs to.
void Reassembly::try_complete(std::size_t index, std::size_t run_first, std::size_t run_last) {
  if (index == run_first && !kept_[index].data.has(Data::kBeginning)) return;
  if (index == run_last && !kept_[index].data.has(Data::kEnd)) return;
  std::size_t last = index;
  while (!kept_[last].data.has(Data::kEnd)) {
    if (last == run_last) return;
    ++last;
  }
  std::size_t first = index;
  std::size_t size = 0;
  while (!kept_[first].data.has(Data::kBeginning)) {
    if (first == run_first) return;
    --first;
  }
  for (std::size_t i = first; i <= last; ++i) {
    const Data& data = kept_[i].data;
    size += data.payload.size();
    const bool fits = data.stream == kept_[first].data.stream && (i == first || !data.has(Data::kBeginning)) &&
                      data.has(Data::kUnordered) == kept_[first].data.has(Data::kUnordered);
    // What does not fit together is judged in TSN order, when the hole is closed.
    if (!fits || size > max_message_ || !kept_[i].present) return;
  }
  const Data& data = kept_[first].data;
  if (data.has(Data::kUnordered)) {
    deliver_ahead(first, last);
  } else if (data.ssn == expected(data.stream)) {
    const StreamId stream = data.stream;
    deliver_ahead(first, last);
    if (waiting_ != 0) deliver_waiting(stream, last + 1);
  } else {
    ++waiting_;
  }
}

void Reassembly::deliver_ahead(std::size_t first, std::size_t last) {
  const Data head = kept_[first].data;
  for (std::size_t i = first; i <= last; ++i) {
    ahead_.append(kept_[i].data.payload, window_);
    forget(kept_[i]);
    kept_[i].delivered = true;
  }
  messages_.push_back({head.stream, head.ppid, static_cast<std::uint32_t>(ahead_.unfinished()), true});
  ahead_.finish();
  if (!head.has(Data::kUnordered)) expect(head.stream, head.ssn.next());
}

// A message was delivered ahead of a hole; the ones behind it on the same stream may have waited for it only.
void Reassembly::deliver_waiting(StreamId stream, std::size_t from) {
  std::size_t first = kept_.size();
  for (std::size_t i = from; i < kept_.size(); ++i) {
    const Kept& kept = kept_[i];
    if (!kept.present) {
      first = kept_.size();
      continue;
    }
    if (kept.data.has(Data::kBeginning)) first = i;
    if (first > i || !kept.data.has(Data::kEnd)) continue;
    const Data& head = kept_[first].data;
    if (head.stream == stream && !head.has(Data::kUnordered) && head.ssn == expected(stream)) {
      deliver_ahead(first, i);
      --waiting_;
      if (waiting_ == 0) return;
    }
    first = kept_.size();
  }
}

void Reassembly::forward(Tsn from, const ForwardTsn& forward) {
  pop_shown();
  in_order_.drop_unfinished();
  std::size_t skipped = forward.new_cumulative_tsn.distance_from(from);
  for (; skipped > 0 && !kept_.empty(); --skipped) {
    // A whole message that is here was not abandoned, or came before that was known: it is data that was sent.
    Kept& front = kept_.front();
    constexpr std::uint8_t kWhole = Data::kBeginning | Data::kEnd;
    if (front.present && (front.data.flags & kWhole) == kWhole) feed(front.data);
    forget(front);
    kept_.pop_front();
  }
  for (std::size_t i = 0; i < forward.skipped_count(); ++i) {
    const ForwardTsn::Skipped entry = forward.skipped_at(i);
    if (expected(entry.stream) <= entry.ssn) expect(entry.stream, entry.ssn.next());
  }
  take_ready();
}

void Reassembly::reset_stream(StreamId stream) {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream,
                                   [](const Expected& entry, StreamId id) { return entry.stream < id; });
  if (at != streams_.end() && at->stream == stream) streams_.erase(at);
}

Ssn Reassembly::expected(StreamId stream) const {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream,
                                   [](const Expected& entry, StreamId id) { return entry.stream < id; });
  return at != streams_.end() && at->stream == stream ? at->ssn : Ssn(0);
}

void Reassembly::expect(StreamId stream, Ssn ssn) {
  const auto at = std::lower_bound(streams_.begin(), streams_.end(), stream,
                                   [](const Expected& entry, StreamId id) { return entry.stream < id; });
  if (at != streams_.end() && at->stream == stream) {
    at->ssn = ssn;
  } else {
    streams_.insert(at, Expected{stream, ssn});
  }
}

void Reassembly::clear() {
  pop_shown();
  in_order_.drop_unfinished();
  while (!kept_.empty()) {
    forget(kept_.front());
    kept_.pop_front();
  }
  streams_.clear();
  waiting_ = 0;
}

void Reassembly::trim() {
  if (shown_) return;
  in_order_.release();
  ahead_.release();
  messages_.release();
  kept_.release();
}

}  // namespace redan::sctp
