// 200 sessions on a fleet of units; then one fault after the other. Established streams continue, no message is lost,
// no session is duplicated, and new clients can connect.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "net/clock.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/streaming/fleet.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSessions = 200;
constexpr std::size_t kVideos = 4;
constexpr auto kEvery = 250ms;
// The longest gap of a client's messages and video during a fault; the machine is busy with two hundred instances.
constexpr auto kLongestGap = 3s;

constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

class FleetTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (nats_program().empty() || etcd_program().empty()) return;
    fleet_ = std::make_unique<Fleet>(2 * kSessions);
  }
  static void TearDownTestSuite() { fleet_.reset(); }
  void SetUp() override {
    if (!fleet_) GTEST_SKIP() << "nats-server or etcd is not installed";
  }

  void expect_all_well(const char* fault) {
    std::size_t ended = 0;
    std::uint64_t lost = 0;
    Duration gap{};
    for (const auto& talk : fleet_->talks) {
      if (!talk->connected()) {
        ++ended;
        std::printf("  %s ended: %s\n", talk->session().c_str(), talk->client().problem().c_str());
      }
      talk->stop_sending();
    }
    fleet_->until(
        [&] {
          return std::all_of(fleet_->talks.begin(), fleet_->talks.end(),
                             [](const auto& talk) { return talk->received() == talk->sent(); });
        },
        10s);
    std::uint64_t messages = 0;
    for (const auto& talk : fleet_->talks) {
      lost += talk->sent() - talk->received();
      messages += talk->sent();
      gap = std::max(gap, talk->client().counts().longest_gap);
      EXPECT_TRUE(talk->in_order()) << talk->session();
    }
    std::printf("  %-28s longest gap %.2f s, %llu of %llu messages lost, %zu of %zu clients ended\n", fault,
                seconds(gap), static_cast<unsigned long long>(lost), static_cast<unsigned long long>(messages), ended,
                fleet_->talks.size());
    EXPECT_EQ(ended, 0U);
    EXPECT_EQ(lost, 0U);
    EXPECT_LT(gap, kLongestGap);
    const auto instances = fleet_->instances();
    EXPECT_EQ(instances.size(), fleet_->talks.size()) << "instances for sessions";
    for (const std::string& session : instances) EXPECT_EQ(instances.count(session), 1U) << session << " is doubled";
    for (const auto& talk : fleet_->talks) {
      const bool well = talk->connected() && talk->received() == talk->sent() && instances.contains(talk->session());
      if (!well) std::printf("%s", fleet_->logged_about(talk->session()).c_str());
    }
  }
  /// A fault while all clients send; then time for the other units to detect it.
  void during_talk(const std::function<void()>& fault, std::chrono::milliseconds after) {
    fleet_->talk(kEvery);
    fleet_->run_for(1s);
    fault();
    fleet_->run_for(after);
  }
  /// A new client connects, within a time that is printed.
  void expect_newcomer(std::size_t gateway, std::chrono::seconds timeout) {
    const TimePoint begin = net::now();
    bool in = false;
    while (!in && net::now() - begin < timeout) {
      in = fleet_->begin(gateway, gateway, false);
      if (!in) fleet_->run_for(200ms);
    }
    std::printf("  a newcomer at gateway-%zu is in after %.2f s\n", gateway + 1, seconds(net::now() - begin));
    EXPECT_TRUE(in);
  }

  /// For the second gateway, tokens that the first one issued for five minutes have expired long ago.
  void expect_refused_across() {
    const auto granted = wait_for(fleet_->io, fleet_->clients[0]->create(R"({"app":"demo"})"));
    ASSERT_TRUE(granted) << granted.error();
    const net::TlsRemote other = fleet_->remote(1);
    cmd::StreamClient& client = fleet_->clients[1]->open(*granted, {}, &other);
    EXPECT_TRUE(fleet_->until([&] { return client.state() == cmd::StreamClient::State::ended; }, 10s));
    EXPECT_NE(client.problem().find("401"), std::string::npos) << client.problem();
    EXPECT_EQ(wait_for(fleet_->io, fleet_->clients[0]->remove(granted->session)), 200U);
  }

  static inline std::unique_ptr<Fleet> fleet_;
};

// In this order: each test leaves the fleet intact.
TEST_F(FleetTest, A_TwoHundredSessionsStartOnTwoGatewaysAndTwoAgents) {
  const TimePoint begin = net::now();
  ASSERT_TRUE(fleet_->begin_many(kSessions, kVideos)) << fleet_->logs();
  ASSERT_TRUE(fleet_->all_connected(60s)) << fleet_->logs();
  std::printf("  %zu sessions connected in %.1f s\n", kSessions, seconds(net::now() - begin));
  during_talk([] {}, 3s);
  expect_all_well("nothing");
  for (std::size_t gateway : {0U, 1U}) {
    EXPECT_TRUE(fleet_->until([&] { return fleet_->sessions(gateway, "active") == kSessions; }, 20s));
  }
}

