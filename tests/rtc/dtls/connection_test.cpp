#include "rtc/dtls/connection.hpp"

#include <gtest/gtest.h>

#include "tests/support/dtls_pair.hpp"

namespace redan {
namespace {

using test::DtlsPair;
using test::DtlsPairOptions;

class DtlsConnection : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Provider> provider = GetParam() == "openssl" ? openssl_provider() : mbedtls_provider();
};

TEST_P(DtlsConnection, ConnectsAndCarriesDataBothWays) {
  DtlsPair pair(*provider);
  pair.handshake();
  ASSERT_TRUE(pair.both_connected());
  pair.to_server.send(pair.now, pair.client.seal("to the server"));
  pair.to_client.send(pair.now, pair.server.seal("to the client"));
  pair.run(pair.now + std::chrono::seconds(1));
  EXPECT_EQ(pair.server.received, std::vector<std::string>{"to the server"});
  EXPECT_EQ(pair.client.received, std::vector<std::string>{"to the client"});
}

TEST_P(DtlsConnection, EveryKeyTypeWorksOnBothSides) {
  for (const KeyType server : {KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048}) {
    for (const KeyType client : {KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048}) {
      DtlsPairOptions options;
      options.server_key = server;
      options.client_key = client;
      DtlsPair pair(*provider, options);
      pair.handshake();
      EXPECT_TRUE(pair.both_connected()) << static_cast<int>(server) << " " << static_cast<int>(client);
    }
  }
}

TEST_P(DtlsConnection, BothSidesExportTheSameKeyingMaterial) {
  DtlsPair pair(*provider);
  std::array<std::uint8_t, 60> client{};
  std::array<std::uint8_t, 60> server{};
  EXPECT_FALSE(pair.client.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, client));
  pair.handshake();
  ASSERT_TRUE(pair.client.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, client));
  ASSERT_TRUE(pair.server.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, server));
  EXPECT_EQ(client, server);
  // RFC 5705 section 4: an empty context is not the same as none.
  ASSERT_TRUE(pair.server.connection.export_keying_material("EXTRACTOR-dtls_srtp", Bytes{}, server));
  EXPECT_NE(client, server);
}

INSTANTIATE_TEST_SUITE_P(Providers, DtlsConnection, testing::Values("openssl", "mbedtls"),
                         [](const auto& suite) { return suite.param; });

class DtlsEnds : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
};

TEST_F(DtlsEnds, TheTwoProvidersSpeakToEachOther) {
  const auto openssl = openssl_provider();
  const auto mbedtls = mbedtls_provider();
  const Identity client_identity = test::test_identity(*openssl);
  const Identity server_identity = test::test_identity(*mbedtls);
  dtls::ConnectionConfig config;
  config.role = dtls::Role::client;
  config.peer_fingerprints = {Fingerprint::of(*openssl, HashAlgorithm::sha256, server_identity.certificate_der)};
  test::DtlsEnd client(config, client_identity, *openssl);
  config.role = dtls::Role::server;
  config.peer_fingerprints = {Fingerprint::of(*mbedtls, HashAlgorithm::sha256, client_identity.certificate_der)};
  test::DtlsEnd server(config, server_identity, *mbedtls);
  client.connection.start(TimePoint{});
  server.connection.start(TimePoint{});
  for (int round = 0; round < 4; ++round) {
    client.drain(TimePoint{}, nullptr);
    for (auto& datagram : std::exchange(client.sent, {})) server.connection.handle_input(TimePoint{}, datagram);
    server.drain(TimePoint{}, nullptr);
    for (auto& datagram : std::exchange(server.sent, {})) client.connection.handle_input(TimePoint{}, datagram);
  }
  EXPECT_EQ(client.connected, 1);
  EXPECT_EQ(server.connected, 1);
}

TEST_F(DtlsEnds, BothSidesHaveTheSameSession) {
  DtlsPair pair(*provider);
  pair.handshake();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client.connection.session().suite, pair.server.connection.session().suite);
  EXPECT_EQ(pair.client.connection.session().srtp_profile, 7);
}

