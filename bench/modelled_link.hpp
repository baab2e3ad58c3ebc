// A bottleneck on virtual time: rate, propagation delay, a queue that drops its tail, random loss and reordering. Its
// behaviour is determined by its seed.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <redan/types.hpp>
#include <vector>

#include "tests/support/seeded_random.hpp"

namespace redan::bench {

struct LinkModel {
  double bytes_per_second = 125e6;
  Duration delay = std::chrono::milliseconds(25);  ///< one way
  std::size_t queue = 4U << 20U;                   ///< bytes
  double loss = 0;
  double reordered = 0;  ///< share of packets that come `late` later
  Duration late = std::chrono::milliseconds(5);
};

class ModelledLink {
 public:
  ModelledLink(const LinkModel& model, std::uint64_t seed) : model_(model), random_(seed) {}

  /// `tag` comes back with the packet.
  void send(TimePoint now, int tag, Bytes packet) {
    if (random_.chance(model_.loss)) return;
    const Duration waiting = std::max(free_at_ - now, Duration{});
    if (seconds(waiting) * model_.bytes_per_second > static_cast<double>(model_.queue)) return;
    longest_wait_ = std::max(longest_wait_, waiting);
    total_wait_ += seconds(waiting);
    ++packets_;
    // With the headers of DTLS, UDP and IP.
    const auto on_wire = static_cast<double>(packet.size() + 37 + 28);
    free_at_ = now + waiting +
               std::chrono::duration_cast<Duration>(std::chrono::duration<double>(on_wire / model_.bytes_per_second));
    const Duration extra = random_.chance(model_.reordered) ? model_.late : Duration{};
    in_flight_.emplace(free_at_ + model_.delay + extra, InFlight{tag, {packet.begin(), packet.end()}});
  }
  [[nodiscard]] TimePoint next_arrival() const { return in_flight_.empty() ? kNever : in_flight_.begin()->first; }
  struct InFlight {
    int tag = 0;
    std::vector<std::uint8_t> packet;
  };
  /// Only when next_arrival() has come.
  InFlight receive() {
    InFlight first = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    return first;
  }
  /// Seconds in the queue.
  [[nodiscard]] double longest_wait() const { return seconds(longest_wait_); }
  [[nodiscard]] double mean_wait() const { return packets_ == 0 ? 0 : total_wait_ / static_cast<double>(packets_); }

 private:
  static double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

  LinkModel model_;
  test::SeededRandom random_;
  TimePoint free_at_{};
  std::multimap<TimePoint, InFlight> in_flight_;
  Duration longest_wait_{};
  double total_wait_ = 0;
  std::size_t packets_ = 0;
};

}  // namespace redan::bench