TEST_F(FleetTest, B_AGatewayIsKilled) {
  during_talk([&] { fleet_->gateways[0]->kill(); }, 2s);
  expect_newcomer(1, 10s);
  fleet_->gateways[0]->start();
  expect_newcomer(0, 10s);
  expect_all_well("gateway killed");
}

TEST_F(FleetTest, C_AnAgentIsKilledAndTheOtherTakesItsSessions) {
  during_talk([&] { fleet_->agents[0]->kill(); }, 4s);
  expect_newcomer(1, 20s);
  // The other agent serves its sessions: clients can join them.
  const auto joins = [&] {
    std::size_t joined = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      auto granted = wait_for(fleet_->io, fleet_->clients[1]->join(fleet_->talks[i]->session()));
      joined += granted.has_value();
    }
    return joined;
  };
  EXPECT_TRUE(fleet_->until([&] { return joins() == 10; }, 30s));
  fleet_->agents[0]->start();
  fleet_->run_for(2s);
  expect_all_well("agent killed");
}

TEST_F(FleetTest, D_ANatsServerIsKilled) {
  during_talk([&] { fleet_->nats.kill(0); }, 3s);
  expect_newcomer(0, 15s);
  expect_newcomer(1, 15s);
  fleet_->nats.start(0);
  expect_all_well("nats-server killed");
}

TEST_F(FleetTest, E_TheEtcdLeaderIsKilled) {
  std::size_t leader = 0;
  during_talk(
      [&] {
        leader = fleet_->etcd.leader();
        fleet_->etcd.kill(leader);
      },
      3s);
  expect_newcomer(0, 20s);
  fleet_->etcd.start(leader);
  expect_all_well("etcd leader killed");
}

TEST_F(FleetTest, F_AmsIsKilled) {
  during_talk([&] { fleet_->ams->kill(); }, 2s);
  fleet_->ams->start();
  expect_newcomer(0, 20s);
  expect_all_well("AMS killed");
}

TEST_F(FleetTest, G_AnAgentIsCutOffForTenSeconds) {
  during_talk([&] { fleet_->agents[1]->freeze(); }, 10s);
  fleet_->agents[1]->thaw();
  fleet_->run_for(3s);
  expect_newcomer(0, 20s);
  expect_newcomer(1, 20s);
  expect_all_well("agent cut off for 10 s");
}

// Its gateway is killed during the signalling: with the same grant it tries another one.
TEST_F(FleetTest, H_AClientDuringSignallingConnectsThroughAnotherGateway) {
  const auto granted =
      wait_for(fleet_->io, fleet_->clients[0]->create(R"({"app":"demo","screen":{"width":320,"height":180}})"));
  ASSERT_TRUE(granted) << granted.error();
  cmd::StreamClient& first = fleet_->clients[0]->open(*granted, {});
  fleet_->gateways[0]->kill();
  EXPECT_TRUE(fleet_->until([&] { return first.state() != cmd::StreamClient::State::signalling; }, 10s));
  const TimePoint begin = net::now();
  const net::TlsRemote other = fleet_->remote(1);
  cmd::StreamClient& again = fleet_->clients[1]->open(*granted, {}, &other);
  EXPECT_TRUE(fleet_->until([&] { return again.is_open("control"); }, 15s)) << again.problem();
  std::printf("  in through gateway-2 after %.2f s\n", seconds(net::now() - begin));
  again.close();
  EXPECT_EQ(wait_for(fleet_->io, fleet_->clients[1]->remove(granted->session)), 200U);
  fleet_->gateways[0]->start();
  fleet_->run_for(1s);
}

// A unit whose clock is one hour wrong refuses tokens of others, with no other effect.
TEST_F(FleetTest, I_TheClockOfAGatewayJumps) {
  if (!std::filesystem::exists(kFakeTime)) GTEST_SKIP() << "libfaketime is not installed (Debian: libfaketime)";
  ASSERT_TRUE(fleet_->gateways[1]->stop());
  const std::filesystem::path clock = fleet_->folder.path() / "clock";
  const auto set_clock = [&](const char* text) { std::ofstream(clock) << text << "\n"; };
  set_clock("+0");
  fleet_->gateways[1]->start({"env", std::string("LD_PRELOAD=") + kFakeTime,
                              "FAKETIME_TIMESTAMP_FILE=" + clock.string(), "FAKETIME_NO_CACHE=1",
                              "FAKETIME_DONT_FAKE_MONOTONIC=1"});
  expect_newcomer(1, 10s);
  for (const char* jump : {"+3600", "-3600"}) {
    during_talk([&] { set_clock(jump); }, 4s);
    if (*jump == '+') expect_refused_across();
    expect_newcomer(0, 10s);
    expect_newcomer(1, 10s);
    expect_all_well((std::string("clock ") + jump + " s").c_str());
  }
  ASSERT_TRUE(fleet_->gateways[1]->stop());
  fleet_->gateways[1]->start();
  expect_newcomer(1, 10s);
}

}  // namespace
}  // namespace redan::cloud::test
