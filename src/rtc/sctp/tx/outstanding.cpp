#include "rtc/sctp/tx/outstanding.hpp"

#include <algorithm>

#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {
namespace {
// RFC 9260 section 7.2.4.
constexpr std::uint8_t kMissingReports = 3;
// The gap blocks of a receiver that takes back more often than this are not believed any more: each time costs a walk
// over all that is in flight.
constexpr unsigned kMaxReneged = 8;

bool earlier(Tsn a, Tsn b) { return a < b; }
// For a heap with the earliest on top.
bool later(Tsn a, Tsn b) { return b < a; }
}  // namespace

void Outstanding::push(const Fragment& fragment, TimePoint now) {
  Chunk& chunk = chunks_.push_back({});
  chunk.fragment = fragment;
  chunk.sent = now;
  chunk.transmissions = 1;
  flight_ += fragment.size;
}

void Outstanding::set_state(Chunk& chunk, State state) {
  if (chunk.state == State::in_flight) flight_ -= chunk.fragment.size;
  if (chunk.state == State::lost) --lost_;
  chunk.state = state;
  chunk.skip = state == State::acked ? 1 : 0;
  if (state == State::in_flight) flight_ += chunk.fragment.size;
  if (state == State::lost) ++lost_;
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

void Outstanding::acknowledge(Chunk& chunk, SackOutcome& outcome) {
  if (chunk.state == State::acked) return;
  if (chunk.state != State::abandoned) {
    outcome.acked += chunk.fragment.size;
    if (chunk.transmissions == 1) outcome.sent = std::max(chunk.sent, outcome.sent.value_or(chunk.sent));
  }
  set_state(chunk, State::acked);
}

void Outstanding::pop_front() {
  queue_.release(chunks_.front().fragment);
  chunks_.pop_front();
  ++base_;
}

SackOutcome Outstanding::on_sack(const Sack& received, TimePoint now, Duration rto, bool partial) {
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
    acknowledge(chunks_.front(), outcome);
    pop_front();
    outcome.advanced = true;
  }
  Tsn highest_newly_acked = sack.cumulative_ack;
  for (std::size_t g = 0; g < sack.gap_count(); ++g) {
    const GapBlock gap = sack.gap(g);
    for (std::size_t i = gap.start - 1U; (i = next_not_acked(i, gap.end)) < gap.end; ++i) {
      if (chunks_[i].state != State::abandoned) highest_newly_acked = base_ + static_cast<std::uint32_t>(i);
      acknowledge(chunks_[i], outcome);
    }
  }
  if (sack.gap_count() != 0) count_missing(sack, highest_newly_acked, now, partial, outcome);
  // A receiver that still had the chunk behind the cumulative TSN would have acknowledged it. A late SACK cannot look
  // like this: one older than the gap blocks has a lower cumulative TSN.
  if (!chunks_.empty() && chunks_.front().state == State::acked) {
    take_back_reneged(sack, rto);
    outcome.reneged = true;
  }
  for (Tsn* mark : {&judged_, &settled_, &forward_, &forwarded_}) *mark = std::max(*mark, base_, earlier);
  return outcome;
}

// RFC 9260 section 7.2.4: a chunk between gap blocks counts a missing report when something sent after it arrived. It
// is fast retransmitted once; should that be lost, T3-rtx finds it.
void Outstanding::count_missing(const Sack& sack, Tsn highest, TimePoint now, bool partial, SackOutcome& outcome) {
  if (highest == sack.cumulative_ack) return;
  const std::size_t passed = index_of(highest);
  const auto countable = [](const Chunk& chunk) { return chunk.state == State::in_flight && chunk.transmissions == 1; };
  std::size_t from = index_of(judged_);
  while (from < passed && !countable(chunks_[from])) ++from;
  judged_ = base_ + static_cast<std::uint32_t>(from);
  std::size_t hole = 0;
  for (std::size_t g = 0; g < sack.gap_count() && hole < passed; ++g) {
    const GapBlock gap = sack.gap(g);
    const std::size_t end = std::min<std::size_t>(gap.start - 1U, passed);
    for (std::size_t i = std::max(hole, from); (i = next_not_acked(i, end)) < end; ++i) {
      Chunk& chunk = chunks_[i];
      if (!countable(chunk)) continue;
      if (++chunk.missing < kMissingReports) continue;
      lose(i, now, now, partial);
      outcome.loss = true;
    }
    hole = gap.end;
  }
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
  Chunk& chunk = chunks_[index];
  const bool given_up = chunk.transmissions > chunk.fragment.max_retransmits || chunk.fragment.expires <= now;
  if (given_up && partial) {
    abandon_message(index);
    return;
  }
  mark_lost(index, resend_at);
}

void Outstanding::mark_lost(std::size_t index, TimePoint resend_at) {
  set_state(chunks_[index], State::lost);
  chunks_[index].resend_at = resend_at;
  lost_heap_.push_back(base_ + static_cast<std::uint32_t>(index));
  std::push_heap(lost_heap_.begin(), lost_heap_.end(), later);
}

void Outstanding::on_timeout(TimePoint now, Duration rto, bool partial) {
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].state == State::in_flight) lose(i, now, chunks_[i].sent + rto, partial);
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
  set_state(chunk, State::in_flight);
  chunk.sent = now;
  chunk.missing = 0;
  ++chunk.transmissions;
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
  lost_heap_.clear();
  flight_ = lost_ = 0;
  reneged_ = 0;
}

}  // namespace redan::sctp
