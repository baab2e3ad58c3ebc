// Permissions, channels and data.
#include <gtest/gtest.h>

#include "tests/rtc/turn/turn_fixture.hpp"

namespace redan::test {
namespace {

using namespace std::chrono_literals;
using turn::Drop;
using turn::Method;
using turn::Step;

class TurnPeers : public TurnTest {};

TEST_F(TurnPeers, APermissionHoldsForAllPortsOfAnAddress) {
  ClientEnd& end = permitted();
  EXPECT_EQ(end.permitted, (std::vector{ModelServer::ip_of(kPeer)}));
  EXPECT_TRUE(end.client.permitted(now, kPeerOtherPort));
  EXPECT_FALSE(end.client.permitted(now, kOtherPeer));
  EXPECT_TRUE(end.client.permit(now, kPeerOtherPort));
  run({});
  EXPECT_EQ(count(Method::create_permission), 1);
}

TEST_F(TurnPeers, APermissionIsRefreshedEveryFourMinutes) {
  ClientEnd& end = permitted();
  run(239s);
  EXPECT_EQ(count(Method::create_permission), 1);
  run(2s);
  EXPECT_EQ(count(Method::create_permission), 2);
  for (int i = 0; i < 600; ++i) {
    run(6s);
    EXPECT_TRUE(end.send(now, kPeer, "x"));
  }
  EXPECT_EQ(server.relayed.size(), 600U);
  EXPECT_EQ(end.permitted.size(), 1U);
}

TEST_F(TurnPeers, NothingIsSentWithoutAPermission) {
  ClientEnd& end = start();
  EXPECT_FALSE(end.send(now, kPeer, "early"));
  ASSERT_TRUE(end.client.permit(now, kPeer));
  EXPECT_FALSE(end.send(now, kPeer, "early"));
  run({});
  EXPECT_TRUE(end.send(now, kPeer, "ok"));
  EXPECT_EQ(drops(Drop::not_sent), 2U);
}

TEST_F(TurnPeers, AnExpiredPermissionCarriesNothing) {
  ClientEnd& end = permitted();
  server.silent = true;
  run(264s);
  EXPECT_TRUE(end.send(now, kPeer, "x"));
  now += 36s;  // without a poll
  EXPECT_FALSE(end.send(now, kPeer, "x"));
}

TEST_F(TurnPeers, ARefusedPermissionIsAskedForAgainAfterAMinute) {
  server.refusals[Method::create_permission] = {403, "Forbidden IP"};
  ClientEnd& end = start();
  ASSERT_TRUE(end.client.permit(now, kPeer));
  run(59s);
  ASSERT_EQ(end.denied.size(), 1U);
  EXPECT_EQ(end.denied[0].peer, ModelServer::ip_of(kPeer));
  EXPECT_EQ(end.denied[0].failure.reason, turn::errc::turn_forbidden);
  EXPECT_EQ(end.denied[0].failure.step, Step::permission);
  EXPECT_EQ(count(Method::create_permission), 1);
  EXPECT_TRUE(end.client.allocated());
  server.refusals.clear();
  run(2s);
  EXPECT_EQ(count(Method::create_permission), 2);
  EXPECT_TRUE(end.client.permitted(now, kPeer));
}

TEST_F(TurnPeers, ARefusedPermissionThatIsForgottenIsNotAskedForAgain) {
  server.refusals[Method::create_permission] = {403, "Forbidden IP"};
  ClientEnd& end = start();
  ASSERT_TRUE(end.client.permit(now, kPeer));
  run(1s);
  end.client.forget(kPeer);
  run(1h);
  EXPECT_EQ(count(Method::create_permission), 1);
}

TEST_F(TurnPeers, ManyPeersShareAnAllocation) {
  ClientEnd& end = start();
  for (std::uint16_t i = 0; i < turn::Peers::kMaxPermissions; ++i) {
    const Address peer = Address::v4({10, 1, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)}, 1);
    ASSERT_TRUE(end.client.permit(now, peer));
  }
  EXPECT_EQ(end.client.permit(now, kPeer).error(), Errc::too_many);
  run(1s);
  EXPECT_EQ(end.permitted.size(), turn::Peers::kMaxPermissions);
  end.client.forget(Address::v4({10, 1, 0, 0}, 0));
  EXPECT_TRUE(end.client.permit(now, kPeer));
}

TEST_F(TurnPeers, AtMostTenRequestsAreInFlight) {
  ClientEnd& end = start();
  server.silent = true;
  const std::size_t before = end.sent.size();
  for (std::uint8_t i = 0; i < 100; ++i) ASSERT_TRUE(end.client.permit(now, Address::v4({10, 1, 0, i}, 1)));
  run(100ms);
  EXPECT_EQ(end.sent.size() - before, turn::Requests::kMax);
}

TEST_F(TurnPeers, PeersOfBothFamilies) {
  turn::Config both = config();
  both.families = turn::Families::both;
  ClientEnd& end = permitted(std::move(both));
  ASSERT_TRUE(end.client.permit(now, kPeer6));
  run({});
  EXPECT_TRUE(end.send(now, kPeer6, "six"));
  EXPECT_TRUE(end.send(now, kPeer, "four"));
  ASSERT_EQ(server.relayed.size(), 2U);
  EXPECT_EQ(server.relayed[0].peer, kPeer6);
  EXPECT_EQ(as_text(server.relayed[0].payload), "six");
  EXPECT_EQ(as_text(server.relayed[1].payload), "four");
  end.peer_sends(now, kPeer6, "hello");
  run({});
  ASSERT_EQ(end.received.size(), 1U);
  EXPECT_EQ(end.received[0], (std::pair{kPeer6, std::string("hello")}));
}

TEST_F(TurnPeers, DataOfAPeerThatIsNotWantedIsDropped) {
  ClientEnd& end = permitted();
  end.receive(now, server.data_indication(kOtherPeer, "intruder"));
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::not_permitted), 1U);
  end.client.forget(kPeer);
  end.receive(now, server.data_indication(kPeer, "late"));
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::not_permitted), 2U);
}

