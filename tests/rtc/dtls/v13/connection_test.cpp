// DTLS 1.3 between two connections of ours, in virtual time.
#include "rtc/dtls/connection.hpp"

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/dtls_pair.hpp"
#include "tests/support/files.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using dtls::kDtls12;
using dtls::kDtls13;
using test::DtlsPair;
using test::DtlsPairOptions;
using Datagram = std::vector<std::uint8_t>;

DtlsPairOptions only13() { return DtlsPairOptions::only(kDtls13); }

class Dtls13Connection : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Provider> provider = GetParam() == "openssl" ? openssl_provider() : mbedtls_provider();
};

TEST_P(Dtls13Connection, ConnectsAndCarriesDataBothWays) {
  DtlsPair pair(*provider, only13());
  pair.handshake();
  ASSERT_TRUE(pair.both_connected());
  pair.to_server.send(pair.now, pair.client.seal("to the server"));
  pair.to_client.send(pair.now, pair.server.seal("to the client"));
  pair.run(pair.now + 1s);
  EXPECT_EQ(pair.server.received, std::vector<std::string>{"to the server"});
  EXPECT_EQ(pair.client.received, std::vector<std::string>{"to the client"});
  EXPECT_EQ(pair.client.connection.session().version, kDtls13);
  EXPECT_EQ(pair.client.connection.session().group, Group::x25519_mlkem768);
  EXPECT_EQ(pair.client.connection.session().suite, pair.server.connection.session().suite);
  EXPECT_EQ(pair.client.connection.session().srtp_profile, 7);
  EXPECT_EQ(pair.server.connection.session().srtp_profile, 7);
}

TEST_P(Dtls13Connection, EveryKeyTypeWorksOnBothSides) {
  for (const KeyType server : {KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048}) {
    for (const KeyType client : {KeyType::ecdsa_p256, KeyType::ecdsa_p384, KeyType::rsa_2048}) {
      DtlsPairOptions options = only13();
      options.server_key = server;
      options.client_key = client;
      DtlsPair pair(*provider, options);
      pair.handshake();
      EXPECT_TRUE(pair.both_connected()) << static_cast<int>(server) << " " << static_cast<int>(client);
    }
  }
}

TEST_P(Dtls13Connection, EveryGroupWorksWithAndWithoutARetryRequest) {
  constexpr std::array kAll{Group::x25519_mlkem768, Group::x25519, Group::secp256r1, Group::secp384r1};
  for (const Group group : kAll) {
    for (const bool retry : {false, true}) {
      const std::array one{group};
      const std::array<Group, 2> other{group == Group::x25519 ? Group::secp256r1 : Group::x25519, group};
      DtlsPairOptions options = only13();
      options.server.groups = one;
      options.client.groups = retry ? std::span<const Group>(other) : one;
      DtlsPair pair(*provider, options);
      pair.handshake();
      ASSERT_TRUE(pair.both_connected()) << static_cast<int>(group);
      EXPECT_EQ(pair.client.connection.session().group, group);
    }
  }
}

TEST_P(Dtls13Connection, BothSidesExportTheSameKeyingMaterial) {
  DtlsPair pair(*provider, only13());
  std::array<std::uint8_t, 60> client{};
  std::array<std::uint8_t, 60> server{};
  EXPECT_FALSE(pair.client.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, client));
  pair.handshake();
  ASSERT_TRUE(pair.client.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, client));
  ASSERT_TRUE(pair.server.connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, server));
  EXPECT_EQ(client, server);
  ASSERT_TRUE(pair.server.connection.export_keying_material("another", std::nullopt, server));
  EXPECT_NE(client, server);
}

INSTANTIATE_TEST_SUITE_P(Providers, Dtls13Connection, testing::Values("openssl", "mbedtls"),
                         [](const auto& suite) { return suite.param; });

class Dtls13Ends : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
};

TEST_F(Dtls13Ends, NegotiateTheHighestCommonVersion) {
  for (const auto& [client, server, expected] :
       {std::tuple(kDtls13, kDtls13, kDtls13), std::tuple(kDtls12, kDtls13, kDtls12),
        std::tuple(kDtls13, kDtls12, kDtls12), std::tuple(kDtls12, kDtls12, kDtls12)}) {
    DtlsPairOptions options = DtlsPairOptions::versions(kDtls12, kDtls13);
    options.client.max_version = client;
    options.server.max_version = server;
    DtlsPair pair(*provider, options);
    pair.handshake();
    ASSERT_TRUE(pair.both_connected()) << client << " " << server;
    EXPECT_EQ(pair.client.connection.session().version, expected);
    EXPECT_EQ(pair.server.connection.session().version, expected);
  }
}

