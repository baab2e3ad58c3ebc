#include <gtest/gtest.h>

#include <redan/endpoint.hpp>

#include "tests/support/endpoint_pair.hpp"
#include "tests/support/simulated_provider.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::EndpointPair;
using test::EndpointPairOptions;

class EndpointTest : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();

  // Connects, with one open channel labelled "chat" on both sides.
  void open_chat(EndpointPair& pair) {
    pair.signal();
    ASSERT_TRUE(pair.offerer.endpoint.open_channel(pair.offerer_peer, "chat"));
    ASSERT_TRUE(pair.run(30s, [&] { return pair.offerer.channel("chat") && pair.answerer.channel("chat"); }));
  }
};

TEST_F(EndpointTest, TwoPeersConnectAndExchangeMessages) {
  EndpointPair pair(*provider);
  open_chat(pair);
  const ChannelId chat = *pair.offerer.channel("chat");
  pair.answerer.echo = true;
  ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, chat, MessageKind::text, as_bytes("hello")));
  ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, chat, MessageKind::binary, {}));
  ASSERT_TRUE(pair.run(10s, [&] { return pair.offerer.messages.size() == 2; }));
  EXPECT_EQ(pair.offerer.messages[0], (test::ReceivedMessage{chat, MessageKind::text, "hello"}));
  EXPECT_EQ(pair.offerer.messages[1], (test::ReceivedMessage{chat, MessageKind::binary, ""}));
}

TEST_F(EndpointTest, EitherSideMayBeTheDtlsServer) {
  for (const DtlsRole role : {DtlsRole::client, DtlsRole::server}) {
    EndpointPairOptions options;
    options.accept.dtls_role = role;
    EndpointPair pair(*provider, options);
    open_chat(pair);
    const auto ours = pair.answerer.endpoint.security(pair.answerer_peer);
    const auto theirs = pair.offerer.endpoint.security(pair.offerer_peer);
    ASSERT_TRUE(ours && theirs);
    EXPECT_EQ(ours->dtls_role, role);
    EXPECT_NE(theirs->dtls_role, role);
    EXPECT_TRUE(ours->remote_fingerprint.equals(theirs->local_fingerprint));
    EXPECT_TRUE(theirs->remote_fingerprint.equals(ours->local_fingerprint));
    EXPECT_EQ(ours->cipher_suite, theirs->cipher_suite);
    EXPECT_EQ(ours->path, (Path{pair.answerer.address, pair.offerer.address}));
  }
}

TEST_F(EndpointTest, MessagesOfOneMebibyteArriveCompletely) {
  EndpointPair pair(*provider);
  open_chat(pair);
  pair.answerer.echo = true;
  std::string big(1U << 20U, '\0');
  test::SeededRandom random(5);
  for (char& c : big) c = static_cast<char>(random.next());
  ASSERT_TRUE(
      pair.offerer.endpoint.send(pair.offerer_peer, *pair.offerer.channel("chat"), MessageKind::binary, as_bytes(big)));
  ASSERT_TRUE(pair.run(60s, [&] { return pair.offerer.messages.size() == 1; }));
  EXPECT_TRUE(pair.offerer.messages[0].payload == big);
  big.push_back('x');
  const auto refused =
      pair.offerer.endpoint.send(pair.offerer_peer, *pair.offerer.channel("chat"), MessageKind::binary, as_bytes(big));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::channel_message_too_large);
}

TEST_F(EndpointTest, MediaFlowsInBothDirectionsWhenAgreed) {
  EndpointPairOptions options;
  options.plan = {true, true, true};
  EndpointPair pair(*provider, options);
  open_chat(pair);
  std::vector<std::uint8_t> packet(200 + kSrtpTrailer, 0x55);
  packet[0] = 0x80;
  packet[1] = 96;
  for (std::uint8_t i = 0; i < 10; ++i) {
    std::vector<std::uint8_t> copy = packet;
    copy[3] = i;
    ASSERT_TRUE(pair.offerer.endpoint.send_media(pair.offerer_peer, MediaKind::rtp, copy, 200));
  }
  std::vector<std::uint8_t> report(28 + kSrtpTrailer, 0);
  report[0] = 0x80;
  report[1] = 200;
  report[3] = 6;
  ASSERT_TRUE(pair.answerer.endpoint.send_media(pair.answerer_peer, MediaKind::rtcp, report, 28));
  ASSERT_TRUE(pair.run(5s, [&] { return pair.answerer.rtp.size() == 10 && pair.offerer.rtcp.size() == 1; }));
  EXPECT_EQ(pair.answerer.rtp[7][3], 7);
  EXPECT_EQ(pair.answerer.rtp[0].size(), 200U);
  EXPECT_TRUE(pair.answerer.endpoint.security(pair.answerer_peer)->srtp_profile);
}

TEST_F(EndpointTest, MediaWithoutAgreementIsRefused) {
  EndpointPair pair(*provider);
  std::vector<std::uint8_t> packet(200 + kSrtpTrailer, 0x80);
  open_chat(pair);
  EXPECT_FALSE(pair.offerer.endpoint.security(pair.offerer_peer)->srtp_profile);
  const auto refused = pair.offerer.endpoint.send_media(pair.offerer_peer, MediaKind::rtp, packet, 200);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Errc::srtp_not_negotiated);
}

