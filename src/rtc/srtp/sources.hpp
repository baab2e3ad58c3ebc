// The synchronization sources of one direction: few in use, and what is left of those that fell silent. A key protects
// all of a session's sources for as long as it lasts, so a source may be put aside but not forgotten: a packet of its
// past could be played again, or its next one take an index that was used (RFC 3711 section 9.1).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace redan::srtp {

/// Sources in use. Each costs some KiB.
inline constexpr std::size_t kMaxSources = 64;
/// Sources put aside, 16 bytes each. Beyond them a session takes no new ones.
inline constexpr std::size_t kMaxRetired = 4096;
/// Packets of a source that may come this much out of order, or be sent again (SRTCP: 128).
inline constexpr std::size_t kReplayWindow = 1024;

/// The highest index of a source's SRTP and SRTCP packets; -1: none.
struct Progress {
  std::int64_t rtp = -1;
  std::int32_t rtcp = -1;
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// RFC 3711 section 3.3.1: the index, rollover counter and sequence number, of a packet after `highest`.
std::int64_t estimate_index(std::int64_t highest, std::uint16_t sequence);

struct Source {
  std::uint32_t ssrc = 0;
  std::uint64_t last_used = 0;
  Progress highest;
  /// What the source had reached when it was put aside. Nothing up to here passes.
  Progress floor;
  /// libsrtp counts the rollovers of this source by itself: it has seen an RTP packet.
  bool counts_rollovers = false;
};

/// Tags of the packets that a source sent last: the same tag is the same packet.
class SentTags {
 public:
  /// False if another packet was sent under this index. `index` is at most kReplayWindow - 1 below `highest`, which is
  /// the highest before this packet.
  bool add(std::int64_t index, std::int64_t highest, std::uint64_t tag);

 private:
  static std::size_t slot(std::int64_t index) { return static_cast<std::size_t>(index) % kReplayWindow; }
  std::vector<std::uint64_t> tags_;  // by index, 0: none
};

struct Sender : Source {
  SentTags sent;
  /// The SRTCP index that libsrtp has reached: behind `highest` where the source was put aside.
  std::int32_t rtcp_counter = 0;
};

/// What is left of sources that were put aside.
class RetiredSources {
 public:
  [[nodiscard]] bool full() const { return entries_.size() == kMaxRetired; }
  [[nodiscard]] std::optional<Progress> find(std::uint32_t ssrc) const;
  /// Not if full.
  void add(std::uint32_t ssrc, const Progress& progress);
  void erase(std::uint32_t ssrc);

 private:
  struct Entry {
    std::int64_t rtp;
    std::int32_t rtcp;
    std::uint32_t ssrc;
  };
  [[nodiscard]] std::vector<Entry>::const_iterator at(std::uint32_t ssrc) const;
  std::vector<Entry> entries_;  // by SSRC
};

/// Of `T`, a Source. The one unused for longest makes room for a new one.
template <class T>
class Sources {
 public:
  [[nodiscard]] T* find(std::uint32_t ssrc) {
    const auto found = std::find_if(active_.begin(), active_.end(), [&](const T& each) { return each.ssrc == ssrc; });
    return found != active_.end() ? &*found : nullptr;
  }
  /// A source that is not in use, as it would begin: where it ended, if it was put aside.
  [[nodiscard]] T candidate(std::uint32_t ssrc) const {
    T source;
    source.ssrc = ssrc;
    source.highest = source.floor = retired_.find(ssrc).value_or(Progress{});
    return source;
  }
  [[nodiscard]] bool was_retired(std::uint32_t ssrc) const { return retired_.find(ssrc).has_value(); }
  /// Whether one that is not in use may be added.
  [[nodiscard]] bool has_room(std::uint32_t ssrc) const {
    return active_.size() < kMaxSources || !retired_.full() || was_retired(ssrc);
  }
  /// Adds what candidate() gave, and puts another aside if there is no room; `on_retired` is called with its SSRC.
  template <class OnRetired>
  T& add(T source, OnRetired&& on_retired) {
    retired_.erase(source.ssrc);
    if (active_.size() == kMaxSources) {
      const auto oldest = std::min_element(active_.begin(), active_.end(),
                                           [](const T& a, const T& b) { return a.last_used < b.last_used; });
      retired_.add(oldest->ssrc, oldest->highest);
      on_retired(oldest->ssrc);
      *oldest = std::move(source);
      return *oldest;
    }
    return active_.emplace_back(std::move(source));
  }
  void use(T& source) { source.last_used = ++uses_; }
  [[nodiscard]] std::size_t size() const { return active_.size(); }

 private:
  std::vector<T> active_;
  RetiredSources retired_;
  std::uint64_t uses_ = 0;
};

}  // namespace redan::srtp
