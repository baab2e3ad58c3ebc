#include "rtc/sctp/tx/bbr.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace redan::sctp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMtu = 1000;

/// A bulk sender over one bottleneck, in steps of a millisecond.
class Path {
 public:
  double bytes_per_second = 5e6;
  Duration rtt = milliseconds(40);
  double queue = 1e9;        // bytes
  unsigned lose_one_in = 0;  // packets; 0: none
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  double longest_queue = 0;  // bytes
  std::set<Bbr::State> states;
  Bbr bbr{kMtu};
  TimePoint now{std::chrono::hours(1)};  // as a real clock: long since its epoch
  std::size_t flight = 0;

  void run(Duration time) {
    for (const TimePoint end = now + time; now < end; now += milliseconds(1)) {
      acknowledge();
      send();
      states.insert(bbr.state());
    }
  }

 private:
  struct Packet {
    TimePoint sent, arrives;
    std::uint64_t order;
    DeliveryStamp stamp;
    bool lost = false;
  };

  void send() {
    const double rate = bbr.pacing_rate();
    credit_ = rate == 0 ? 1e12 : std::min(credit_ + rate * 1e-3, rate * 2e-3 + 2 * kMtu);
    for (; credit_ >= kMtu && flight < bbr.cwnd(); credit_ -= kMtu) send_packet();
  }
  void send_packet() {
    ++count_;
    Packet packet{now, now, count_, rate_.on_sent(now, flight, kMtu)};
    flight += kMtu;
    const TimePoint start = std::max(now, free_at_);
    const double queued = std::chrono::duration<double>(start - now).count() * bytes_per_second;
    longest_queue = std::max(longest_queue, std::min(queued, queue));
    packet.lost = queued > queue || (lose_one_in != 0 && count_ % lose_one_in == 0);
    if (!packet.lost) {
      free_at_ = start + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(kMtu / bytes_per_second));
    }
    packet.arrives = std::max(start, free_at_) + rtt;
    packets_.push_back(packet);
  }
  void acknowledge() {
    const std::size_t before = flight;
    std::size_t acked = 0;
    for (; !packets_.empty() && packets_.front().arrives <= now; packets_.pop_front()) {
      const Packet& packet = packets_.front();
      flight -= kMtu;
      if (packet.lost) {
        ++lost;
        rate_.on_lost(kMtu);
        bbr.on_loss({now, Tsn(0), kMtu, packet.stamp.in_flight, rate_.lost_since(packet.stamp)});
      } else {
        acked += kMtu;
        rate_.on_delivered(packet.stamp, {packet.sent, packet.order, Tsn(0), false}, true, kMtu, now);
      }
    }
    if (acked == 0) return;
    delivered += acked;
    bbr.on_ack({now, Tsn(0), true, acked, before, flight, rate_.take(now)});
  }

  DeliveryRate rate_;
  std::deque<Packet> packets_;
  TimePoint free_at_{};
  double credit_ = 0;
  std::uint64_t count_ = 0;
};

double megabytes_per_second(Path& path, Duration time) {
  const std::uint64_t before = path.delivered;
  path.run(time);
  return static_cast<double>(path.delivered - before) / std::chrono::duration<double>(time).count() / 1e6;
}

TEST(Bbr, FindsTheRateAndTheRoundTripTimeOfThePath) {
  Path path;
  path.run(seconds(3));
  EXPECT_NEAR(path.bbr.bandwidth(), 5e6, 0.5e6);
  EXPECT_NEAR(static_cast<double>(path.bbr.min_rtt().count()), 40e6, 2e6);
  EXPECT_GT(megabytes_per_second(path, seconds(10)), 0.9 * 5);
}

TEST(Bbr, DrainsTheQueueOfItsStartup) {
  Path path;
  path.run(seconds(3));
  EXPECT_TRUE(path.states.contains(Bbr::State::drain));
  path.longest_queue = 0;
  path.run(seconds(20));
  EXPECT_LT(path.longest_queue, 5e6 * 0.040);  // no more than a probe puts there
}

TEST(Bbr, GoesThroughItsCycleOfProbes) {
  Path path;
  path.run(seconds(20));
  using enum Bbr::State;
  EXPECT_EQ(path.states, (std::set{startup, drain, probe_down, probe_cruise, probe_refill, probe_up}));
}

TEST(Bbr, LetsTheQueueDrainWhenItHasNotSeenTheShortestRoundTripForLong) {
  Path path;
  path.run(seconds(3));
  path.rtt = milliseconds(60);
  path.run(seconds(12));
  EXPECT_TRUE(path.states.contains(Bbr::State::probe_rtt));
  EXPECT_NEAR(static_cast<double>(path.bbr.min_rtt().count()), 60e6, 3e6);
  EXPECT_NE(path.bbr.state(), Bbr::State::probe_rtt);
}

TEST(Bbr, FollowsAPathThatBecomesFaster) {
  Path path;
  path.run(seconds(5));
  path.bytes_per_second = 10e6;
  path.run(seconds(20));
  EXPECT_GT(megabytes_per_second(path, seconds(5)), 0.85 * 10);
}

TEST(Bbr, FollowsAPathThatBecomesSlower) {
  Path path;
  path.run(seconds(5));
  path.bytes_per_second = 2e6;
  path.run(seconds(15));
  path.longest_queue = 0;
  path.run(seconds(5));
  EXPECT_LT(path.longest_queue, 2e6 * 0.080);
}

TEST(Bbr, KeepsItsRateWhereLossIsNoSignOfAQueue) {
  Path path;
  path.lose_one_in = 20;
  path.run(seconds(3));
  EXPECT_GT(megabytes_per_second(path, seconds(20)), 0.8 * 5);
}

TEST(Bbr, LosesLittleWhereAShortQueueOverflows) {
  Path path;
  path.queue = 0.5 * 5e6 * 0.040;
  path.run(seconds(3));
  path.lost = 0;
  const std::uint64_t before = path.delivered;
  EXPECT_GT(megabytes_per_second(path, seconds(30)), 0.85 * 5);
  const auto packets = static_cast<double>((path.delivered - before) / kMtu);
  EXPECT_LT(static_cast<double>(path.lost), 0.01 * packets);
}

TEST(Bbr, ATimeoutLeavesFourPacketsAndUndoGivesTheWindowBack) {
  Path path;
  path.run(seconds(3));
  const std::size_t before = path.bbr.cwnd();
  path.bbr.on_timeout();
  EXPECT_EQ(path.bbr.cwnd(), 4 * kMtu);
  path.bbr.on_undo();
  EXPECT_GE(path.bbr.cwnd(), before);
}

TEST(Bbr, DoesNotPaceAPathThatIsShorterThanABurst) {
  const auto pacing_rate = [](Duration rtt) {
    Bbr bbr(kMtu);
    RateSample rate;
    rate.interval = rate.rtt = rtt;
    rate.delivered = rate.delivered_total = 10 * kMtu;
    bbr.on_ack({TimePoint{seconds(1)}, Tsn(1), true, 10 * kMtu, 10 * kMtu, 0, rate});
    return bbr.pacing_rate();
  };
  EXPECT_EQ(pacing_rate(std::chrono::microseconds(900)), 0);
  EXPECT_GT(pacing_rate(milliseconds(2)), 0);
}

}  // namespace
}  // namespace redan::sctp
