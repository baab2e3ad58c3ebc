// A simulated one-way link on virtual time: loss, delay, jitter (so reordering), duplication and a maximum datagram
// size. Everything it does follows from its seed.
#pragma once

#include <algorithm>
#include <queue>
#include <redan/types.hpp>
#include <vector>

namespace redan::test {

/// splitmix64: small, seedable, and the same everywhere.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : next() % end; }
  bool chance(double probability) { return static_cast<double>(next() >> 11U) * 0x1p-53 < probability; }

 private:
  std::uint64_t state_;
};

struct LinkConfig {
  double loss = 0;
  double duplicate = 0;
  Duration delay = std::chrono::milliseconds(10);
  Duration jitter{};       ///< each datagram is delayed by 0 to this much more: reorders
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