TEST_F(Dtls13Ends, AnswerCapturedHellosOfBrowsers) {
  for (const std::string browser : {"chromium156", "firefox153"}) {
    for (const bool hybrid : {true, false}) {
      static constexpr std::array kOnlyP384{Group::secp384r1};
      const Identity identity = test::test_identity(*provider);
      dtls::ConnectionConfig config;
      config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("no client's"))};
      config.srtp_profiles = {7, 8, 1};
      config.require_srtp = true;
      if (!hybrid) config.groups = kOnlyP384;
      test::DtlsEnd end(config, identity, *provider);
      end.connection.start(TimePoint{});
      for (const std::string part : {"1", "2"}) {
        auto datagram = test::read_test_file("captures/dtls/" + browser + "_client_hello_" + part + ".bin");
        end.connection.handle_input(TimePoint{}, datagram);
        end.drain(TimePoint{}, nullptr);
      }
      ASSERT_FALSE(end.sent.empty()) << browser;
      // Behind the headers, and the version: a random, or the mark of a HelloRetryRequest for the share of P-384.
      const Bytes random = Bytes(end.sent.front()).subspan(13 + 12 + 2, 32);
      EXPECT_EQ(std::equal(random.begin(), random.end(), dtls::kRetryRequest.begin()), !hybrid);
      if (!hybrid) continue;
      EXPECT_EQ(end.connection.session().version, kDtls13);
      EXPECT_EQ(end.connection.session().suite->id, 0x1301);
      EXPECT_EQ(end.connection.session().group, Group::x25519_mlkem768);
      EXPECT_EQ(end.connection.session().srtp_profile, 7);
    }
  }
}

/// All fragments but the last bytes of a hello that is as large as a hello may be.
std::vector<Datagram> fragments_of_half_a_hello(dtls::HandshakeType type, std::uint16_t number) {
  constexpr std::uint32_t kLength = 16'384, kPart = 1'100;
  std::vector<Datagram> datagrams;
  for (std::uint32_t offset = 0; offset + kPart < kLength; offset += kPart) {
    Datagram datagram(25 + kPart);
    Writer writer(datagram);
    dtls::RecordHeader{dtls::ContentType::handshake, kDtls12, dtls::Epoch::plaintext, offset, 12 + kPart}.write(writer);
    dtls::HandshakeHeader{type, kLength, number, offset, kPart}.write(writer);
    datagrams.push_back(std::move(datagram));
  }
  return datagrams;
}

TEST_F(Dtls13Ends, ConnectAlthoughFragmentsOfAnotherHelloFillTheMemoryForHellos) {
  DtlsPair pair(*provider, DtlsPairOptions::versions(kDtls12, kDtls13));
  pair.client.connection.start(pair.now);
  pair.server.connection.start(pair.now);
  for (Datagram& forged : fragments_of_half_a_hello(dtls::HandshakeType::client_hello, 1)) {
    pair.server.connection.handle_input(pair.now, forged);
  }
  for (Datagram& forged : fragments_of_half_a_hello(dtls::HandshakeType::server_hello, 3)) {
    pair.client.connection.handle_input(pair.now, forged);
  }
  pair.handshake();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.server.connection.session().version, kDtls13);
}

TEST_F(Dtls13Ends, ExportForLabelsAndLengthsThatBothVersionsCanCarry) {
  for (const std::uint16_t version : {kDtls12, kDtls13}) {
    DtlsPair pair(*provider, DtlsPairOptions::versions(version, version));
    pair.handshake();
    ASSERT_TRUE(pair.both_connected());
    const auto exports = [&](std::size_t label, std::size_t size) {
      Datagram out(size);
      return pair.client.connection.export_keying_material(std::string(label, 'x'), std::nullopt, out);
    };
    EXPECT_TRUE(exports(249, 8160)) << version;
    EXPECT_FALSE(exports(250, 32)) << version;
    EXPECT_FALSE(exports(1, 8161)) << version;
  }
}

