// Associations over a modelled bottleneck on virtual time: how fast a transfer is with loss and distance, how long the
// queue gets, and how flows share. The same in each run.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "bench/figure.hpp"
#include "bench/modelled_link.hpp"
#include "rtc/sctp/association.hpp"

namespace redan::bench {
namespace {

using sctp::Association;
using sctp::AssociationConfig;
using sctp::ControllerKind;
using std::chrono::milliseconds;

constexpr std::size_t kMessage = 16384;
constexpr std::size_t kBuffered = 8U << 20U;

/// A sender and a receiver.
struct Flow {
  Flow(std::uint64_t seed, ControllerKind kind) : random_a(2 * seed), random_b(2 * seed + 1) {
    AssociationConfig config;
    config.controller = kind;
    config.receive_window = 16U << 20U;
    a = std::make_unique<Association>(config, random_a);
    b = std::make_unique<Association>(config, random_b);
    stream = a->open_stream();
    a->assign_stream(stream, sctp::StreamId(1));
  }
  void fill() {
    static const std::vector<std::uint8_t> payload(kMessage, 0x5A);
    while (a->buffered(stream) < kBuffered && a->send(stream, {}, payload)) {
    }
  }

  test::SeededRandom random_a, random_b;
  std::unique_ptr<Association> a, b;
  sctp::OutgoingStream stream;
  TimePoint starts{};
  bool connecting = false;
  TimePoint wait_a{}, wait_b{};
  std::uint64_t received = 0;
};

/// All flows over one link in each direction.
class World {
 public:
  World(const LinkModel& model, std::uint64_t seed) : there_(model, seed), back_(model, seed + 1000) {}

  std::vector<std::unique_ptr<Flow>> flows;
  TimePoint now{};

  /// Until the first flow has delivered `bytes`, or the time is over.
  void run(std::uint64_t bytes, Duration at_most) {
    const TimePoint end = now + at_most;
    while (now < end && flows[0]->received < bytes) {
      TimePoint next = std::min({there_.next_arrival(), back_.next_arrival(), end});
      for (std::size_t i = 0; i < flows.size(); ++i) next = std::min(next, poll(*flows[i], static_cast<int>(i)));
      now = std::max(now, std::min({next, there_.next_arrival(), back_.next_arrival()}));
      deliver();
    }
  }
  [[nodiscard]] const ModelledLink& link() const { return there_; }

 private:
  void deliver() {
    while (there_.next_arrival() <= now) {
      auto arrived = there_.receive();
      Flow& flow = *flows[static_cast<std::size_t>(arrived.tag)];
      flow.b->handle_input(now, arrived.packet);
      flow.wait_b = now;
    }
    while (back_.next_arrival() <= now) {
      auto arrived = back_.receive();
      Flow& flow = *flows[static_cast<std::size_t>(arrived.tag)];
      flow.a->handle_input(now, arrived.packet);
      flow.wait_a = now;
    }
  }
  TimePoint poll(Flow& flow, int tag) {
    if (now < flow.starts) return flow.starts;
    if (!std::exchange(flow.connecting, true)) flow.a->connect();
    if (now >= flow.wait_a) {
      flow.fill();
      flow.wait_a = drain(*flow.a, there_, tag, flow.received, false);
    }
    if (now >= flow.wait_b) flow.wait_b = drain(*flow.b, back_, tag, flow.received, true);
    return std::min(flow.wait_a, flow.wait_b);
  }
  TimePoint drain(Association& from, ModelledLink& link, int tag, std::uint64_t& received, bool counts) {
    std::array<std::uint8_t, 1200> buffer;
    while (true) {
      const auto output = from.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<sctp::Transmit>(&output)) link.send(now, tag, transmit->packet);
      const auto* message = std::get_if<sctp::ReceivedMessage>(&output);
      if (message != nullptr && counts) received += message->payload.size();
      if (std::holds_alternative<sctp::Terminated>(output)) std::abort();
    }
  }

