// A client's signalling over a bus that loses, duplicates and reorders, while clients reconnect and runtimes lose their
// agents: the last client connects, nothing is delivered twice, and the order of each client's messages is kept.
#include <gtest/gtest.h>

#include <queue>
#include <random>
#include <set>

#include "cloud/bus/link_acceptor.hpp"

namespace redan::cloud {
namespace {

using std::chrono::milliseconds;

constexpr int kRuns = 1000;

/// Loses, duplicates and delays (and thereby reorders) frames; sometimes interrupted for a while, as when an agent
/// ends.
class Bus {
 public:
  explicit Bus(std::mt19937_64& random) : random_(random) {}
  void send(TimePoint now, bus::LinkFrame frame) {
    if (now < dark_until_) return;
    const int copies = chance(15) ? 0 : chance(15) ? 2 : 1;
    for (int i = 0; i < copies; ++i) in_flight_.emplace(now + milliseconds(pick(0, 40)), frame.text());
  }
  std::optional<bus::LinkFrame> receive(TimePoint now) {
    if (in_flight_.empty() || in_flight_.begin()->first > now) return std::nullopt;
    auto frame = bus::LinkFrame::parse(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    return frame;
  }
  void go_dark(TimePoint until) {
    dark_until_ = until;
    in_flight_.clear();
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  int pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

 private:
  std::mt19937_64& random_;
  std::multimap<TimePoint, std::string> in_flight_;
  TimePoint dark_until_{};
};

/// The messages between a client and a runtime before they are connected (docs/protocols/streaming.md): in turn, with
/// bursts of candidates in any order relative to the rest.
struct Client {
  std::string id;
  bus::Link link;
  std::vector<std::string> heard{};
  bool answered = false;
  bool connected = false;
  int candidates = 0;

  void on_message(TimePoint now, const std::string& body, Bus& bus) {
    heard.push_back(body);
    if (body == "resp:discover") say(now, "settings");
    if (body == "offer") {
      for (int i = bus.pick(0, 2); i > 0; --i) say(now, "candidate " + std::to_string(candidates++));
      say(now, "answer");
      for (int i = bus.pick(0, 3); i > 0; --i) say(now, "candidate " + std::to_string(candidates++));
    }
    if (body == "done") connected = true;
  }
  void say(TimePoint now, std::string body) {
    if (link.ended()) return;
    EXPECT_TRUE(link.send(now, std::move(body)));
  }
};

struct Runtime {
  bus::LinkAcceptor links{};
  struct Peer {
    std::vector<std::string> heard;
    bool answered = false;
  };
  std::map<std::string, Peer> peers{};
  std::string controller{};
  int order = -1;

  void on_message(TimePoint now, const std::string& link, const std::string& body, Bus& bus) {
    Peer& peer = peers[link];
    peer.heard.push_back(body);
    const auto say = [&](std::string text) { (void)links.send(now, link, std::move(text)); };
    if (body.starts_with("hello ")) {
      const int its_order = std::stoi(body.substr(6));
      if (its_order < order) return links.close(link, "displaced");
      if (!controller.empty()) links.close(controller, "displaced");
      controller = link;
      order = its_order;
    }
    if (body == "discover") say("resp:discover");
    if (body == "settings") {
      say("offer");
      for (int i = 0, count = bus.pick(0, 3); i < count; ++i) say("candidate " + std::to_string(i));
    }
    if (body == "answer") {
      EXPECT_FALSE(peer.answered) << "one negotiation for each client";
      peer.answered = true;
      say("done");
    }
  }
};

void check_order(const std::vector<std::string>& heard) {
  std::set<std::string> seen;
  int candidate = -1;
  for (const std::string& body : heard) {
    EXPECT_TRUE(seen.insert(body).second) << "told twice: " << body;
    if (!body.starts_with("candidate ")) continue;
    const int number = std::stoi(body.substr(10));
    EXPECT_GT(number, candidate);
    candidate = number;
  }
}

void run(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Bus up(random), down(random);
  Runtime runtime;
  std::vector<std::unique_ptr<Client>> clients;
  const auto join = [&](TimePoint now) {
    const std::string id = "c" + std::to_string(clients.size());
    clients.push_back(std::make_unique<Client>(Client{id, bus::Link(id)}));
    clients.back()->say(now, "hello " + std::to_string(clients.size()));
    clients.back()->say(now, "discover");
  };
  TimePoint now{};
  join(now);
  const int joins = up.pick(0, 3), outages = up.pick(0, 3);
  std::multimap<int, int> events;  // when, what: 0 another client, 1 an outage
  for (int i = 0; i < joins; ++i) events.emplace(up.pick(0, 600), 0);
  for (int i = 0; i < outages; ++i) events.emplace(up.pick(0, 600), 1);
  for (int ms = 0; ms < 30'000; ++ms, now += milliseconds(1)) {
    for (auto [event, end] = events.equal_range(ms); event != end; ++event) {
      if (event->second == 0) {
        if (up.chance(50)) clients.back()->link.close();  // or it just disconnects
        join(now);
      } else {
        const TimePoint back = now + milliseconds(up.pick(50, 1500));
        up.go_dark(back);
        down.go_dark(back);
      }
    }
    while (const auto frame = down.receive(now)) runtime.links.handle_input(now, *frame);
    while (const auto frame = up.receive(now)) {
      for (auto& client : clients) client->link.handle_input(now, *frame);
    }
    for (;;) {
      bus::LinkAcceptor::Output output = runtime.links.poll_output(now);
      if (std::holds_alternative<Wait>(output)) break;
      if (auto* transmit = std::get_if<bus::Link::Transmit>(&output)) up.send(now, transmit->frame);
      if (auto* deliver = std::get_if<bus::LinkAcceptor::Deliver>(&output)) {
        runtime.on_message(now, deliver->link, deliver->body, up);
      }
    }
    for (auto& client : clients) {
      for (;;) {
        bus::Link::Output output = client->link.poll_output(now);
        if (std::holds_alternative<Wait>(output)) break;
        if (auto* transmit = std::get_if<bus::Link::Transmit>(&output)) down.send(now, transmit->frame);
        if (auto* deliver = std::get_if<bus::Link::Deliver>(&output)) client->on_message(now, deliver->body, down);
      }
    }
    const bool last_is_in = clients.back()->connected && ms > 600;
    if (last_is_in && clients.back()->link.idle()) break;
  }
  EXPECT_TRUE(clients.back()->connected) << clients.size() << " clients, " << outages << " outages";
  for (const auto& client : clients) check_order(client->heard);
  for (const auto& [id, peer] : runtime.peers) check_order(peer.heard);
}

TEST(SignallingSimulation, TheLastClientAlwaysConnectsAndNothingIsDeliveredTwice) {
  for (std::uint64_t seed = 1; seed <= kRuns && !::testing::Test::HasFailure(); ++seed) run(seed);
}

}  // namespace
}  // namespace redan::cloud
