// The synchronization sources of one direction: a few in use, and the state of those that became inactive. One key
// protects all sources of a session, so a source may be put aside but not forgotten: otherwise an old packet could be
// replayed, or its next packet could reuse an index (RFC 3711 section 9.1).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace redan::srtp {

/// Sources in use. Each costs some KiB.
inline constexpr std::size_t kMaxSources = 64;
/// Sources put aside, 16 bytes each. When they are full, a session accepts no new sources.
inline constexpr std::size_t kMaxRetired = 4096;
/// Packets of a source that may arrive or be retransmitted this far out of order (SRTCP: 128).
inline constexpr std::size_t kReplayWindow = 1024;

/// The highest index of a source's SRTP and SRTCP packets; -1: none.
struct Progress {
  std::int64_t rtp = -1;
  std::int32_t rtcp = -1;
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// RFC 3711 section 3.3.1: the index (rollover counter and sequence number) of a packet that follows `highest`.
std::int64_t estimate_index(std::int64_t highest, std::uint16_t sequence);

struct Source {
  std::uint32_t ssrc = 0;
  std::uint64_t last_used = 0;
  Progress highest;
  /// What the source had reached when it was put aside. Packets up to here are refused.
  Progress floor;
  /// libsrtp counts the rollovers of this source, because it has seen an RTP packet.
  bool counts_rollovers = false;
};

/// Tags of the packets that a source sent last: equal tags mean equal packets.
class SentTags {
 public:
  /// Returns false if another packet was sent under this index. `index` is at most kReplayWindow - 1 below `highest`,
  /// the highest index before this packet.
  bool add(std::int64_t index, std::int64_t highest, std::uint64_t tag);

 private:
  static std::size_t slot(std::int64_t index) { return static_cast<std::size_t>(index) % kReplayWindow; }
  std::vector<std::uint64_t> tags_;  // by index, 0: none
};

struct Sender : Source {
  SentTags sent;
  /// The SRTCP index that libsrtp has reached: behind `highest` if the source was put aside.
  std::int32_t rtcp_counter = 0;
};

/// The state of sources that were put aside.
class RetiredSources {
 public:
  [[nodiscard]] bool full() const { return entries_.size() == kMaxRetired; }
  [[nodiscard]] std::optional<Progress> find(std::uint32_t ssrc) const;
  /// Must not be called when full.
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

/// `T` is a Source. The one unused for the longest time makes room for a new one.
template <class T>
class Sources {
 public:
  [[nodiscard]] T* find(std::uint32_t ssrc) {
    const auto found = std::find_if(active_.begin(), active_.end(), [&](const T& each) { return each.ssrc == ssrc; });
    return found != active_.end() ? &*found : nullptr;
  }
  /// The initial state of a source that is not in use: where it ended, if it was put aside.
  [[nodiscard]] T candidate(std::uint32_t ssrc) const {
    T source;
    source.ssrc = ssrc;
    source.highest = source.floor = retired_.find(ssrc).value_or(Progress{});
    return source;
  }
  [[nodiscard]] bool was_retired(std::uint32_t ssrc) const { return retired_.find(ssrc).has_value(); }
  /// Whether a source that is not in use may be added.
  [[nodiscard]] bool has_room(std::uint32_t ssrc) const {
    return active_.size() < kMaxSources || !retired_.full() || was_retired(ssrc);
  }
  /// Adds the source that candidate() returned, and puts another aside if there is no room; calls `on_retired` with
  /// that one's SSRC.
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
