// Two endpoints behind NATs of every kind, with and without relays, through a bad network and bad signalling: they
// connect exactly where a path exists, and send nothing but a few checks to addresses that proved nothing. A failing
// seed is printed and can be replayed bit for bit. 10,000 seeds: REDAN_NAT_SEEDS=10000 nat_simulation_test
#include <gtest/gtest.h>

#include <cstdlib>

#include "rtc/ice/full_agent.hpp"
#include "tests/support/nat_world.hpp"
#include "tests/support/simulated_provider.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;

std::uint64_t seeds() {
  const char* wanted = std::getenv("REDAN_NAT_SEEDS");
  return wanted == nullptr ? 2000 : std::strtoull(wanted, nullptr, 10);
}

NatWorldOptions options_of(SeededRandom& random) {
  NatWorldOptions options;
  for (NatSideOptions* side : {&options.first, &options.second}) {
    side->nat = static_cast<NatKind>(random.below(5));
    side->relay = random.chance(0.4);
    side->reach = random.chance(0.3) ? RemoteAddresses::public_only : RemoteAddresses::any;
    if (side->relay && random.chance(0.2)) side->transport = IceTransport::relay;
  }
  options.loss = random.chance(0.5) ? 0 : 0.2 * static_cast<double>(random.below(1000)) / 1000;
  options.duplicate = random.chance(0.5) ? 0.1 : 0;
  options.jitter = std::chrono::milliseconds(random.below(50));
  options.hostile_candidates = random.chance(0.5);
  return options;
}

TEST(NatSimulation, ConnectsExactlyWhereAPathExistsAndSendsNothingElsewhere) {
  const auto real = default_provider();
  std::size_t most = 0, connected = 0, without_path = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimulatedProvider provider(*real, seed);
    SeededRandom random(seed * 11);
    const NatWorldOptions options = options_of(random);
    NatWorld world(provider, seed * 13, options);
    ASSERT_TRUE(random.chance(0.5) || world.gather());
    const bool done = world.connect(60s);
    ASSERT_EQ(world.wrong, "");
    ASSERT_EQ(done, world.reachable()) << "NATs " << int(options.first.nat) << " and " << int(options.second.nat)
                                       << ", relays " << options.first.relay << options.second.relay << ", loss "
                                       << options.loss << ", transport " << int(options.first.transport)
                                       << int(options.second.transport);
    ++(done ? connected : without_path);
    ASSERT_TRUE(done || world.first.closed == Errc::ice_timeout);
    for (const auto& [address, count] : world.strays) most = std::max(most, count);
    if (!done) continue;
    for (const NatWorld::Side* side : {&world.first, &world.second}) {
      const bool hidden = side->options.transport == IceTransport::relay && side->selected;
      ASSERT_TRUE(!hidden || side->selected->local_type == CandidateType::relayed);
    }
    // A message arrives, however the path runs.
    while (!world.first.endpoint.send(world.first.peer, *world.first.channel, MessageKind::text, as_bytes("hello")))
      world.run(100ms);
    ASSERT_TRUE(world.run(60s, [&] { return !world.second.messages.empty(); }));
    ASSERT_EQ(world.wrong, "");
  }
  std::printf("%zu connected, %zu have no path; at most %zu datagrams to an address that proved nothing\n", connected,
              without_path, most);
  // From the host and the relayed address of both sides, with duplicates of the network.
  EXPECT_LE(most, 2 * 2 * 2 * ice::FullAgent::kMaxChecks);
}

TEST(NatSimulation, APathThatBecomesDirectReplacesTheRelayedOne) {
  const auto real = default_provider();
  SimulatedProvider provider(*real, 1);
  NatWorld world(provider, 1,
                 {.first = {.nat = NatKind::port_restricted, .relay = true},
                  .second = {.nat = NatKind::port_restricted, .relay = true}});
  ASSERT_TRUE(world.connect());
  world.run(5s);
  EXPECT_NE(world.first.selected->local_type, CandidateType::relayed);
  EXPECT_NE(world.second.selected->local_type, CandidateType::relayed);
}

TEST(NatSimulation, TwoSymmetricNatsAreConnectedByOneRelay) {
  const auto real = default_provider();
  SimulatedProvider provider(*real, 2);
  NatWorld world(provider, 2,
                 {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {.nat = NatKind::symmetric}});
  ASSERT_TRUE(world.gather());
  ASSERT_TRUE(world.connect());
  world.run(2s);
  EXPECT_EQ(world.first.selected->local_type, CandidateType::relayed);
  EXPECT_EQ(world.first.selected->path.local, world.first.turn.options.relayed4);
  EXPECT_FALSE(world.first.turn.allocations.begin()->second.channels.empty()) << "the selected path has a channel";
  world.run(10min);
  EXPECT_FALSE(world.first.closed || world.second.closed);
}

TEST(NatSimulation, WithoutTheRelayTheSessionEndsAndThePeerIsTold) {
  const auto real = default_provider();
  SimulatedProvider provider(*real, 3);
  NatWorld world(provider, 3,
                 {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {.nat = NatKind::symmetric}});
  ASSERT_TRUE(world.connect());
  world.run(2s);
  world.first.turn.silent = true;
  EXPECT_TRUE(world.run(20min, [&] { return world.first.closed && world.second.closed; }));
  EXPECT_EQ(world.first.closed, Errc::ice_consent_expired);
  EXPECT_TRUE(world.run(20min, [&] { return !world.first.failures.empty(); })) << "and the relay's end is reported";
}

TEST(NatSimulation, TheOtherSidesRelayReplacesOneThatEnds) {
  const auto real = default_provider();
  SimulatedProvider provider(*real, 4);
  NatWorld world(
      provider, 4,
      {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {.nat = NatKind::symmetric, .relay = true}});
  ASSERT_TRUE(world.gather());
  ASSERT_TRUE(world.connect());
  world.run(5s);
  // Either side's relay may carry the session, which ends.
  NatWorld::Side& used = world.first.selected->local_type == CandidateType::relayed ? world.first : world.second;
  ASSERT_EQ(used.selected->local_type, CandidateType::relayed);
  used.turn.silent = true;
  world.run(3min);
  EXPECT_FALSE(world.first.closed || world.second.closed);
  ASSERT_TRUE(world.first.endpoint.send(world.first.peer, *world.first.channel, MessageKind::text, as_bytes("still")));
  EXPECT_TRUE(world.run(30s, [&] { return !world.second.messages.empty(); }));
}

}  // namespace
}  // namespace redan::test