// RFC 8446 section 4.1.3: the removal of DTLS 1.3 from the hello is noticed.
TEST_F(Dtls13Ends, NoticeThatTheVersionWasRemoved) {
  DtlsPair pair(*provider, DtlsPairOptions::versions(kDtls12, kDtls13));
  pair.client.connection.start(pair.now);
  pair.server.connection.start(pair.now);
  pair.client.drain(pair.now, nullptr);
  // The hello of both versions in one record, with another code point in the place of 1.3.
  Datagram body;
  for (const Datagram& datagram : pair.client.sent) body.insert(body.end(), datagram.begin() + 25, datagram.end());
  const Datagram versions{0, 43, 0, 5, 4, 0xFE, 0xFC};
  const auto at = std::search(body.begin(), body.end(), versions.begin(), versions.end());
  ASSERT_NE(at, body.end());
  at[5] = 0x1A;
  at[6] = 0x1A;
  Datagram hello(25);
  Writer writer(hello);
  dtls::RecordHeader{dtls::ContentType::handshake, kDtls12, dtls::Epoch::plaintext, 9,
                     static_cast<std::uint16_t>(12 + body.size())}
      .write(writer);
  const auto length = static_cast<std::uint32_t>(body.size());
  dtls::HandshakeHeader{dtls::HandshakeType::client_hello, length, 0, 0, length}.write(writer);
  hello.insert(hello.end(), body.begin(), body.end());
  pair.server.connection.handle_input(pair.now, hello);
  pair.server.drain(pair.now, nullptr);
  ASSERT_FALSE(pair.server.sent.empty());
  EXPECT_EQ(pair.server.connection.session().version, kDtls12);
  for (Datagram& datagram : std::exchange(pair.server.sent, {})) {
    pair.client.connection.handle_input(pair.now, datagram);
  }
  // The client signs nothing, and gives up after the grace period.
  EXPECT_EQ(pair.client.connection.drops()[dtls::Drop::refused_message], 1U);
  while (!pair.client.closed) {
    const TimePoint next = pair.client.drain(pair.now, nullptr);
    if (next == kNever) break;
    pair.now = next;
  }
  ASSERT_TRUE(pair.client.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_illegal_parameter);
}

TEST_F(Dtls13Ends, FailWithoutACommonVersion) {
  for (const bool client_is_13 : {false, true}) {
    DtlsPairOptions options;
    for (dtls::ConnectionConfig* config : {&options.client, &options.server}) {
      const bool is_13 = (config == &options.client) == client_is_13;
      config->min_version = config->max_version = is_13 ? kDtls13 : kDtls12;
    }
    DtlsPair pair(*provider, options);
    pair.handshake();
    ASSERT_TRUE(pair.server.closed);
    EXPECT_EQ(pair.server.closed->reason, Errc::dtls_version);
    EXPECT_FALSE(pair.both_connected());
  }
}

TEST_F(Dtls13Ends, RefuseAnUnexpectedCertificate) {
  for (const bool at_client : {false, true}) {
    DtlsPairOptions options = only13();
    const Identity stranger = test::test_identity(*provider);
    (at_client ? options.client : options.server).peer_fingerprints = {
        Fingerprint::of(*provider, HashAlgorithm::sha256, stranger.certificate_der)};
    DtlsPair pair(*provider, options);
    pair.handshake();
    test::DtlsEnd& end = at_client ? pair.client : pair.server;
    ASSERT_TRUE(end.closed);
    EXPECT_EQ(end.closed->reason, Errc::dtls_fingerprint_mismatch);
    EXPECT_EQ(end.connected, 0);
  }
}

TEST_F(Dtls13Ends, NoDatagramExceedsTheMtu) {
  for (const std::size_t mtu : {228U, 256U, 300U, 508U, 700U, 1150U, 1200U, 1400U}) {
    for (const bool cookie : {false, true}) {
      DtlsPairOptions options = only13();
      options.client.mtu = options.server.mtu = mtu;
      options.client_key = options.server_key = KeyType::rsa_2048;
      options.server.require_cookie = cookie;
      DtlsPair pair(*provider, options);
      pair.handshake();
      EXPECT_TRUE(pair.both_connected()) << mtu;
      for (const auto& datagram : pair.client.sent) EXPECT_LE(datagram.size(), mtu);
      for (const auto& datagram : pair.server.sent) EXPECT_LE(datagram.size(), mtu);
    }
  }
}

TEST_F(Dtls13Ends, CloseNotifyEndsBothSides) {
  DtlsPair pair(*provider, only13());
  pair.handshake();
  pair.client.connection.close();
  pair.run(pair.now + 1s);
  ASSERT_TRUE(pair.client.closed && pair.server.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::closed_locally);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_peer_closed);
}

