// DTLS datagrams that arrive before they can be used, because the answer is still on its way, or the path has only just
// been proven. A lost ClientHello costs its sender a whole retransmission timeout, so the last few are kept.
#pragma once

#include <algorithm>
#include <redan/types.hpp>
#include <utility>
#include <vector>

namespace redan::peer {

class EarlyDatagrams {
 public:
  /// A ClientHello in two fragments, and its first retransmission.
  static constexpr std::size_t kMax = 4;
  static constexpr std::size_t kMaxSize = 1'500;

  struct Entry {
    Path path;
    std::vector<std::uint8_t> bytes;
  };

  /// If there are more than kMax, the last ones are kept; datagrams larger than kMaxSize belong to no handshake that we
  /// support.
  void push(const Path& path, Bytes datagram) {
    if (datagram.size() > kMaxSize) return;
    if (entries_.size() == kMax) entries_.erase(entries_.begin());
    entries_.push_back({path, {datagram.begin(), datagram.end()}});
  }
  std::vector<Entry> take() { return std::exchange(entries_, {}); }
  /// Bytes held.
  [[nodiscard]] std::size_t held() const {
    std::size_t sum = entries_.capacity() * sizeof(Entry);
    for (const Entry& entry : entries_) sum += entry.bytes.capacity();
    return sum;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace redan::peer