TEST_F(DtlsEnds, AFlightTakesOneDatagram) {
  DtlsPair pair(*provider);
  pair.handshake();
  EXPECT_EQ(pair.client.sent.size(), 2U);
  EXPECT_EQ(pair.server.sent.size(), 2U);
}

TEST_F(DtlsEnds, NoDatagramExceedsTheMtu) {
  for (const std::size_t mtu : {228U, 256U, 508U, 1150U, 1200U, 1472U}) {
    DtlsPairOptions options;
    options.client.mtu = options.server.mtu = mtu;
    options.client_key = options.server_key = KeyType::rsa_2048;
    DtlsPair pair(*provider, options);
    pair.handshake();
    EXPECT_TRUE(pair.both_connected()) << mtu;
    for (const auto& datagram : pair.client.sent) EXPECT_LE(datagram.size(), mtu);
    for (const auto& datagram : pair.server.sent) EXPECT_LE(datagram.size(), mtu);
  }
}

TEST_F(DtlsEnds, CloseNotifyEndsBothSides) {
  DtlsPair pair(*provider);
  pair.handshake();
  pair.client.connection.close();
  pair.run(pair.now + std::chrono::seconds(1));
  ASSERT_TRUE(pair.client.closed && pair.server.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::closed_locally);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_peer_closed);
}

TEST_F(DtlsEnds, WithoutAPeerTheHandshakeTimesOut) {
  DtlsPair pair(*provider);
  pair.client.connection.start(pair.now);
  std::vector<std::int64_t> sent_at;
  for (TimePoint now{}; !pair.client.closed;) {
    const std::size_t before = pair.client.sent.size();
    const TimePoint next = pair.client.drain(now, nullptr);
    if (pair.client.sent.size() > before) {
      sent_at.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(now - TimePoint{}).count());
    }
    if (next == kNever) break;
    now = next;
  }
  ASSERT_TRUE(pair.client.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_timeout);
  // 400 ms, doubled to the cap of one second.
  ASSERT_GE(sent_at.size(), 6U);
  sent_at.resize(6);
  EXPECT_EQ(sent_at, (std::vector<std::int64_t>{0, 400, 1200, 2200, 3200, 4200}));
}

TEST_F(DtlsEnds, TheRetransmissionTimerFollowsTheRoundTripTime) {
  DtlsPair pair(*provider);
  pair.client.connection.set_round_trip_time(std::chrono::milliseconds(60));
  pair.client.connection.start(pair.now);
  EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(120));
  // Learnt during the flight, it counts at once; below 25 ms the floor of 50 ms does.
  pair.client.connection.set_round_trip_time(std::chrono::milliseconds(5));
  EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(50));
}

TEST_F(DtlsEnds, ARoundTripTimeThatComesAfterABackOffCountsAtOnce) {
  DtlsPair pair(*provider);
  pair.client.connection.start(pair.now);
  pair.client.drain(pair.now, nullptr);
  pair.now += std::chrono::milliseconds(400);
  EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(800));
  // Twice 60 ms, doubled once.
  pair.client.connection.set_round_trip_time(std::chrono::milliseconds(60));
  EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(240));
  // ICE reports the same value repeatedly; that delays nothing.
  pair.client.connection.set_round_trip_time(std::chrono::milliseconds(60));
  EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(240));
}

