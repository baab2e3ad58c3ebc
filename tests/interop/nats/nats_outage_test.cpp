// What is lost and what recovers when real servers end, hang, or are too slow.
#include "cloud/errors.hpp"
#include "net/errors.hpp"
#include "tests/interop/nats/nats_fixture.hpp"

namespace redan::cloud::test {

namespace {

class NatsOutage : public NatsFixture {
 protected:
  /// The index of the server that this unit is connected to.
  static std::size_t home(const Unit& unit, const NatsServers& servers, std::size_t count) {
    const std::string& server = unit.statuses.back().server;
    for (std::size_t i = 0; i < count; ++i) {
      if (server == "127.0.0.1:" + std::to_string(servers.port(i))) return i;
    }
    throw std::runtime_error("connected to nobody known: " + server);
  }
  static bus::NatsConfig only(const NatsServers& servers, std::size_t server) {
    bus::NatsConfig config = servers.config();
    config.servers = {config.servers[server]};
    return config;
  }
};

// One server.

TEST_F(NatsOutage, TheUnitReconnectsWhenTheServerRestarts) {
  NatsServers servers(1);
  const auto unit = connect(servers.config());
  Heard heard;
  const auto subscription = unit->bus->subscribe("a", heard.tell());
  auto gone = unit->bus->subscribe("b", heard.tell());
  servers.kill(0);
  ASSERT_TRUE(until([&] { return !unit->bus->is_connected(); }));
  EXPECT_EQ(unit->bus->publish("a", "lost"), refuse(errc::bus_disconnected));
  gone->reset();
  const auto made_meanwhile = unit->bus->subscribe("c", heard.tell());
  servers.start(0);
  ASSERT_TRUE(until([&] { return unit->bus->is_connected(); })) << said(*unit);
  EXPECT_EQ(unit->connections(), 2U);
  for (const char* subject : {"a", "b", "c"}) EXPECT_TRUE(unit->bus->publish(subject, "x"));
  EXPECT_TRUE(until([&] { return heard.messages.size() >= 2; }));
  EXPECT_EQ(heard.messages, (Words{"a=x", "c=x"}));
}

TEST_F(NatsOutage, APendingRequestEndsAtOnceWhenTheConnectionBreaks) {
  NatsServers servers(1);
  const auto unit = connect(servers.config());
  const auto subscription = unit->bus->subscribe("a", [](const bus::BusMessage&) {});
  const auto reply = ask(io_, *unit->bus, "a", "", 60s);
  run_for(io_, 50ms);
  servers.kill(0);
  const auto begin = SteadyClock::now();
  EXPECT_EQ(wait(reply), refuse(errc::bus_disconnected));
  EXPECT_LT(SteadyClock::now() - begin, 1s);
}

TEST_F(NatsOutage, AnOutageIsReportedOnce) {
  NatsServers servers(1);
  const auto unit = connect(servers.config());
  servers.kill(0);
  run_for(io_, 1s);
  ASSERT_EQ(unit->statuses.size(), 3U) << said(*unit);
  EXPECT_EQ(unit->statuses[1].why, errc::bus_disconnected);
  EXPECT_EQ(unit->statuses[2].why, net::errc::connect_failed);
}

TEST_F(NatsOutage, ASilentServerIsDisconnectedAfterTwoPings) {
  NatsServers servers(1);
  bus::NatsConfig config = servers.config();
  config.ping_interval = 100ms;
  const auto unit = connect(std::move(config));
  run_for(io_, 500ms);
  ASSERT_TRUE(unit->bus->is_connected()) << "a server that answers stays: " << said(*unit);
  servers.freeze(0);
  const auto begin = SteadyClock::now();
  ASSERT_TRUE(until([&] { return !unit->statuses.back().connected; }));
  EXPECT_LT(SteadyClock::now() - begin, 600ms);
  EXPECT_EQ(unit->statuses.back().detail, "no answer to pings");
  servers.thaw(0);
  EXPECT_TRUE(until([&] { return unit->bus->is_connected(); })) << said(*unit);
}

TEST_F(NatsOutage, DataThatAServerDoesNotAcceptIsBounded) {
  NatsServers servers(1);
  bus::NatsConfig config = servers.config();
  config.max_outgoing = 1U << 20U;
  config.ping_interval = 60s;
  const auto unit = connect(std::move(config));
  servers.freeze(0);
  const std::string payload(100'000, 'x');
  std::size_t taken = 0;
  Result<void> published;
  while (published && taken < 200U << 20U) {
    published = unit->bus->publish("a", payload);
    if (published) taken += payload.size();
    run_for(io_, 1ms);
  }
  EXPECT_EQ(published, refuse(errc::bus_full));
  EXPECT_LT(taken, 20U << 20U) << "ours and the kernel's buffers";
  EXPECT_EQ(wait(ask(io_, *unit->bus, "a", payload)), refuse(errc::bus_full));
  servers.thaw(0);
  EXPECT_TRUE(until([&] { return unit->bus->publish("a", payload).has_value(); }));
  EXPECT_EQ(unit->connections(), 1U) << said(*unit);
}

TEST_F(NatsOutage, DataPublishedInOneTurnIsBounded) {
  NatsServers servers(1);
  bus::NatsConfig config = servers.config();
  config.max_outgoing = 1U << 20U;
  const auto unit = connect(std::move(config));
  std::size_t taken = 0;
  const std::string payload(1'000, 'x');
  while (unit->bus->publish("a", payload)) taken += payload.size();
  EXPECT_EQ(unit->bus->publish("a", payload), refuse(errc::bus_full));
  EXPECT_LE(taken, 1U << 20U);
  EXPECT_GT(taken, 900'000U);
  EXPECT_TRUE(until([&] { return unit->bus->publish("a", payload).has_value(); }));
}

TEST_F(NatsOutage, AUnitThatDoesNotReadIsDisconnectedAndReconnects) {
  NatsServers::Options options;
  options.more = "max_pending: 1MB\nwrite_deadline: \"500ms\"";
  NatsServers servers(1, options);
  boost::asio::io_context slow_io{1};
  Heard heard;
  std::vector<bus::NatsStatus> statuses;
  bus::NatsConfig config = servers.config();
  config.first_pause = 50ms;
  config.on_status = [&](const bus::NatsStatus& status) { statuses.push_back(status); };
  const auto slow = std::move(*nats_bus(slow_io, std::move(config), provider()));
  const auto subscription = slow->subscribe("a", heard.tell());
  ASSERT_TRUE(run_until(slow_io, [&] { return slow->is_connected(); }));
  const auto fast = connect(servers.config());
  const std::string payload(500'000, 'x');
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(until([&] { return fast->bus->publish("a", payload).has_value(); }));
    run_for(io_, 10ms);
  }
  run_for(io_, 1s);
  ASSERT_TRUE(run_until(slow_io, [&] { return statuses.size() >= 3; }));
  EXPECT_FALSE(statuses[1].connected);
  EXPECT_TRUE(statuses[2].connected);
  EXPECT_LT(heard.messages.size(), 40U);
  heard.messages.clear();
  EXPECT_TRUE(slow->publish("a", "again"));
  EXPECT_TRUE(run_until(slow_io, [&] { return heard.messages == Words{"a=again"}; }));
  EXPECT_EQ(fast->connections(), 1U);
}

TEST_F(NatsOutage, APayloadBeyondTheServersLimitIsRefusedHere) {
  NatsServers::Options options;
  options.more = "max_payload: 1000";
  NatsServers servers(1, options);
  const auto unit = connect(servers.config());
  Heard heard;
  const auto subscription = unit->bus->subscribe("a", heard.tell());
  EXPECT_TRUE(unit->bus->publish("a", std::string(1000, 'x')));
  EXPECT_EQ(unit->bus->publish("a", std::string(1001, 'x')), refuse(errc::bus_too_large));
  EXPECT_TRUE(until([&] { return heard.messages.size() == 1; }));
  EXPECT_EQ(unit->connections(), 1U);
}

// A cluster.

TEST_F(NatsOutage, TheLossOfOneOfThreeServersTakesLessThanASecond) {
  NatsServers servers(3);
  const auto unit = connect(servers.config());
  const auto witness = connect(servers.config());
  Heard heard;
  const auto subscription = unit->bus->subscribe("a", heard.tell());
  for (int round = 0; round < 3; ++round) {
    heard.messages.clear();
    ASSERT_TRUE(publish_until(*witness->bus, "a", [&] { return !heard.messages.empty(); })) << said(*unit);
    const std::size_t home_server = home(*unit, servers, 3);
    const std::size_t connections = unit->connections();
    servers.kill(home_server);
    const auto begin = SteadyClock::now();
    ASSERT_TRUE(until([&] { return unit->connections() > connections; })) << said(*unit);
    EXPECT_LT(SteadyClock::now() - begin, 1s);
    EXPECT_NE(home(*unit, servers, 3), home_server);
    heard.messages.clear();
    EXPECT_TRUE(publish_until(*witness->bus, "a", [&] { return !heard.messages.empty(); })) << said(*unit);
    servers.start(home_server);
    servers.wait_until_listening(home_server);
  }
}

TEST_F(NatsOutage, AnUnreachableServerIsSkippedAtTheStart) {
  NatsServers servers(3);
  servers.kill(0);
  servers.kill(1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(home(*connect(servers.config()), servers, 3), 2U);
}

TEST_F(NatsOutage, AQueueWorksAcrossServers) {
  constexpr std::size_t kCount = 300;
  NatsServers servers(3);
  std::vector<std::unique_ptr<Unit>> units;
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions;
  std::vector<Heard> heard(3);
  for (std::size_t i = 0; i < 3; ++i) {
    units.push_back(connect(only(servers, i)));
    subscriptions.push_back(std::move(*units[i]->bus->subscribe("work", heard[i].tell(), "q")));
    subscriptions.push_back(std::move(*units[i]->bus->subscribe("ready", heard[i].tell())));
  }
  const auto all_ready = [&] {
    return std::none_of(heard.begin(), heard.end(), [](const Heard& each) { return each.messages.empty(); });
  };
  for (const auto& unit : units) {
    for (Heard& each : heard) each.messages.clear();
    ASSERT_TRUE(publish_until(*unit->bus, "ready", all_ready));
  }
  run_for(io_, 100ms);
  for (Heard& each : heard) each.messages.clear();
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(units[i % 3]->bus->publish("work", std::to_string(i)));
  std::vector<std::string> all;
  const auto collect = [&] {
    all.clear();
    for (const Heard& each : heard) all.insert(all.end(), each.messages.begin(), each.messages.end());
    return all.size() >= kCount;
  };
  ASSERT_TRUE(until(collect));
  run_for(io_, 100ms);
  collect();
  EXPECT_EQ(all.size(), kCount);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), kCount) << "each once";
}

TEST_F(NatsOutage, ARequestWorksAcrossServers) {
  NatsServers servers(3);
  const auto one = connect(only(servers, 0));
  const auto other = connect(only(servers, 2));
  const auto echo = other->bus->subscribe("echo", [&](const bus::BusMessage& message) {
    EXPECT_TRUE(other->bus->publish(message.reply_to, message.payload));
  });
  const auto answered = [&] { return wait(ask(io_, *one->bus, "echo", "x", 500ms)) == "x"; };
  const auto end = SteadyClock::now() + 10s;
  bool done = answered();
  while (!done && SteadyClock::now() < end) done = answered();
  EXPECT_TRUE(done);
}

TEST_F(NatsOutage, AUnitLeavesAStoppingServerWithoutLosingItsRequest) {
  NatsServers servers(2);
  const auto unit = connect(servers.config());
  const std::size_t home_server = home(*unit, servers, 2);
  std::string reply_to;
  const auto responder = connect(only(servers, home_server));
  const auto subscription =
      responder->bus->subscribe("slow", [&](const bus::BusMessage& message) { reply_to = message.reply_to; });
  run_for(io_, 50ms);
  const auto reply = ask(io_, *unit->bus, "slow", "");
  ASSERT_TRUE(until([&] { return !reply_to.empty(); }));
  servers.retire(home_server);
  run_for(io_, 300ms);
  EXPECT_TRUE(responder->bus->publish(reply_to, "answer"));
  EXPECT_EQ(wait(reply), "answer");
  ASSERT_TRUE(until([&] { return unit->connections() == 2; }, 2s)) << said(*unit);
  EXPECT_NE(home(*unit, servers, 2), home_server);
  EXPECT_EQ(unit->statuses[1].detail, "the server is about to end");
}

TEST_F(NatsOutage, AUnitStaysOnTheOnlyServerUntilItEnds) {
  NatsServers servers(1);
  const auto unit = connect(servers.config());
  servers.retire(0);
  run_for(io_, 500ms);
  EXPECT_TRUE(unit->bus->is_connected()) << said(*unit);
}

TEST_F(NatsOutage, UnitsReconnectOneAfterTheOther) {
  NatsServers servers(1);
  std::vector<std::unique_ptr<Unit>> units;
  for (int i = 0; i < 30; ++i) units.push_back(connect(servers.config()));
  servers.kill(0);
  servers.start(0);
  servers.wait_until_listening(0);
  const auto back = [](const auto& unit) { return unit->connections() == 2; };
  EXPECT_TRUE(until([&] { return std::all_of(units.begin(), units.end(), back); }));
}

}  // namespace

}  // namespace redan::cloud::test
