// Buses over real servers in one loop, in real time, and the events of their connections.
#pragma once

#include <algorithm>
#include <set>

#include "cloud/errors.hpp"
#include "tests/cloud/bus/contract.hpp"
#include "tests/interop/nats/nats_servers.hpp"

namespace redan::cloud::test {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;
using SteadyClock = std::chrono::steady_clock;

inline Provider& provider() {
  static const auto only = default_provider();
  return *only;
}

/// A bus and its status events.
struct Unit {
  std::vector<bus::NatsStatus> statuses;
  std::unique_ptr<bus::Bus> bus;

  [[nodiscard]] std::size_t connections() const {
    return static_cast<std::size_t>(std::count_if(statuses.begin(), statuses.end(), [](const bus::NatsStatus& status) {
      return status.connected && status.why == Errc{};
    }));
  }
};

class NatsFixture : public testing::Test {
 protected:
  void SetUp() override {
    if (nats_program().empty()) GTEST_SKIP() << "no nats-server (Debian: nats-server)";
  }

  /// With short timeouts, to keep tests fast; not connected yet.
  std::unique_ptr<Unit> start(bus::NatsConfig config) {
    auto unit = std::make_unique<Unit>();
    config.first_pause = std::min(config.first_pause, 50ms);
    config.longest_pause = 200ms;
    config.on_status = [raw = unit.get()](const bus::NatsStatus& status) { raw->statuses.push_back(status); };
    auto bus = bus::nats_bus(io_, std::move(config), provider());
    EXPECT_TRUE(bus) << name(bus.error());
    unit->bus = std::move(*bus);
    return unit;
  }
  std::unique_ptr<Unit> connect(bus::NatsConfig config) {
    auto unit = start(std::move(config));
    EXPECT_TRUE(until([&] { return unit->bus->is_connected(); })) << said(*unit);
    return unit;
  }
  /// The first status of a unit whose attempts fail.
  bus::NatsStatus failure(bus::NatsConfig config) {
    const auto unit = start(std::move(config));
    EXPECT_TRUE(until([&] { return !unit->statuses.empty(); }));
    EXPECT_FALSE(unit->bus->is_connected());
    EXPECT_EQ(unit->bus->publish("a", "x"), refuse(errc::bus_disconnected));
    EXPECT_EQ(wait(ask(io_, *unit->bus, "a", "x")), refuse(errc::bus_disconnected));
    return unit->statuses.empty() ? bus::NatsStatus() : unit->statuses[0];
  }

  bool until(const std::function<bool()>& done, std::chrono::milliseconds timeout = 10s) {
    return run_until(io_, done, timeout);
  }
  Result<std::string> wait(const std::shared_ptr<Reply>& reply) {
    EXPECT_TRUE(until([&] { return reply->has_value(); }));
    return reply->value_or(refuse(errc::bus_timeout));
  }
  /// Publishes until a unit has received it: a subscription takes time to reach all servers.
  bool publish_until(bus::Bus& bus, const std::string& subject, const std::function<bool()>& heard,
                     std::chrono::milliseconds timeout = 10s) {
    const auto end = SteadyClock::now() + timeout;
    while (SteadyClock::now() < end) {
      (void)bus.publish(subject, "x");
      if (until(heard, 20ms)) return true;
    }
    return false;
  }
  static std::string said(const Unit& unit) {
    std::string text;
    for (const bus::NatsStatus& status : unit.statuses) {
      text += status.server + (status.connected ? " connected " : " ") + std::string(name(status.why)) + " " +
              status.detail + "\n";
    }
    return text;
  }

  boost::asio::io_context io_{1};
};

}  // namespace redan::cloud::test