TEST_F(Dtls13Ends, ReplayedTamperedAndTruncatedRecordsAreDroppedAndCounted) {
  DtlsPair pair(*provider, only13());
  pair.handshake();
  const Datagram record = pair.client.seal("once");
  for (int i = 0; i < 3; ++i) {
    Datagram copy = record;
    pair.server.connection.handle_input(pair.now, copy);
  }
  EXPECT_EQ(pair.server.connection.drops()[dtls::Drop::replayed], 2U);
  for (std::size_t i = 0; i < record.size(); ++i) {
    Datagram tampered = pair.client.seal("never");
    tampered[i] ^= 1;
    pair.server.connection.handle_input(pair.now, tampered);
    Datagram truncated = pair.client.seal("never");
    truncated.resize(i);
    pair.server.connection.handle_input(pair.now, truncated);
  }
  pair.server.drain(pair.now, nullptr);
  EXPECT_EQ(pair.server.received, std::vector<std::string>{"once"});
  EXPECT_TRUE(pair.server.connection.connected());
}

TEST_F(Dtls13Ends, EndWhenTooManyRecordsDoNotAuthenticate) {
  DtlsPairOptions options = only13();
  options.server.limits = dtls::AeadLimits{1000, 5};
  DtlsPair pair(*provider, options);
  pair.handshake();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(pair.server.connection.connected()) << i;
    Datagram record = pair.client.seal("never");
    record.back() ^= 1;
    pair.server.connection.handle_input(pair.now, record);
  }
  pair.server.drain(pair.now, nullptr);
  ASSERT_TRUE(pair.server.closed);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_too_many_forgeries);
}

// Both ends change their keys by themselves, at times at once, and no message is lost.
TEST_F(Dtls13Ends, ChangeTheirKeysBeforeTheyAreUsedUp) {
  for (const unsigned loss : {0U, 20U}) {
    DtlsPairOptions options = only13();
    options.client.limits = options.server.limits = dtls::AeadLimits{60, 1000};
    DtlsPair pair(*provider, options);
    pair.handshake();
    ASSERT_TRUE(pair.both_connected());
    test::SeededRandom random(7);
    const auto deliver = [&](test::DtlsEnd& from, test::DtlsEnd& to) {
      for (auto& datagram : std::exchange(from.sent, {})) {
        if (random.below(100) >= loss) to.connection.handle_input(pair.now, datagram);
      }
    };
    pair.client.sent.clear();
    pair.server.sent.clear();
    std::size_t sent = 0;
    for (int i = 0; i < 600; ++i) {
      pair.now += 100ms;
      for (const bool client : {true, false}) {
        test::DtlsEnd& from = client ? pair.client : pair.server;
        test::DtlsEnd& to = client ? pair.server : pair.client;
        from.drain(pair.now, nullptr);
        deliver(from, to);
        if (i % 10 != 0) continue;
        Datagram record = from.seal("message");
        ASSERT_FALSE(record.empty()) << i;
        to.connection.handle_input(pair.now, record);
        ++sent;
        to.drain(pair.now, nullptr);
        deliver(to, from);
      }
    }
    EXPECT_EQ(pair.client.received.size() + pair.server.received.size(), sent);
    EXPECT_TRUE(pair.client.connection.connected() && pair.server.connection.connected());
  }
}

TEST_F(Dtls13Ends, ASecondRecordOfApplicationDataBeforeTheClientsFlightWaits) {
  DtlsPair pair(*provider, only13());
  pair.start();
  for (int i = 0; i < 2; ++i) {
    pair.client.drain(pair.now, nullptr);
    for (auto& datagram : std::exchange(pair.client.sent, {})) {
      if (i == 0) pair.server.connection.handle_input(pair.now, datagram);
      if (i == 1) pair.client.sent.push_back(datagram);  // put off
    }
    if (i == 1) break;
    pair.server.drain(pair.now, nullptr);
    for (auto& datagram : std::exchange(pair.server.sent, {})) pair.client.connection.handle_input(pair.now, datagram);
  }
  ASSERT_EQ(pair.client.connected, 1);
  Datagram early = pair.client.seal("early");
  pair.server.connection.handle_input(pair.now, early);
  pair.server.drain(pair.now, nullptr);
  EXPECT_TRUE(pair.server.received.empty());
  for (auto& datagram : std::exchange(pair.client.sent, {})) pair.server.connection.handle_input(pair.now, datagram);
  pair.server.drain(pair.now, nullptr);
  EXPECT_EQ(pair.server.received, std::vector<std::string>{"early"});
}

}  // namespace
}  // namespace redan