TEST_F(EndpointTest, ClosingNotifiesTheOtherSideAtOnce) {
  for (const bool offerer_closes : {false, true}) {
    EndpointPair pair(*provider);
    open_chat(pair);
    test::EndpointEnd& closing = offerer_closes ? pair.offerer : pair.answerer;
    test::EndpointEnd& other = offerer_closes ? pair.answerer : pair.offerer;
    closing.endpoint.close(offerer_closes ? pair.offerer_peer : pair.answerer_peer);
    ASSERT_TRUE(pair.run(1s, [&] { return closing.closed && other.closed; }));
    EXPECT_EQ(closing.closed->reason, Errc::closed_locally);
    EXPECT_TRUE(other.closed->reason == Errc::sctp_aborted || other.closed->reason == Errc::dtls_peer_closed);
    EXPECT_EQ(closing.endpoint.peer_count(), 0U);
    EXPECT_EQ(other.endpoint.peer_count(), 0U);
  }
}

TEST_F(EndpointTest, ClosingBeforeAnythingHappenedReportsClosed) {
  EndpointPair pair(*provider);
  const auto offered = pair.offerer.endpoint.offer({});
  ASSERT_TRUE(offered);
  pair.offerer.endpoint.close(offered->peer);
  pair.offerer.drain(pair.now, nullptr);
  ASSERT_TRUE(pair.offerer.closed);
  EXPECT_EQ(pair.offerer.closed->reason, Errc::closed_locally);
  EXPECT_EQ(pair.offerer.endpoint.peer_count(), 0U);
}

TEST_F(EndpointTest, AChangedFingerprintIsDetected) {
  EndpointPair pair(*provider);
  pair.signal([](std::string& answer) {
    const std::size_t at = answer.find("sha-256 ") + 8;
    answer[at] = answer[at] == 'A' ? 'B' : 'A';
  });
  pair.run(60s, [&] { return pair.offerer.closed && pair.answerer.closed; });
  ASSERT_TRUE(pair.offerer.closed);
  EXPECT_EQ(pair.offerer.closed->reason, Errc::dtls_fingerprint_mismatch);
  EXPECT_EQ(pair.offerer.connected + pair.answerer.connected, 0);
}

TEST_F(EndpointTest, AnUnansweredOfferTimesOut) {
  EndpointPair pair(*provider);
  pair.signal();
  pair.to_answerer = test::Link(1, {.loss = 1});
  pair.run(60s, [&] { return pair.offerer.closed && pair.answerer.closed; });
  ASSERT_TRUE(pair.offerer.closed && pair.answerer.closed);
  EXPECT_EQ(pair.offerer.closed->reason, Errc::ice_timeout);
  EXPECT_EQ(pair.answerer.closed->reason, Errc::ice_timeout);
}

TEST_F(EndpointTest, APeerThatDisappearsTimesOut) {
  EndpointPair pair(*provider);
  open_chat(pair);
  pair.to_answerer = test::Link(1, {.loss = 1});
  pair.to_offerer = test::Link(1, {.loss = 1});
  const TimePoint cut = pair.now;
  pair.run(80s, [&] { return pair.offerer.closed.has_value(); });
  ASSERT_TRUE(pair.offerer.closed);
  EXPECT_EQ(pair.offerer.closed->reason, Errc::ice_consent_expired);
  EXPECT_LE(pair.now - cut, 31s) << "a full agent asks for consent (RFC 7675)";
  pair.run(80s, [&] { return pair.answerer.closed.has_value(); });
  ASSERT_TRUE(pair.answerer.closed);
  // A lite agent waits for two checks of the slowest peers; the association may time out first.
  EXPECT_TRUE(pair.answerer.closed->reason == Errc::ice_consent_expired ||
              pair.answerer.closed->reason == Errc::sctp_timeout);
  EXPECT_LE(pair.now - cut, 66s);
}

// Media is small and useless when late.
TEST_F(EndpointTest, MediaDoesNotWaitBehindBulkData) {
  EndpointPairOptions options;
  options.plan = {true, true, true};
  EndpointPair pair(*provider, options);
  open_chat(pair);
  const std::string bulk(1U << 20U, 'b');
  ASSERT_TRUE(pair.offerer.endpoint.send(pair.offerer_peer, *pair.offerer.channel("chat"), MessageKind::binary,
                                         as_bytes(bulk)));
  std::vector<std::uint8_t> packet(200 + kSrtpTrailer, 0x55);
  packet[0] = 0x80;
  packet[1] = 96;
  ASSERT_TRUE(pair.offerer.endpoint.send_media(pair.offerer_peer, MediaKind::rtp, packet, 200));
  std::array<std::uint8_t, 1500> buffer{};
  const Output first = pair.offerer.endpoint.poll_output(pair.now, buffer);
  const auto* transmit = std::get_if<Transmit>(&first);
  ASSERT_NE(transmit, nullptr);
  EXPECT_EQ(transmit->bytes[0], 0x80);
}