TEST_F(TurnPeers, AnIndicationWithoutPeerOrDataIsDropped) {
  ClientEnd& end = permitted();
  for (const bool with_peer : {true, false}) {
    Datagram out(200);
    stun::MessageBuilder builder(out, stun::Class::indication, {}, static_cast<std::uint16_t>(Method::data));
    if (with_peer) builder.xor_address(turn::attribute::xor_peer_address, kPeer);
    if (!with_peer) builder.attribute(turn::attribute::data, as_bytes("x"));
    end.receive(now, builder.finish());
  }
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::unexpected), 2U);
}

// Channels.

TEST_F(TurnPeers, AChannelReplacesIndicationsOnceItIsBound) {
  ClientEnd& end = permitted();
  EXPECT_TRUE(end.send(now, kPeer, "indication"));
  ASSERT_TRUE(end.client.bind(now, kPeer));
  EXPECT_TRUE(end.send(now, kPeer, "still"));
  run({});
  EXPECT_TRUE(end.send(now, kPeer, "channel"));
  ASSERT_EQ(server.relayed.size(), 3U);
  EXPECT_FALSE(server.relayed[1].on_channel);
  EXPECT_TRUE(server.relayed[2].on_channel);
  EXPECT_EQ(as_text(server.relayed[2].payload), "channel");
  EXPECT_EQ(end.client.statistics().channel_packets_sent, 1U);
  EXPECT_EQ(end.client.statistics().packets_sent, 3U);
  EXPECT_EQ(end.client.statistics().bytes_sent, 22U);
  end.peer_sends(now, kPeer, "back");
  run({});
  EXPECT_EQ(end.received.back(), (std::pair{kPeer, std::string("back")}));
  EXPECT_EQ(end.client.statistics().bytes_received, 4U);
}

TEST_F(TurnPeers, AChannelIsRefreshedBeforeTenMinutes) {
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  for (int i = 0; i < 360; ++i) {
    run(10s);
    ASSERT_TRUE(end.send(now, kPeer, "x"));
    ASSERT_TRUE(server.relayed.back().on_channel) << i;
  }
  EXPECT_EQ(server.relayed.size(), 360U);
}

TEST_F(TurnPeers, DataOnAnUnknownChannelIsDropped) {
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  for (const std::uint16_t number : std::array<std::uint16_t, 4>{0x4001, 0x4FFF, 0x5000, 0x7FFF}) {
    end.receive(now, ModelServer::channel_data(number, "x"));
  }
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::unknown_channel) + drops(Drop::malformed), 4U);
  end.receive(now, ModelServer::channel_data(0x4000, "x"));
  run({});
  EXPECT_EQ(end.received.size(), 1U);
}

TEST_F(TurnPeers, DataOfAForgottenChannelIsDropped) {
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  end.client.forget(kPeerOtherPort);
  end.receive(now, ModelServer::channel_data(0x4000, "x"));
  run({});
  EXPECT_TRUE(end.received.empty());
  EXPECT_EQ(drops(Drop::unknown_channel), 1U);
}

