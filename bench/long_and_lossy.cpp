// Associations over a modelled bottleneck on virtual time: how fast a transfer is with loss and distance, how long the
// queue gets, and how flows share. The same in each run.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

constexpr sctp::StreamId kBulk(1);
constexpr sctp::StreamId kEcho(2);

/// A sender and a receiver.
struct Flow {
  Flow(std::uint64_t seed, ControllerKind kind) : random_a(2 * seed), random_b(2 * seed + 1) {
    AssociationConfig config;
    config.controller = kind;
    config.receive_window = 16U << 20U;
    a = std::make_unique<Association>(config, random_a);
    b = std::make_unique<Association>(config, random_b);
    stream = a->open_stream();
    a->assign_stream(stream, kBulk);
    ping = a->open_stream();
    a->assign_stream(ping, kEcho);
    pong = b->open_stream();
    b->assign_stream(pong, kEcho);
  }
  /// A small message beside the bulk, each 20 ms.
  void send_ping(TimePoint now) {
    if (now < next_ping) return;
    next_ping = now + milliseconds(20);
    std::array<std::uint8_t, 64> payload{};
    std::memcpy(payload.data(), &now, sizeof now);
    static_cast<void>(a->send(ping, {}, payload));
  }
  void on_pong(TimePoint now, Bytes payload) {
    TimePoint sent;
    std::memcpy(&sent, payload.data(), sizeof sent);
    round_trips.push_back(std::chrono::duration<double, std::milli>(now - sent).count());
  }
  void fill() {
    static const std::vector<std::uint8_t> payload(kMessage, 0x5A);
    while (a->buffered(stream) < kBuffered && a->send(stream, {}, payload)) {
    }
  }

  test::SeededRandom random_a, random_b;
  std::unique_ptr<Association> a, b;
  sctp::OutgoingStream stream, ping, pong;
  TimePoint next_ping = kNever;     // kNever: no pings
  std::vector<double> round_trips;  // ms
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
      flow.send_ping(now);
      flow.wait_a = std::min(drain(flow, *flow.a, there_, tag), flow.next_ping);
    }
    if (now >= flow.wait_b) flow.wait_b = drain(flow, *flow.b, back_, tag);
    return std::min(flow.wait_a, flow.wait_b);
  }
  void on_message(Flow& flow, const Association& at, const sctp::ReceivedMessage& message) {
    if (message.stream == kBulk) {
      flow.received += message.payload.size();
    } else if (&at == flow.b.get()) {
      static_cast<void>(flow.b->send(flow.pong, {}, message.payload));
    } else {
      flow.on_pong(now, message.payload);
    }
  }
  TimePoint drain(Flow& flow, Association& from, ModelledLink& link, int tag) {
    std::array<std::uint8_t, 1200> buffer;
    while (true) {
      const auto output = from.poll_output(now, buffer);
      if (const auto* wait = std::get_if<Wait>(&output)) return wait->until;
      if (const auto* transmit = std::get_if<sctp::Transmit>(&output)) link.send(now, tag, transmit->packet);
      if (const auto* message = std::get_if<sctp::ReceivedMessage>(&output)) on_message(flow, from, *message);
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

/// The round trip of a small message on a second channel while the first sends bulk.
void echo_beside_bulk(ControllerKind kind, const char* name) {
  LinkModel model;
  model.bytes_per_second = 12.5e6;
  model.queue = static_cast<std::size_t>(12.5e6 * 0.05);
  World world(model, 7);
  world.flows.push_back(std::make_unique<Flow>(7, kind));
  world.run(~std::uint64_t{0}, std::chrono::seconds(5));
  Flow& flow = *world.flows[0];
  flow.next_ping = flow.wait_a = world.now;
  world.run(~std::uint64_t{0}, std::chrono::seconds(30));
  std::ranges::sort(flow.round_trips);
  const auto quantile = [&](double q) {
    return flow.round_trips[static_cast<std::size_t>(q * static_cast<double>(flow.round_trips.size() - 1))];
  };
  std::printf(
      "  %-8s 100 Mbit/s, queue 1 BDP, echo beside bulk: p50 %5.1f ms, p95 %5.1f ms, p99 %5.1f ms (%zu echoes)\n", name,
      quantile(0.5), quantile(0.95), quantile(0.99), flow.round_trips.size());
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
    echo_beside_bulk(kind, name);
  }
  fairness(ControllerKind::rfc9260, ControllerKind::rfc9260, "rfc9260, rfc9260");
  fairness(ControllerKind::cubic, ControllerKind::cubic, "cubic, cubic");
  fairness(ControllerKind::bbr, ControllerKind::bbr, "bbr, bbr");
  fairness(ControllerKind::bbr, ControllerKind::cubic, "bbr, cubic");
  fairness(ControllerKind::cubic, ControllerKind::bbr, "cubic, bbr");
}

}  // namespace redan::bench
