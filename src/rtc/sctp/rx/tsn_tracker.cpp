#include "rtc/sctp/rx/tsn_tracker.hpp"

#include <algorithm>

namespace redan::sctp {
namespace {
// Enough for any network; keeps the SACK inside one packet.
constexpr std::size_t kMaxGapBlocks = 256;
}  // namespace

std::size_t TsnTracker::find(Tsn tsn) const {
  if (!runs_.empty() && runs_.back().last < tsn) return runs_.size();
  const auto at = std::lower_bound(runs_.begin(), runs_.end(), tsn, [](const Run& run, Tsn t) { return run.last < t; });
  return static_cast<std::size_t>(at - runs_.begin());
}

TsnTracker::Verdict TsnTracker::judge(Tsn tsn) const {
  if (tsn <= cumulative_) return Verdict::duplicate;
  const std::uint32_t ahead = tsn.distance_from(cumulative_);
  if (ahead == 1) return Verdict::next;
  if (ahead > kMaxAhead) return Verdict::out_of_window;
  const std::size_t i = find(tsn);
  if (i < runs_.size() && runs_[i].first <= tsn) return Verdict::duplicate;
  const bool joins = (i < runs_.size() && runs_[i].first == tsn.next()) || (i > 0 && runs_[i - 1].last.next() == tsn);
  return joins || runs_.size() < kMaxRuns ? Verdict::ahead : Verdict::out_of_window;
}

void TsnTracker::add(Tsn tsn) {
  if (tsn == cumulative_.next()) {
    cumulative_ = tsn;
    absorb();
    return;
  }
  const std::size_t i = find(tsn);
  const bool after = i > 0 && runs_[i - 1].last.next() == tsn;
  const bool before = i < runs_.size() && runs_[i].first == tsn.next();
  const auto at = runs_.begin() + static_cast<std::ptrdiff_t>(i);
  if (after && before) {
    runs_[i - 1].last = runs_[i].last;
    runs_.erase(at);
  } else if (after) {
    runs_[i - 1].last = tsn;
  } else if (before) {
    runs_[i].first = tsn;
  } else {
    runs_.insert(at, Run{tsn, tsn});
  }
}

// Runs that the cumulative TSN has reached are part of it.
void TsnTracker::absorb() {
  std::size_t n = 0;
  while (n < runs_.size() && runs_[n].first <= cumulative_.next()) {
    cumulative_ = std::max(cumulative_, runs_[n].last, [](Tsn a, Tsn b) { return a < b; });
    ++n;
  }
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(n));
}

void TsnTracker::forward(Tsn tsn) {
  if (tsn <= cumulative_) return;
  cumulative_ = tsn;
  absorb();
}

void TsnTracker::write_sack(Writer& writer, std::uint32_t a_rwnd, std::size_t limit) {
  std::array<std::uint8_t, 4 * kMaxGapBlocks> gaps;
  std::array<std::uint8_t, 4 * kMaxDuplicates> duplicates;
  const std::size_t size = std::max(std::min(writer.space(), limit), Sack::kFixedSize);
  const std::size_t room = (size - Sack::kFixedSize) / 4;
  const std::size_t gap_count = std::min({room, runs_.size(), kMaxGapBlocks});
  const std::size_t duplicate_count = std::min(room - gap_count, duplicates_.size());
  Writer duplicate_writer(duplicates);
  for (std::size_t i = 0; i < duplicate_count; ++i) duplicate_writer.u32(duplicates_[i].value);
  Writer gap_writer(gaps);
  for (std::size_t i = 0; i < gap_count; ++i) {
    gap_writer.u16(static_cast<std::uint16_t>(runs_[i].first.distance_from(cumulative_)));
    gap_writer.u16(static_cast<std::uint16_t>(runs_[i].last.distance_from(cumulative_)));
  }
  Sack sack;
  sack.cumulative_ack = cumulative_;
  sack.a_rwnd = a_rwnd;
  sack.gap_blocks = gap_writer.written();
  sack.duplicates = duplicate_writer.written();
  sack.write(writer);
  duplicates_.clear();
}

}  // namespace redan::sctp
