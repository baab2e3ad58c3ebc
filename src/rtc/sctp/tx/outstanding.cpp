#include "rtc/sctp/tx/outstanding.hpp"

#include <algorithm>

#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {
namespace {
// The gap blocks of a receiver that takes back more often than this are not believed any more: each time costs a walk
// over all that is in flight.
constexpr unsigned kMaxReneged = 8;
// A SACK with more duplicates than this is read up to here.
constexpr std::size_t kMaxDuplicates = 64;

bool earlier(Tsn a, Tsn b) { return a < b; }
// For a heap with the earliest on top.
bool later(Tsn a, Tsn b) { return b < a; }
}  // namespace

void Outstanding::push(const Fragment& fragment, TimePoint now) {
  const Tsn tsn = next_tsn();
  const std::size_t before = flight_;
  Chunk& chunk = chunks_.push_back({});
  chunk.fragment = fragment;
  flight_ += fragment.size;
  note_transmission(tsn, chunk, now, before);
}

void Outstanding::note_transmission(Tsn tsn, Chunk& chunk, TimePoint now, std::size_t flight_before) {
  chunk.sent = now;
  chunk.order = ++transmissions_;
  ++chunk.transmissions;
  chunk.stamp = rate_.on_sent(now, flight_before, chunk.fragment.size);
  sent_.push_back({tsn, chunk.order});
}

void Outstanding::set_state(Chunk& chunk, State state) {
  if (chunk.state == State::in_flight) flight_ -= chunk.fragment.size;
  if (chunk.state == State::lost) --lost_;
  if (chunk.state == State::acked) --acked_;
  chunk.state = state;
  chunk.skip = state == State::acked ? 1 : 0;
  if (state == State::in_flight) flight_ += chunk.fragment.size;
  if (state == State::lost) ++lost_;
  if (state == State::acked) ++acked_;
}

// Over what is acknowledged, however long: each walk leaves shorter ways for the next, so that SACKs that repeat
// the same report cost next to nothing.
std::size_t Outstanding::next_not_acked(std::size_t from, std::size_t end) {
  std::size_t to = from;
  while (to < end && chunks_[to].skip != 0) to += chunks_[to].skip;
  for (std::size_t i = from; i < to;) {
    const std::size_t step = chunks_[i].skip;
    chunks_[i].skip = static_cast<std::uint32_t>(to - i);
    i += step;
  }
  return to;
}

// Every claim is checked before any is believed.
bool Outstanding::plausible(const Sack& sack) const {
  const std::size_t cumulative = sack.cumulative_ack.next().distance_from(base_);
  if (cumulative > chunks_.size()) return false;
  // A block at 1 would say that the TSN after the cumulative one has arrived: it contradicts itself (section 3.3.4).
  unsigned previous_end = 1;
  for (std::size_t i = 0; i < sack.gap_count(); ++i) {
    const GapBlock gap = sack.gap(i);
    if (gap.start <= previous_end || gap.end < gap.start || cumulative + gap.end > chunks_.size()) return false;
    previous_end = gap.end;
  }
  return true;
}

void Outstanding::acknowledge(Tsn tsn, TimePoint now, SackOutcome& outcome) {
  Chunk& chunk = at(tsn);
  if (chunk.state == State::acked) return;
  if (chunk.state != State::abandoned) {
    outcome.acked += chunk.fragment.size;
    if (chunk.transmissions == 1) outcome.sent = std::max(chunk.sent, outcome.sent.value_or(chunk.sent));
    note_delivery(tsn, chunk, now);
  }
  set_state(chunk, State::acked);
}

void Outstanding::note_delivery(Tsn tsn, const Chunk& chunk, TimePoint now) {
  const Rack::Sent last = sent(tsn, chunk);
  const bool certain = rack_.on_delivered(last, now);
  rate_.on_delivered(chunk.stamp, last, certain, chunk.fragment.size, now);
  if (!certain && log_.prove(tsn)) rack_.on_spurious(now);
  if (chunk.state == State::lost && chunk.transmissions == 1) log_.prove_unsent();
}

// A TSN that arrived twice, of those sent again: the first transmission had not been lost.
void Outstanding::note_duplicates(const Sack& sack, TimePoint now, SackOutcome& outcome) {
  Reader reader(sack.duplicates);
  outcome.duplicate = !reader.empty();
  for (std::size_t i = 0; i < kMaxDuplicates && !reader.empty(); ++i) {
    if (log_.prove(Tsn(reader.u32()))) rack_.on_spurious(now);
  }
}

void Outstanding::pop_front() {
  if (chunks_.front().state == State::acked) --acked_;
  queue_.release(chunks_.front().fragment);
  chunks_.pop_front();
  ++base_;
}

