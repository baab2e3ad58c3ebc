// A simulated one-way link on virtual time: loss, delay, jitter (and thereby reordering), duplication and a maximum
// datagram size. Its behaviour is determined by its seed.
#pragma once

#include <algorithm>
#include <queue>
#include <redan/types.hpp>
#include <vector>

#include "tests/support/seeded_random.hpp"

namespace redan::test {

struct LinkConfig {
  double loss = 0;
  double duplicate = 0;
  Duration delay = std::chrono::milliseconds(10);
  Duration jitter{};       ///< each datagram is delayed by 0 to this much more, which reorders
  std::size_t mtu = 1500;  ///< larger datagrams are lost
};

class Link {
 public:
  Link(std::uint64_t seed, const LinkConfig& config) : random_(seed), config_(config) {}

  void send(TimePoint now, Bytes datagram) {
    const int copies = random_.chance(config_.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const bool lost = random_.chance(config_.loss) || datagram.size() > config_.mtu;
      const Duration jitter{
          static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(config_.jitter.count())))};
      if (!lost) queue_.push({now + config_.delay + jitter, count_++, {datagram.begin(), datagram.end()}});
    }
  }
  [[nodiscard]] TimePoint next_arrival() const { return queue_.empty() ? kNever : queue_.top().arrival; }
  std::optional<std::vector<std::uint8_t>> receive(TimePoint now) {
    if (next_arrival() > now) return std::nullopt;
    std::vector<std::uint8_t> bytes = queue_.top().bytes;
    queue_.pop();
    return bytes;
  }

 private:
  struct InFlight {
    TimePoint arrival;
    std::uint64_t order;
    std::vector<std::uint8_t> bytes;
    bool operator<(const InFlight& other) const {
      return std::tie(other.arrival, other.order) < std::tie(arrival, order);
    }
  };
  SeededRandom random_;
  LinkConfig config_;
  std::uint64_t count_ = 0;
  std::priority_queue<InFlight> queue_;
};

}  // namespace redan::test