// DTLS and SRTP from a path that is not validated increment one counter and create no state.
TEST_F(EndpointTest, DatagramsFromUnknownAddressesAreDroppedAndCounted) {
  EndpointPair pair(*provider);
  open_chat(pair);
  const Address stranger = Address::v4({203, 0, 113, 9}, 4000);
  for (const std::uint8_t first : std::array<std::uint8_t, 4>{0, 22, 23, 128}) {
    std::vector<std::uint8_t> datagram(100, first);
    pair.answerer.endpoint.handle_input(pair.now, {{{}, stranger}, datagram});
  }
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.unknown_source, 3U);
  EXPECT_EQ(pair.answerer.endpoint.statistics().dropped.malformed, 1U) << "zeros are no STUN message";
  const std::size_t before = pair.answerer.sent_datagrams;
  pair.answerer.drain(pair.now, nullptr);
  EXPECT_EQ(pair.answerer.sent_datagrams, before);
}

TEST_F(EndpointTest, CommandsToUnknownPeersAreRefused) {
  EndpointPair pair(*provider);
  const PeerId nobody{77};
  EXPECT_EQ(pair.offerer.endpoint.send(nobody, {}, MessageKind::text, {}).error(), Errc::unknown_peer);
  EXPECT_EQ(pair.offerer.endpoint.open_channel(nobody, "x").error(), Errc::unknown_peer);
  EXPECT_EQ(pair.offerer.endpoint.complete(nobody, "").error(), Errc::unknown_peer);
  EXPECT_EQ(pair.offerer.endpoint.security(nobody).error(), Errc::unknown_peer);
  pair.offerer.endpoint.close(nobody);
}

TEST_F(EndpointTest, ManyPeersShareOnePort) {
  test::FixedProvider seeded(*provider, 3);
  EndpointConfig config;
  const Address server_address = Address::v4({192, 0, 2, 2}, 2000);
  test::EndpointEnd server(server_address, config, test::test_identity(*provider), *provider);
  config.announce_lite = false;
  std::vector<std::unique_ptr<test::EndpointEnd>> clients;
  for (std::uint8_t i = 0; i < 40; ++i) {
    clients.push_back(
        std::make_unique<test::EndpointEnd>(Address::v4({192, 0, 2, 100}, static_cast<std::uint16_t>(3000 + i)), config,
                                            test::test_identity(*provider), *provider));
    const auto offered = clients.back()->endpoint.offer({});
    ASSERT_TRUE(clients.back()->endpoint.open_channel(offered->peer, "c" + std::to_string(i)));
    const auto accepted = server.endpoint.accept(offered->offer);
    ASSERT_TRUE(accepted);
    ASSERT_TRUE(clients.back()->endpoint.complete(offered->peer, accepted->answer));
  }
  TimePoint now{};
  std::array<std::uint8_t, 1500> buffer{};
  for (int round = 0; round < 400 && server.channels.size() < clients.size(); ++round) {
    now += 10ms;
    for (auto& client : clients) {
      while (true) {
        const Output output = client->endpoint.poll_output(now, buffer);
        if (std::holds_alternative<Wait>(output)) break;
        if (const auto* transmit = std::get_if<Transmit>(&output)) {
          std::vector<std::uint8_t> copy(transmit->bytes.begin(), transmit->bytes.end());
          server.endpoint.handle_input(now, {{{}, client->address}, copy});
        }
      }
    }
    while (true) {
      const Output output = server.endpoint.poll_output(now, buffer);
      if (std::holds_alternative<Wait>(output)) break;
      if (const auto* opened = std::get_if<ChannelOpened>(&output))
        server.channels[static_cast<std::uint32_t>(opened->peer.value)] = opened->label;
      const auto* transmit = std::get_if<Transmit>(&output);
      if (transmit == nullptr) continue;
      for (auto& client : clients) {
        if (client->address != transmit->path.remote) continue;
        std::vector<std::uint8_t> copy(transmit->bytes.begin(), transmit->bytes.end());
        client->endpoint.handle_input(now, {{{}, server_address}, copy});
      }
    }
  }
  EXPECT_EQ(server.channels.size(), clients.size());
  EXPECT_EQ(server.endpoint.peer_count(), clients.size());
}

TEST_F(EndpointTest, MaxPeersIsEnforced) {
  EndpointConfig config{.local_addresses = {Address::v4({192, 0, 2, 1}, 1)}, .max_peers = 2};
  Endpoint endpoint(config, test::test_identity(*provider), *provider);
  EXPECT_TRUE(endpoint.offer({}));
  EXPECT_TRUE(endpoint.offer({}));
  EXPECT_EQ(endpoint.offer({}).error(), Errc::too_many);
  Endpoint other(config, test::test_identity(*provider), *provider);
  const auto offered = other.offer({});
  ASSERT_TRUE(offered);
  EXPECT_EQ(endpoint.accept(offered->offer).error(), Errc::too_many);
  config.max_peers = 3;
  Endpoint larger(config, test::test_identity(*provider), *provider);
  EXPECT_TRUE(larger.accept(offered->offer));
}

}  // namespace
}  // namespace redan
