// Candidates in the public interface. Whether they connect is the concern of tests/simulation/nat_simulation_test.cpp.
#include <gtest/gtest.h>

#include "tests/support/nat_world.hpp"
#include "tests/support/simulated_provider.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;

class Gathering : public testing::Test {
 protected:
  static std::vector<IceServer> servers(std::size_t count) {
    std::vector<IceServer> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(*IceServer::parse("stun:192.0.2.1"));
    return all;
  }
  Endpoint endpoint() {
    EndpointConfig config;
    config.local_addresses = {Address::v4({10, 0, 0, 1}, 5000)};
    return {config, test_identity(provider), provider};
  }
  static std::string offer_of(Endpoint& endpoint) { return endpoint.offer({})->offer; }

  std::unique_ptr<Provider> real = default_provider();
  SimulatedProvider provider{*real, 1};
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TEST_F(Gathering, ServersAreSetOnceAndBeforeTheFirstPeer) {
  Endpoint first = endpoint();
  ASSERT_TRUE(first.set_ice_servers(servers(2)));
  EXPECT_EQ(first.set_ice_servers(servers(1)), refuse(Errc::invalid_argument, "set once, before the first peer"));
  Endpoint second = endpoint();
  ASSERT_TRUE(second.offer({}));
  EXPECT_FALSE(second.set_ice_servers(servers(1)));
}

TEST_F(Gathering, TooManyServersAndUnresolvedOnesAreRefused) {
  Endpoint ours = endpoint();
  EXPECT_FALSE(ours.set_ice_servers(servers(kMaxIceServers + 1)));
  std::vector<IceServer> named;
  named.push_back(*IceServer::parse("stun:stun.example.org"));
  const auto refused = ours.set_ice_servers(std::move(named));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "stun:stun.example.org:3478: resolve the host first");
  EXPECT_TRUE(ours.set_ice_servers(servers(kMaxIceServers)));
}

TEST_F(Gathering, WithServersTheAgentIsFullAndTrickles) {
  Endpoint ours = endpoint();
  EXPECT_TRUE(has(offer_of(ours), "a=ice-lite"));
  Endpoint with = endpoint();
  ASSERT_TRUE(with.set_ice_servers(servers(1)));
  const std::string offer = offer_of(with);
  EXPECT_FALSE(has(offer, "a=ice-lite"));
  EXPECT_TRUE(has(offer, "a=ice-options:trickle ice2"));
  EXPECT_FALSE(has(offer, "a=end-of-candidates"));
}

TEST_F(Gathering, AnOfferAfterGatheringHasAllCandidates) {
  NatWorld world(provider, 1, {.first = {.nat = NatKind::symmetric, .relay = true}});
  ASSERT_TRUE(world.gather());
  const std::string offer = offer_of(world.first.endpoint);
  for (const auto* part : {" typ host", " typ srflx", " typ relay", "a=end-of-candidates"})
    EXPECT_TRUE(has(offer, part)) << part;
  EXPECT_FALSE(has(offer, "trickle"));
}

TEST_F(Gathering, RelayOnlyDescribesTheRelayAlone) {
  NatWorld world(provider, 1, {.first = {.nat = NatKind::symmetric, .relay = true, .transport = IceTransport::relay}});
  ASSERT_TRUE(world.gather());
  const std::string offer = offer_of(world.first.endpoint);
  EXPECT_TRUE(has(offer, " typ relay"));
  EXPECT_FALSE(has(offer, " typ host") || has(offer, " typ srflx"));
  EXPECT_FALSE(has(offer, "10.0.0.1") || has(offer, "5.5.5.1")) << offer;
}