SackOutcome Outstanding::on_sack(const Sack& received, TimePoint now, Duration rto) {
  Sack sack = received;
  if (reneged_ >= kMaxReneged) sack.gap_blocks = {};
  SackOutcome outcome;
  if (sack.cumulative_ack < base_.prev()) {
    outcome.old = true;
    return outcome;
  }
  if (!plausible(sack)) return outcome;
  outcome.valid = true;
  while (base_ <= sack.cumulative_ack) {
    acknowledge(base_, now, outcome);
    pop_front();
    outcome.advanced = true;
  }
  for (std::size_t g = 0; g < sack.gap_count(); ++g) {
    const GapBlock gap = sack.gap(g);
    for (std::size_t i = gap.start - 1U; (i = next_not_acked(i, gap.end)) < gap.end; ++i) {
      acknowledge(base_ + static_cast<std::uint32_t>(i), now, outcome);
    }
  }
  note_duplicates(sack, now, outcome);
  outcome.rate = rate_.take(now);
  // A receiver that still had the chunk behind the cumulative TSN would have acknowledged it. A late SACK cannot look
  // like this: one older than the gap blocks has a lower cumulative TSN.
  if (!chunks_.empty() && chunks_.front().state == State::acked) {
    take_back_reneged(sack, rto);
    outcome.reneged = true;
  }
  outcome.undo = log_.all_proven() && (timed_out_ || lost_ == 0);
  if (outcome.undo) undo();
  end_recovery_if_over();
  for (Tsn* mark : {&settled_, &forward_, &forwarded_}) *mark = std::max(*mark, base_, earlier);
  return outcome;
}

void Outstanding::begin_recovery() {
  log_.begin();
  recovery_exit_ = next_tsn();
}

void Outstanding::end_recovery_if_over() {
  if (!recovery_exit_ || base_ < *recovery_exit_) return;
  recovery_exit_.reset();
  timed_out_ = false;
  rack_.on_recovery_end();
}

// RFC 8985 section 6.2, step 5. Transmissions are walked in the order of time, up to the first that may still arrive.
LossOutcome Outstanding::find_losses(TimePoint now, Duration srtt, bool partial) {
  LossOutcome outcome;
  loss_deadline_ = kNever;
  const bool at_once = recovery_exit_ || acked_ >= Rack::kDupThresh;
  for (; !sent_.empty(); sent_.pop_front()) {
    const Transmission first = sent_.front();
    if (!counts(first)) continue;
    if (!rack_.passed(first.order)) break;
    const std::size_t index = index_of(first.tsn);
    const TimePoint due = rack_.lost_at(sent(first.tsn, chunks_[index]), at_once, srtt);
    if (due > now) {
      loss_deadline_ = due;
      break;
    }
    outcome.lost = true;
    outcome.bytes += chunks_[index].fragment.size;
    outcome.stamp = chunks_[index].stamp;
    rate_.on_lost(chunks_[index].fragment.size);
    lose(index, now, now, partial);
  }
  outcome.lost_since = rate_.lost_since(outcome.stamp);
  if (outcome.lost && !recovery_exit_) begin_recovery();
  return outcome;
}

// RFC 9260 section 6.2.1: a receiver may take back what it acknowledged by a gap block.
void Outstanding::take_back_reneged(const Sack& sack, Duration rto) {
  ++reneged_;
  settled_ = forward_ = base_;
  for (std::size_t i = 0; i < chunks_.size(); ++i) chunks_[i].skip = chunks_[i].state == State::acked ? 1 : 0;
  std::size_t hole = 0;
  for (std::size_t g = 0; g <= sack.gap_count(); ++g) {
    const GapBlock gap = g < sack.gap_count() ? sack.gap(g) : GapBlock{};
    const std::size_t end = g < sack.gap_count() ? gap.start - 1U : chunks_.size();
    for (std::size_t i = hole; i < end; ++i) {
      if (chunks_[i].state != State::acked) continue;
      if (chunks_[i].placeholder) {
        set_state(chunks_[i], State::abandoned);
      } else {
        mark_lost(i, chunks_[i].sent + rto);
      }
    }
    hole = gap.end;
  }
}

void Outstanding::lose(std::size_t index, TimePoint now, TimePoint resend_at, bool partial) {
  if (partial && exhausted(chunks_[index], now)) return abandon_message(index);
  mark_lost(index, resend_at);
}

// RFC 7496: the message has used up its retransmissions or its lifetime.
bool Outstanding::exhausted(const Chunk& chunk, TimePoint now) {
  return chunk.transmissions > chunk.fragment.max_retransmits || chunk.fragment.expires <= now;
}

void Outstanding::mark_lost(std::size_t index, TimePoint resend_at) {
  set_state(chunks_[index], State::lost);
  chunks_[index].resend_at = resend_at;
  lost_heap_.push_back(base_ + static_cast<std::uint32_t>(index));
  std::push_heap(lost_heap_.begin(), lost_heap_.end(), later);
}

void Outstanding::on_timeout(TimePoint now, Duration rto, bool partial) {
  log_.begin();
  timed_out_ = true;
  recovery_exit_ = next_tsn();
  loss_deadline_ = kNever;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].state != State::in_flight) continue;
    rate_.on_lost(chunks_[i].fragment.size);
    lose(i, now, chunks_[i].sent + rto, partial);
  }
  sent_.clear();  // nothing is in flight
}

