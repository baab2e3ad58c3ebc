// Two shards on loopback in one event loop, in real time.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <redan/asio.hpp>

#include "net/socket_address.hpp"
#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;

TEST(Shard, DeliversBulkDataCompletelyAndEndsWithItsPeer) {
  const auto provider = default_provider();
  boost::asio::io_context io{1};
  const Address loopback = Address::v4({127, 0, 0, 1}, 0);
  std::size_t received = 0;
  bool intact = true;
  bool server_closed = false;
  auto server = Shard::open(io, {.local_addresses = {loopback}}, test::test_identity(*provider), *provider,
                            [&](Endpoint&, const Output& output) {
                              if (const auto* message = std::get_if<Message>(&output)) {
                                const auto expected = static_cast<std::uint8_t>(received / 65'536);
                                intact =
                                    intact && message->payload.size() == 65'536 && message->payload[777] == expected;
                                received += message->payload.size();
                              }
                              server_closed = server_closed || std::holds_alternative<Closed>(output);
                            });
  ASSERT_TRUE(server);
  constexpr std::size_t kTotal = 64U << 20U;
  std::size_t sent = 0;
  PeerId peer;
  ChannelId channel;
  std::vector<std::uint8_t> message(65'536);
  const auto push = [&](Endpoint& endpoint) {
    (void)endpoint.set_buffered_amount_low_threshold(peer, channel, 1U << 20U);
    while (sent < kTotal && endpoint.buffered_amount(peer, channel).value_or(kTotal) < (4U << 20U)) {
      std::fill(message.begin(), message.end(), static_cast<std::uint8_t>(sent / message.size()));
      if (!endpoint.send(peer, channel, MessageKind::binary, message)) break;
      sent += message.size();
    }
  };
  auto client = Shard::open(io, {.local_addresses = {loopback}, .announce_lite = false}, test::test_identity(*provider),
                            *provider, [&](Endpoint& endpoint, const Output& output) {
                              const bool opened = std::holds_alternative<ChannelOpened>(output);
                              if (opened || std::holds_alternative<BufferedAmountLow>(output)) push(endpoint);
                            });
  ASSERT_TRUE(client);
  const auto offered = (*client)->endpoint().offer({});
  ASSERT_TRUE(offered);
  peer = offered->peer;
  channel = *(*client)->endpoint().open_channel(peer, "bulk");
  const auto accepted = (*server)->endpoint().accept(offered->offer);
  ASSERT_TRUE(accepted);
  ASSERT_TRUE((*client)->endpoint().complete(peer, accepted->answer));
  (*client)->wake();
  (*server)->wake();

  const auto until = [&](const std::function<bool()>& done) {
    for (const auto end = std::chrono::steady_clock::now() + 30s; !done() && std::chrono::steady_clock::now() < end;) {
      io.restart();
      io.run_for(10ms);
    }
    return done();
  };
  EXPECT_TRUE(until([&] { return received == kTotal; })) << received;
  EXPECT_TRUE(intact);
  (*client)->endpoint().close(peer);
  (*client)->wake();
  EXPECT_TRUE(until([&] { return server_closed; }));
}

TEST(Shard, RefusesAWildcardAddressWhichNoPeerCanReach) {
  const auto provider = default_provider();
  boost::asio::io_context io{1};
  for (const char* wildcard : {"0.0.0.0", "::"}) {
    const auto shard = Shard::open(io, {.local_addresses = {*Address::parse(wildcard, 0)}},
                                   test::test_identity(*provider), *provider, [](Endpoint&, const Output&) {});
    ASSERT_FALSE(shard);
    EXPECT_EQ(shard.error(), Errc::invalid_argument);
  }
}

TEST(Shard, AllAddressesShareOnePort) {
  const auto provider = default_provider();
  boost::asio::io_context io{1};
  auto shard = Shard::open(io, {.local_addresses = {Address::v4({127, 0, 0, 1}, 0), Address::v4({127, 0, 0, 2}, 0)}},
                           test::test_identity(*provider), *provider, [](Endpoint&, const Output&) {});
  ASSERT_TRUE(shard);
  const auto& addresses = (*shard)->local_addresses();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_NE(addresses[0].port(), 0);
  EXPECT_EQ(addresses[0].port(), addresses[1].port());
}

// Replies leave from the address that the peer used, whatever another party sends to other addresses of ours.
TEST(Shard, DatagramsToAnotherOfOurAddressesDoNotDivertReplies) {
  const auto provider = default_provider();
  boost::asio::io_context io{1};
  const Address first = Address::v4({127, 0, 0, 1}, 0), second = Address::v4({127, 0, 0, 2}, 0);
  int echoed = 0;
  auto server = Shard::open(io, {.local_addresses = {first, second}}, test::test_identity(*provider), *provider,
                            [&](Endpoint& endpoint, const Output& output) {
                              if (const auto* message = std::get_if<Message>(&output))
                                (void)endpoint.send(message->peer, message->channel, message->kind, message->payload);
                            });
  std::optional<std::pair<PeerId, ChannelId>> open;
  auto client = Shard::open(io, {.local_addresses = {second}, .announce_lite = false}, test::test_identity(*provider),
                            *provider, [&](Endpoint&, const Output& output) {
                              if (const auto* opened = std::get_if<ChannelOpened>(&output))
                                open = {opened->peer, opened->channel};
                              echoed += std::holds_alternative<Message>(output) ? 1 : 0;
                            });
  ASSERT_TRUE(server && client);
  const auto offered = (*client)->endpoint().offer({});
  ASSERT_TRUE((*client)->endpoint().open_channel(offered->peer, "echo"));
  auto accepted = (*server)->endpoint().accept(offered->offer);
  ASSERT_TRUE(accepted);
  // The client uses the second one.
  const std::size_t line = accepted->answer.find("a=candidate:");
  accepted->answer.erase(line, accepted->answer.find("\r\n", line) + 2 - line);
  ASSERT_TRUE((*client)->endpoint().complete(offered->peer, accepted->answer));
  (*client)->wake();
  (*server)->wake();
  const auto until = [&](const std::function<bool()>& done) {
    for (const auto end = std::chrono::steady_clock::now() + 10s; !done() && std::chrono::steady_clock::now() < end;) {
      io.restart();
      io.run_for(1ms);
    }
    return done();
  };
  ASSERT_TRUE(until([&] { return open.has_value(); }));
  // From so many ports that some of them would collide with the client's in any small table.
  net::SocketAddress to((*server)->local_addresses()[0]);
  int expected = 0;
  for (int i = 0; i < 20'000; ++i) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    ASSERT_EQ(::sendto(fd, "xy", 2, 0, to.get(), to.size), 2);
    ::close(fd);
    if (i % 500 != 0) continue;
    ASSERT_TRUE((*client)->endpoint().send(open->first, open->second, MessageKind::text, as_bytes("?")));
    (*client)->wake();
    ++expected;
    ASSERT_TRUE(until([&] { return echoed == expected; })) << i;
  }
}

TEST(Shard, CarriesDatagramsOfJumboFrames) {
  const auto provider = default_provider();
  boost::asio::io_context io{1};
  const Address loopback = Address::v4({127, 0, 0, 1}, 0);
  const std::size_t mtu = 9000;
  std::size_t received = 0;
  auto server = Shard::open(io, {.local_addresses = {loopback}, .mtu = mtu}, test::test_identity(*provider), *provider,
                            [&](Endpoint&, const Output& output) {
                              if (const auto* message = std::get_if<Message>(&output))
                                received += message->payload.size();
                            });
  PeerId peer;
  ChannelId channel;
  const std::vector<std::uint8_t> message(1'000'000);
  auto client = Shard::open(io, {.local_addresses = {loopback}, .mtu = mtu, .announce_lite = false},
                            test::test_identity(*provider), *provider, [&](Endpoint& endpoint, const Output& output) {
                              if (std::holds_alternative<ChannelOpened>(output))
                                (void)endpoint.send(peer, channel, MessageKind::binary, message);
                            });
  ASSERT_TRUE(server && client);
  EXPECT_EQ((*client)->endpoint().max_datagram(), mtu);
  const auto offered = (*client)->endpoint().offer({});
  peer = offered->peer;
  channel = *(*client)->endpoint().open_channel(peer, "bulk");
  const auto accepted = (*server)->endpoint().accept(offered->offer);
  ASSERT_TRUE((*client)->endpoint().complete(peer, accepted->answer));
  (*client)->wake();
  (*server)->wake();
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       received < message.size() && std::chrono::steady_clock::now() < end;) {
    io.restart();
    io.run_for(10ms);
  }
  EXPECT_EQ(received, message.size());
  const std::uint64_t datagrams = (*client)->endpoint().statistics().datagrams_out;
  EXPECT_LT(datagrams, 300U) << "1 MB in datagrams of 9,000 bytes";
}

}  // namespace
}  // namespace redan