TEST_F(Gathering, CandidatesThatCannotBeUsedAreCounted) {
  Endpoint ours = endpoint();
  ASSERT_TRUE(ours.set_ice_servers(servers(1)));
  const PeerId peer = ours.offer({})->peer;
  EXPECT_TRUE(ours.add_remote_candidate(peer, ""));
  EXPECT_TRUE(ours.add_remote_candidate(peer, "candidate:1 1 udp 1 203.0.113.1 5000 typ host"));
  EXPECT_EQ(ours.statistics(peer)->remote_candidates_ignored, 0U);
  for (const auto* text : {"candidate:1 1 udp 1 a1b2.local 5000 typ host", "1 1 tcp 1 203.0.113.1 9 typ host",
                           "1 1 udp 1 224.0.0.1 9 typ host", "1 2 udp 1 203.0.113.1 9 typ host"}) {
    EXPECT_TRUE(ours.add_remote_candidate(peer, text)) << text;
  }
  EXPECT_EQ(ours.statistics(peer)->remote_candidates_ignored, 4U);
}

TEST_F(Gathering, TextThatIsNoCandidateIsRefused) {
  Endpoint ours = endpoint();
  const PeerId peer = ours.offer({})->peer;
  EXPECT_EQ(ours.add_remote_candidate(peer, "nonsense").error().code, Errc::sdp_syntax);
  const std::string longest = "candidate:1 1 udp 1 203.0.113.1 5000 typ host x " + std::string(2000, 'y');
  EXPECT_EQ(ours.add_remote_candidate(peer, longest).error().code, Errc::sdp_syntax);
  EXPECT_EQ(ours.add_remote_candidate(PeerId{99}, "").error().code, Errc::unknown_peer);
}

TEST_F(Gathering, APeerThatLeavesEndsItsPermissions) {
  NatWorld world(provider, 2,
                 {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {.nat = NatKind::symmetric}});
  ASSERT_TRUE(world.gather());
  ASSERT_TRUE(world.connect());
  world.run(2s);
  EXPECT_EQ(world.wrong, "");
  world.first.endpoint.close(world.first.peer);
  ASSERT_TRUE(world.run(10s, [&] { return world.first.closed.has_value(); }));
  world.run(20min);  // the allocation is kept, the permissions are not renewed
  ASSERT_EQ(world.first.turn.allocations.size(), 1U);
  for (const auto& [ip, until] : world.first.turn.allocations.begin()->second.permissions)
    EXPECT_LE(until, world.now) << ip.text();
}

TEST_F(Gathering, ADescriptionCannotUseUpTheRelaysPermissions) {
  NatWorld world(provider, 3, {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {}});
  ASSERT_TRUE(world.gather());
  world.signal();
  for (int i = 0; i < 200; ++i) {
    (void)world.first.endpoint.add_remote_candidate(world.first.peer,
                                                    "1 1 udp 1 203.0.113." + std::to_string(i) + " 5000 typ host");
  }
  world.run(30s);
  EXPECT_LE(world.first.turn.allocations.begin()->second.permissions.size(), 40U);
}

// One after another, hostile peers take a part of what is left; it is never all.
TEST_F(Gathering, ManyHostilePeersLeavePermissionsForTheNext) {
  NatWorld world(provider, 4, {.first = {.nat = NatKind::symmetric, .relay = true}, .second = {}});
  ASSERT_TRUE(world.gather());
  Endpoint& ours = world.first.endpoint;
  std::size_t next = 0;
  for (int peer = 0; peer < 60; ++peer) {
    const auto offered = ours.accept(world.second.endpoint.offer({})->offer);
    ASSERT_TRUE(offered);
    for (int i = 0; i < 20; ++i, ++next) {
      (void)ours.add_remote_candidate(offered->peer, "1 1 udp 1 203." + std::to_string(next / 60'000) + "." +
                                                         std::to_string(next / 250 % 250) + "." +
                                                         std::to_string(next % 250 + 1) + " 5000 typ host");
    }
  }
  world.run(8s);
  const auto& permissions = world.first.turn.allocations.begin()->second.permissions;
  EXPECT_GT(permissions.size(), 500U) << "each has some";
  EXPECT_LT(permissions.size(), 1000U) << "and some are free";
}

}  // namespace
}  // namespace redan::test