TEST_F(TurnPeers, AChannelNumberIsNotReusedBeforeItsGuardTime) {
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  end.client.forget(kPeer);
  ASSERT_TRUE(end.client.bind(now, kOtherPeer));
  run({});
  EXPECT_TRUE(end.denied.empty());
  EXPECT_EQ(server.allocations.begin()->second.channels.size(), 2U);
  run(14min);
  end.client.forget(kOtherPeer);
  const Address third = Address::v4({203, 0, 113, 7}, 1);
  ASSERT_TRUE(end.client.bind(now, third));
  run({});
  EXPECT_EQ(server.allocations.begin()->second.channels.size(), 3U);
  // 15 minutes after its last refresh the first number is free; the server agrees.
  run(16min);
  const Address fourth = Address::v4({203, 0, 113, 8}, 1);
  ASSERT_TRUE(end.client.bind(now, fourth));
  run({});
  EXPECT_TRUE(end.denied.empty());
  EXPECT_EQ(server.allocations.begin()->second.channels.at(0x4000).first, fourth);
}

TEST_F(TurnPeers, APeerThatComesBackGetsItsChannelAgain) {
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  end.client.forget(kPeer);
  run(12min);
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  EXPECT_TRUE(end.denied.empty());
  EXPECT_EQ(server.allocations.begin()->second.channels.size(), 1U);
}

TEST_F(TurnPeers, ARefusedChannelLeavesThePermission) {
  server.refusals[Method::channel_bind] = {508, "no channels"};
  ClientEnd& end = permitted();
  ASSERT_TRUE(end.client.bind(now, kPeer));
  run({});
  ASSERT_EQ(end.denied.size(), 1U);
  EXPECT_EQ(end.denied[0].failure.step, Step::channel);
  EXPECT_EQ(end.denied[0].peer, kPeer);
  EXPECT_TRUE(end.send(now, kPeer, "without a channel"));
  EXPECT_EQ(server.relayed.size(), 1U);
}

TEST_F(TurnPeers, ALostAllocationIsNoticedByAPermission) {
  ClientEnd& end = start();
  server.restart(now);
  ASSERT_TRUE(end.client.permit(now, kPeer));
  run({});
  ASSERT_TRUE(end.failed);
  EXPECT_EQ(end.failed->reason, turn::errc::turn_allocation_lost);
  EXPECT_EQ(end.failed->step, Step::permission);
}

TEST_F(TurnPeers, ABadRequestLeadsToARefreshThatTellsWhetherTheAllocationIsLost) {
  for (const bool lost : {false, true}) {
    server.restart(now);
    server.refusals.clear();
    ClientEnd& end = start();
    const int before = count(Method::refresh);
    if (lost) server.restart(now);
    server.refusals[Method::create_permission] = {400, "Bad Request"};
    ASSERT_TRUE(end.client.permit(now, kPeer));
    run({});
    EXPECT_EQ(end.denied.size(), 1U);
    EXPECT_GT(count(Method::refresh), before);
    EXPECT_EQ(end.failed.has_value(), lost);
  }
}

TEST_F(TurnPeers, AnExpiredCredentialAtAPermissionAsksForAnother) {
  ClientEnd& end = start();
  server.refusals[Method::create_permission] = {441, "wrong"};
  ASSERT_TRUE(end.client.permit(now, kPeer));
  run({});
  EXPECT_EQ(end.denied.size(), 1U);
  EXPECT_EQ(end.renewals.size(), 1U);
  EXPECT_FALSE(end.failed);
}

TEST_F(TurnPeers, CallsWithoutAnAllocationAreRefused) {
  ClientEnd& end = make(config());
  EXPECT_EQ(end.client.permit(now, kPeer).error(), Errc::not_connected);
  EXPECT_EQ(end.client.bind(now, kPeer).error(), Errc::not_connected);
}

TEST_F(TurnPeers, WrapNeedsRoomForHeaderAndPadding) {
  ClientEnd& end = permitted();
  std::vector<std::uint8_t> buffer(turn::kHeadroom + 10 + turn::kTailroom);
  EXPECT_FALSE(end.client.wrap(now, kPeer, buffer, 10).empty());
  EXPECT_TRUE(end.client.wrap(now, kPeer, buffer, 11).empty());
  std::vector<std::uint8_t> large(80'000);
  EXPECT_FALSE(end.client.wrap(now, kPeer, large, turn::kMaxPayload).empty());
  EXPECT_TRUE(end.client.wrap(now, kPeer, large, turn::kMaxPayload + 1).empty());
}

TEST_F(TurnPeers, WrapPadsOnAStreamOnly) {
  for (const auto& [transport, size] : {std::pair{turn::Transport::udp, 9U}, {turn::Transport::tcp, 12U}}) {
    server.restart(now);
    ClientEnd& end = permitted(config(transport));
    ASSERT_TRUE(end.client.bind(now, kPeer));
    run({});
    std::vector<std::uint8_t> buffer(turn::kHeadroom + 5 + turn::kTailroom, 0xEE);
    const MutableBytes message = end.client.wrap(now, kPeer, buffer, 5);
    EXPECT_EQ(message.size(), size);
    EXPECT_EQ(message[3], 5);
    if (size == 12) {
      EXPECT_EQ(message[11], 0);
    }
  }
}

}  // namespace
}  // namespace redan::test