void Outstanding::undo() {
  log_.close();
  recovery_exit_.reset();
  if (!std::exchange(timed_out_, false)) return;
  while (const auto lost = first_lost()) {
    Chunk& chunk = at(lost->tsn);
    set_state(chunk, State::in_flight);
    sent_.push_back({lost->tsn, chunk.order});
  }
}

std::optional<Outstanding::Lost> Outstanding::first_lost() {
  while (!lost_heap_.empty()) {
    const Tsn tsn = lost_heap_.front();
    if (tsn >= base_ && at(tsn).state == State::lost) return Lost{at(tsn).fragment, tsn, at(tsn).resend_at};
    std::pop_heap(lost_heap_.begin(), lost_heap_.end(), later);
    lost_heap_.pop_back();
  }
  return std::nullopt;
}

void Outstanding::take_lost(Tsn tsn, TimePoint now) {
  Chunk& chunk = at(tsn);
  const std::size_t before = flight_;
  set_state(chunk, State::in_flight);
  note_transmission(tsn, chunk, now, before);
  log_.add(tsn);
}

std::optional<Outstanding::Lost> Outstanding::last_in_flight(TimePoint now, bool partial) {
  for (std::size_t i = chunks_.size(); i-- > 0;) {
    const Chunk& chunk = chunks_[i];
    if (chunk.state != State::in_flight) continue;
    if (partial && exhausted(chunk, now)) return std::nullopt;
    return Lost{chunk.fragment, base_ + static_cast<std::uint32_t>(i), now};
  }
  return std::nullopt;
}

void Outstanding::take_again(Tsn tsn, TimePoint now) {
  Chunk& chunk = at(tsn);
  note_transmission(tsn, chunk, now, flight_ - chunk.fragment.size);
}

// All fragments of a message share its fate (RFC 3758 section 3.5, A3).
void Outstanding::abandon_message(std::size_t index) {
  const OutgoingStream stream = chunks_[index].fragment.stream;
  const auto give_up = [&](Chunk& chunk) {
    if (chunk.state != State::acked) set_state(chunk, State::abandoned);
  };
  std::size_t first = index;
  while (first > 0 && (chunks_[first].fragment.flags & Data::kBeginning) == 0) give_up(chunks_[--first]);
  for (std::size_t i = index; i < chunks_.size(); ++i) {
    give_up(chunks_[i]);
    if ((chunks_[i].fragment.flags & Data::kEnd) != 0) return;
  }
  abandon_begun(stream);
}

void Outstanding::abandon_begun(OutgoingStream stream) {
  Fragment rest;
  if (!queue_.abandon_begun(stream, rest)) return;
  // The rest takes one TSN, so that FORWARD TSN can tell the receiver to forget what it has of the message.
  for (std::size_t i = chunks_.size(); i-- > 0;) {
    if (chunks_[i].state != State::acked) set_state(chunks_[i], State::abandoned);
    if ((chunks_[i].fragment.flags & Data::kBeginning) != 0) break;
  }
  Chunk& chunk = chunks_.push_back({});
  chunk.fragment = rest;
  chunk.placeholder = true;
  chunk.state = State::abandoned;
}

bool Outstanding::owes_forward_tsn() {
  for (; settled_ != next_tsn(); ++settled_) {
    const State state = at(settled_).state;
    if (state != State::abandoned && state != State::acked) break;
    if (state == State::abandoned) forward_ = settled_.next();
  }
  return forward_ > base_ && forward_ > forwarded_;
}

bool Outstanding::forward_tsn(MutableBytes skipped, ForwardTsn& forward) {
  (void)owes_forward_tsn();
  const std::size_t reach = index_of(forward_);
  std::size_t used = 0;
  std::size_t covered = 0;
  for (; covered < reach; ++covered) {
    const Fragment& fragment = chunks_[covered].fragment;
    if (chunks_[covered].state != State::abandoned || (fragment.flags & Data::kUnordered) != 0) continue;
    std::size_t at = 0;
    while (at < used && Reader(skipped.subspan(at, 2)).u16() != fragment.id.value) at += 4;
    if (at + 4 > skipped.size()) break;
    Writer entry(skipped.subspan(at, 4));
    entry.u16(fragment.id.value);
    entry.u16(fragment.ssn.value);
    used = std::max(used, at + 4);
  }
  if (covered == 0) return false;
  forwarded_ = base_ + static_cast<std::uint32_t>(covered);
  forward.new_cumulative_tsn = base_ + static_cast<std::uint32_t>(covered - 1);
  forward.skipped = skipped.first(used);
  return true;
}

void Outstanding::clear() {
  chunks_.clear();
  sent_.clear();
  lost_heap_.clear();
  flight_ = lost_ = acked_ = 0;
  reneged_ = 0;
  rack_ = Rack();
  rate_ = DeliveryRate();
  log_.close();
  loss_deadline_ = kNever;
  recovery_exit_.reset();
  timed_out_ = false;
}

}  // namespace redan::sctp