  ModelledLink there_, back_;
};

double seconds(TimePoint time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

/// MB/s of one transfer.
double transfer(ControllerKind kind, const LinkModel& model, std::uint64_t bytes, std::uint64_t seed) {
  World world(model, seed);
  world.flows.push_back(std::make_unique<Flow>(seed, kind));
  world.run(bytes, std::chrono::seconds(120));
  return static_cast<double>(world.flows[0]->received) / seconds(world.now) / 1e6;
}

/// The share of the link that a flow uses over 20 s, and the queueing delay.
void utilisation(ControllerKind kind, const char* name, std::size_t queue) {
  LinkModel model;
  model.bytes_per_second = 2.5e6;
  model.queue = queue;
  World world(model, 1);
  world.flows.push_back(std::make_unique<Flow>(1, kind));
  world.run(~std::uint64_t{0}, std::chrono::seconds(20));
  // 1,116 of 1,212 bytes on the wire are payload.
  const double share = static_cast<double>(world.flows[0]->received) / 20 / 2.5e6 / 0.92;
  std::printf(
      "  %-8s 20 Mbit/s, queue %4zu KiB: utilisation %5.1f %%, queueing delay mean %5.1f ms, longest %5.1f ms\n", name,
      queue / 1024, 100 * share, 1e3 * world.link().mean_wait(), 1e3 * world.link().longest_wait());
}

/// The shares of two flows over 60 s from the start of the second, on a queue of one BDP.
void fairness(ControllerKind first, ControllerKind second, const char* names) {
  LinkModel model;
  model.bytes_per_second = 12.5e6;
  model.queue = static_cast<std::size_t>(12.5e6 * 0.05);
  World world(model, 5);
  world.flows.push_back(std::make_unique<Flow>(1, first));
  world.flows.push_back(std::make_unique<Flow>(2, second));
  world.flows[1]->starts = TimePoint{} + std::chrono::seconds(5);
  world.run(~std::uint64_t{0}, std::chrono::seconds(20));
  const std::uint64_t before[] = {world.flows[0]->received, world.flows[1]->received};
  world.run(~std::uint64_t{0}, std::chrono::seconds(60));
  const auto a = static_cast<double>(world.flows[0]->received - before[0]);
  const auto b = static_cast<double>(world.flows[1]->received - before[1]);
  std::printf("  %-16s 100 Mbit/s, queue 1 BDP: %4.1f %% and %4.1f %%, together %4.1f Mbit/s\n", names,
              100 * a / (a + b), 100 * b / (a + b), (a + b) * 8 / 60e6);
}

constexpr struct {
  ControllerKind kind;
  const char* name;
} kKinds[] = {
    {ControllerKind::rfc9260, "rfc9260"},
    {ControllerKind::cubic, "cubic"},
    {ControllerKind::bbr, "bbr"},
};

}  // namespace

void long_and_lossy() {
  for (const auto& [kind, name] : kKinds) {
    for (const double loss : {0.0, 0.001, 0.01, 0.05}) {
      LinkModel model;
      model.loss = loss;
      std::printf("  %-8s 1 Gbit/s, 50 ms, loss %4.1f %%: 10 MB at %6.2f MB/s, 100 MB at %6.2f MB/s\n", name,
                  100 * loss, transfer(kind, model, 10'000'000, 3), transfer(kind, model, 100'000'000, 3));
      std::fflush(stdout);
    }
    LinkModel model;
    model.reordered = 0.05;
    std::printf("  %-8s 1 Gbit/s, 50 ms, 5 %% come 5 ms late: 100 MB at %6.2f MB/s\n", name,
                transfer(kind, model, 100'000'000, 3));
    utilisation(kind, name, 64U << 10U);
    utilisation(kind, name, 1U << 20U);
  }
  fairness(ControllerKind::rfc9260, ControllerKind::rfc9260, "rfc9260, rfc9260");
  fairness(ControllerKind::cubic, ControllerKind::cubic, "cubic, cubic");
  fairness(ControllerKind::bbr, ControllerKind::bbr, "bbr, bbr");
  fairness(ControllerKind::bbr, ControllerKind::cubic, "bbr, cubic");
  fairness(ControllerKind::cubic, ControllerKind::bbr, "cubic, bbr");
}

}  // namespace redan::bench