TEST_F(DtlsEnds, TheTimerIsCappedAtASecondOrTwiceTheRoundTripTime) {
  for (const auto& [rtt, cap] : {std::pair(100, 1'000), std::pair(1'500, 3'000)}) {
    DtlsPair pair(*provider);
    pair.client.connection.set_round_trip_time(std::chrono::milliseconds(rtt));
    pair.client.connection.start(pair.now);
    for (int i = 0; i < 8; ++i) pair.now = pair.client.drain(pair.now, nullptr);
    EXPECT_EQ(pair.client.drain(pair.now, nullptr), pair.now + std::chrono::milliseconds(cap));
  }
}

// What a peer itself sends is in tests/interop/openssl_dtls_test.cpp.
TEST_F(DtlsEnds, AForgedHelloRequestAfterTheHandshakeIsDropped) {
  DtlsPair pair(*provider);
  pair.handshake();
  const std::string hello_request("\0\0\0\0\0\2\0\0\0\0\0\0", 12);
  for (int i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> forged = pair.server.seal(hello_request);
    forged[0] = 22;  // sealed as application data: relabelled, it does not authenticate
    pair.client.connection.handle_input(pair.now, forged);
  }
  EXPECT_EQ(pair.client.connection.drops()[dtls::Drop::bad_tag], 3U);
  pair.client.sent.clear();
  pair.client.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.client.sent.empty());
  EXPECT_TRUE(pair.client.connection.connected());
}

TEST_F(DtlsEnds, ApplicationDataBeforeTheEndOfTheHandshakeIsDropped) {
  DtlsPair pair(*provider);
  pair.start();
  std::vector<std::uint8_t> plain{23, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 'a', 'b', 'c'};
  pair.server.connection.handle_input(pair.now, plain);
  pair.server.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.server.received.empty());
  EXPECT_EQ(pair.server.connection.drops()[dtls::Drop::early_data], 1U);
  pair.run();
  EXPECT_TRUE(pair.both_connected());
  plain[9] = 7;
  pair.server.connection.handle_input(pair.now, plain);
  pair.server.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.server.received.empty());
}

TEST_F(DtlsEnds, ReplayedAndTamperedRecordsAreDroppedAndCounted) {
  DtlsPair pair(*provider);
  pair.handshake();
  const std::vector<std::uint8_t> record = pair.client.seal("once");
  for (int i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> copy = record;
    pair.server.connection.handle_input(pair.now, copy);
  }
  for (std::size_t i = 0; i < record.size(); ++i) {
    std::vector<std::uint8_t> tampered = pair.client.seal("never");
    tampered[i % tampered.size()] ^= 1;
    pair.server.connection.handle_input(pair.now, tampered);
  }
  for (std::size_t n = 0; n < record.size(); ++n) {
    std::vector<std::uint8_t> truncated = pair.client.seal("never");
    truncated.resize(n);
    pair.server.connection.handle_input(pair.now, truncated);
  }
  pair.server.drain(pair.now, nullptr);
  EXPECT_EQ(pair.server.received, std::vector<std::string>{"once"});
  EXPECT_EQ(pair.server.connection.drops()[dtls::Drop::replayed], 2U);
  EXPECT_TRUE(pair.server.connection.connected());
}

TEST_F(DtlsEnds, APartialDrainIsHarmless) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DtlsPair pair(*provider);
    test::SeededRandom random(seed);
    pair.start();
    for (int i = 0; i < 4000 && !(pair.client.connected == 1 && pair.server.connected == 1); ++i) {
      pair.client.drain(pair.now, &pair.to_server, static_cast<int>(random.below(3)));
      pair.server.drain(pair.now, &pair.to_client, static_cast<int>(random.below(3)));
      pair.now += std::chrono::milliseconds(random.below(20));
      while (auto datagram = pair.to_server.receive(pair.now)) pair.server.connection.handle_input(pair.now, *datagram);
      while (auto datagram = pair.to_client.receive(pair.now)) pair.client.connection.handle_input(pair.now, *datagram);
    }
    EXPECT_TRUE(pair.both_connected()) << "seed " << seed;
  }
}

TEST_F(DtlsEnds, SealRefusesBeforeConnectedAndWithoutRoom) {
  DtlsPair pair(*provider);
  std::array<std::uint8_t, 100> record{};
  EXPECT_TRUE(pair.client.connection.seal(record, 10).empty());
  pair.handshake();
  EXPECT_TRUE(pair.client.connection.seal(record, 100).empty());
  EXPECT_EQ(pair.client.connection.seal(record, 100 - dtls::kMaxRecordOverhead).size(), 100U);
}

}  // namespace
}  // namespace redan
