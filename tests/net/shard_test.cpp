// Two shards on loopback in one event loop, in real time.
#include <gtest/gtest.h>

#include <redan/asio.hpp>

#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;

TEST(Shard, CarriesBulkDataWholeAndEndsWithItsPeer) {
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

}  // namespace
}  // namespace redan
