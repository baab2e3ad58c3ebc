#include "rtc/srtp/sources.hpp"

#include "base/assert.hpp"

namespace redan::srtp {

std::int64_t estimate_index(std::int64_t highest, std::uint16_t sequence) {
  constexpr std::int64_t kHalf = 0x8000;
  // A source begins with rollover counter 0, wherever its sequence numbers begin.
  if (highest <= kHalf) return sequence;
  const std::int64_t last = highest & 0xffff;
  std::int64_t rollovers = highest >> 16U;
  if (last < kHalf && sequence - last > kHalf) --rollovers;
  if (last >= kHalf && last - kHalf > sequence) ++rollovers;
  return rollovers << 16U | sequence;
}

bool SentTags::add(std::int64_t index, std::int64_t highest, std::uint64_t tag) {
  tag = std::max<std::uint64_t>(tag, 1);
  tags_.resize(kReplayWindow);
  if (index > highest) {
    // The skipped indices may still be sent, but their slots hold tags of the previous window.
    const std::int64_t skipped = std::min<std::int64_t>(index - highest, kReplayWindow);
    for (std::int64_t i = index - skipped + 1; i <= index; ++i) tags_[slot(i)] = 0;
  }
  std::uint64_t& known = tags_[slot(index)];
  if (known != 0 && known != tag) return false;
  known = tag;
  return true;
}

std::vector<RetiredSources::Entry>::const_iterator RetiredSources::at(std::uint32_t ssrc) const {
  return std::lower_bound(entries_.begin(), entries_.end(), ssrc,
                          [](const Entry& entry, std::uint32_t value) { return entry.ssrc < value; });
}

std::optional<Progress> RetiredSources::find(std::uint32_t ssrc) const {
  const auto found = at(ssrc);
  if (found == entries_.end() || found->ssrc != ssrc) return std::nullopt;
  return Progress{found->rtp, found->rtcp};
}

void RetiredSources::add(std::uint32_t ssrc, const Progress& progress) {
  REDAN_ASSERT(!full());
  entries_.insert(at(ssrc), Entry{progress.rtp, progress.rtcp, ssrc});
}

void RetiredSources::erase(std::uint32_t ssrc) {
  const auto found = at(ssrc);
  if (found != entries_.end() && found->ssrc == ssrc) entries_.erase(found);
}

}  // namespace redan::srtp
