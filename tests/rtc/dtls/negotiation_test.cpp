// What a side refuses, and how it says so.
#include <gtest/gtest.h>

#include "tests/support/client_hello.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/files.hpp"

namespace redan {
namespace {

using test::DtlsEnd;
using test::DtlsPair;
using test::DtlsPairOptions;
using test::HelloParts;

class Negotiation : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test::test_identity(*provider);

  std::unique_ptr<DtlsEnd> server(bool require_srtp = false, KeyType key = KeyType::ecdsa_p256) {
    if (key != KeyType::ecdsa_p256) identity = test::test_identity(*provider, key);
    dtls::ConnectionConfig config;
    config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("somebody"))};
    config.srtp_profiles = {7, 8, 1};
    config.require_srtp = require_srtp;
    auto end = std::make_unique<DtlsEnd>(config, identity, *provider);
    end->connection.start(TimePoint{});
    return end;
  }
  // Runs the server's clock out; the reason it gives.
  static std::optional<Errc> outcome(DtlsEnd& end) {
    for (TimePoint now{}; !end.closed;) {
      const TimePoint next = end.drain(now, nullptr);
      if (next == kNever) break;
      now = next;
    }
    if (!end.closed) return std::nullopt;
    return end.closed->reason;
  }
  std::optional<Errc> refusal(const HelloParts& parts, bool require_srtp = false, KeyType key = KeyType::ecdsa_p256) {
    auto end = server(require_srtp, key);
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{}, datagram);
    return outcome(*end);
  }
  bool answers(const HelloParts& parts) {
    auto end = server();
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{}, datagram);
    end->drain(TimePoint{}, nullptr);
    return end->sent.size() == 1 && end->sent[0].size() > 300;
  }
};

/// The message in this datagram; the datagram must live on.
std::pair<dtls::HandshakeHeader, dtls::ClientHello> hello_of(Bytes datagram) {
  Reader reader(datagram);
  EXPECT_TRUE(dtls::RecordHeader::parse(reader));
  const auto header = dtls::HandshakeHeader::parse(reader);
  const auto hello = dtls::ClientHello::parse(reader.rest());
  EXPECT_TRUE(header && hello);
  return {header.value_or(dtls::HandshakeHeader{}), hello.value_or(dtls::ClientHello{})};
}

TEST_F(Negotiation, AnOrdinaryHelloIsAnswered) { EXPECT_TRUE(answers({})); }

TEST_F(Negotiation, CapturedBrowserHellosAreAnswered) {
  for (const std::string browser : {"chromium156", "firefox153"}) {
    for (const bool swapped : {false, true}) {
      auto end = server(true);
      auto first = test::read_test_file("captures/dtls/" + browser + "_client_hello_1.bin");
      auto second = test::read_test_file("captures/dtls/" + browser + "_client_hello_2.bin");
      if (swapped) std::swap(first, second);
      end->connection.handle_input(TimePoint{}, first);
      end->drain(TimePoint{}, nullptr);
      EXPECT_TRUE(end->sent.empty());
      end->connection.handle_input(TimePoint{}, second);
      end->drain(TimePoint{}, nullptr);
      ASSERT_EQ(end->sent.size(), 1U) << browser;
      EXPECT_EQ(end->connection.session().suite->id, 0xC02B);
      EXPECT_EQ(end->connection.session().group, Group::x25519);
      EXPECT_EQ(end->connection.session().srtp_profile, 7);
    }
  }
}

TEST_F(Negotiation, Dtls10OnlyIsRefused) {
  HelloParts parts;
  parts.version = dtls::kDtls10;
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
  parts.version = 0x0303;
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
}

TEST_F(Negotiation, SupportedVersionsDecideOverClientVersion) {
  HelloParts parts;
  parts.versions = {0xFEFC};
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
  parts.versions = {0x1A1A, 0xFEFC, 0xFEFD};
  EXPECT_TRUE(answers(parts));
}

TEST_F(Negotiation, WithoutACommonSuiteGroupOrSchemeItIsRefusedWithThatReason) {
  HelloParts parts;
  parts.suites = {0x1301, 0xC009, 0x002F, 0xC02F};  // CBC, and RSA for which we have no certificate
  EXPECT_EQ(refusal(parts), Errc::dtls_no_common_suite);
  parts = {};
  parts.groups = {0x11EC, 25, 256};
  EXPECT_EQ(refusal(parts), Errc::dtls_no_common_group);
  parts.groups = {};
  EXPECT_EQ(refusal(parts), Errc::dtls_no_common_group);
  parts = {};
  parts.schemes = {0x0401, 0x0203, 0x0807};
  EXPECT_EQ(refusal(parts), Errc::dtls_no_common_signature);
  parts.schemes = {};
  EXPECT_EQ(refusal(parts), Errc::dtls_no_common_signature);
}

TEST_F(Negotiation, TheSuiteFollowsOurKey) {
  HelloParts parts;
  EXPECT_EQ(refusal(parts, false, KeyType::rsa_2048), Errc::dtls_timeout);  // answered, then nobody came
  parts.suites = {0xC02B};
  EXPECT_EQ(refusal(parts, false, KeyType::rsa_2048), Errc::dtls_no_common_suite);
}

TEST_F(Negotiation, WithoutExtendedMasterSecretItIsRefused) {
  HelloParts parts;
  parts.extended_master_secret = false;
  EXPECT_EQ(refusal(parts), Errc::dtls_no_extended_master_secret);
}

TEST_F(Negotiation, WithoutAnSrtpProfileItIsRefusedOnlyWhenMediaWasAgreed) {
  HelloParts parts;
  for (const std::vector<std::uint16_t>& profiles : {std::vector<std::uint16_t>{}, {2, 5, 6}}) {
    parts.srtp_profiles = profiles;
    EXPECT_EQ(refusal(parts, true), Errc::dtls_no_srtp_profile);
    EXPECT_TRUE(answers(parts));
  }
}

TEST_F(Negotiation, CompressionAndRenegotiationAreRefused) {
  HelloParts parts;
  parts.compression = {1};
  EXPECT_EQ(refusal(parts), Errc::dtls_illegal_parameter);
  parts = {};
  parts.renegotiation = std::vector<std::uint8_t>(12, 1);
  EXPECT_EQ(refusal(parts), Errc::dtls_illegal_parameter);
}

// An alert in the clear ends a genuine handshake at the peer's side: it has to wait until there is no hope left.
TEST_F(Negotiation, ARefusalIsAnnouncedOnceAndNotBeforeTheGraceEnds) {
  auto end = server();
  HelloParts parts;
  parts.suites = {0x002F};
  for (int i = 0; i < 5; ++i) {
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{}, datagram);
  }
  const TimePoint grace = end->drain(TimePoint{}, nullptr);
  EXPECT_TRUE(end->sent.empty());
  EXPECT_EQ(grace, TimePoint{} + std::chrono::seconds(4));
  end->drain(grace, nullptr);
  ASSERT_EQ(end->sent.size(), 1U);
  EXPECT_EQ(end->sent[0], (std::vector<std::uint8_t>{21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40}));
  ASSERT_TRUE(end->closed);
  EXPECT_EQ(end->closed->reason, Errc::dtls_no_common_suite);
}

// Anybody could have sent the bad hello: the genuine one still counts, and takes the doubt back.
TEST_F(Negotiation, AGoodHelloAfterABadOneIsAnsweredAndHasAllItsTime) {
  auto end = server();
  HelloParts bad;
  bad.suites = {0x002F};
  auto datagram = test::hello_datagram(bad);
  end->connection.handle_input(TimePoint{}, datagram);
  datagram = test::hello_datagram({});
  end->connection.handle_input(TimePoint{}, datagram);
  end->drain(TimePoint{}, nullptr);
  EXPECT_EQ(end->sent.size(), 1U);
  EXPECT_EQ(outcome(*end), Errc::dtls_timeout);
}

// Which of them is genuine only a signature can say.
TEST_F(Negotiation, EachClientHelloGetsACandidateOfItsOwn) {
  auto end = server();
  HelloParts other;
  other.suites = {0xCCA9};
  std::vector<dtls::Random> randoms;
  for (const HelloParts& parts : {HelloParts{}, other, HelloParts{}}) {
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{} + std::chrono::seconds(randoms.size()), datagram);
    randoms.push_back(end->connection.session().server_random);
  }
  EXPECT_NE(randoms[0], randoms[1]);
  EXPECT_EQ(randoms[0], randoms[2]) << "the same hello again";
  EXPECT_EQ(end->connection.session().suite->id, 0xC02B);
}

TEST_F(Negotiation, AMalformedHelloIsDroppedAndCounted) {
  auto end = server();
  HelloParts parts;
  parts.trailing_bytes = 3;
  auto datagram = test::hello_datagram(parts);
  end->connection.handle_input(TimePoint{}, datagram);
  end->drain(TimePoint{}, nullptr);
  EXPECT_TRUE(end->sent.empty());
  EXPECT_EQ(end->connection.drops()[dtls::Drop::malformed_message], 1U);
}

TEST_F(Negotiation, TheClientAcceptsEverySuiteAndGroupTheServerMayChoose) {
  DtlsPair pair(*provider);
  pair.handshake();
  ASSERT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client.connection.session().suite, pair.server.connection.session().suite);
  EXPECT_EQ(pair.client.connection.session().srtp_profile, 7);
}

TEST_F(Negotiation, AWrongFingerprintEndsTheHandshakeOnEitherSide) {
  for (const bool server_expects_wrong : {false, true}) {
    DtlsPairOptions options;
    auto& config = server_expects_wrong ? options.server : options.client;
    config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("somebody else"))};
    DtlsPair pair(*provider, options);
    pair.handshake();
    DtlsEnd& refusing = server_expects_wrong ? pair.server : pair.client;
    DtlsEnd& refused = server_expects_wrong ? pair.client : pair.server;
    ASSERT_TRUE(refusing.closed && refused.closed);
    EXPECT_EQ(refusing.closed->reason, Errc::dtls_fingerprint_mismatch);
    EXPECT_EQ(refused.closed->reason, Errc::dtls_peer_alert);
    EXPECT_EQ(refused.closed->alert, dtls::AlertDescription::bad_certificate);
    EXPECT_EQ(refusing.connected + refused.connected, 0);
  }
}

TEST_F(Negotiation, OfSeveralHashesOnlyTheStrongestCounts) {
  DtlsPairOptions options;
  DtlsPair first(*provider, options);
  const Fingerprint right = Fingerprint::of(*provider, HashAlgorithm::sha256, first.server_identity.certificate_der);
  const Fingerprint wrong = Fingerprint::of(*provider, HashAlgorithm::sha384, as_bytes("somebody else"));
  dtls::ConnectionConfig config{.role = dtls::Role::client,
                                .peer_fingerprints = {right, wrong},
                                .srtp_profiles = {},
                                .require_srtp = false,
                                .mtu = 1200,
                                .timeout = std::chrono::seconds(30)};
  DtlsEnd client(config, first.client_identity, *provider);
  client.connection.start(TimePoint{});
  first.server.connection.start(TimePoint{});
  client.drain(TimePoint{}, nullptr);
  first.server.connection.handle_input(TimePoint{}, client.sent.at(0));
  first.server.drain(TimePoint{}, nullptr);
  client.connection.handle_input(TimePoint{}, first.server.sent.at(0));
  EXPECT_EQ(outcome(client), Errc::dtls_fingerprint_mismatch);
}

TEST_F(Negotiation, AClientWithoutACertificateIsRefused) {
  DtlsPair pair(*provider);
  pair.client_identity.certificate_der.clear();
  pair.handshake();
  ASSERT_TRUE(pair.server.closed);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_no_certificate);
  EXPECT_EQ(pair.server.connected, 0);
}

TEST_F(Negotiation, APeerThatDoesNotOwnItsCertificateIsRefused) {
  for (const bool client_lies : {false, true}) {
    DtlsPair pair(*provider);
    Identity& liar = client_lies ? pair.client_identity : pair.server_identity;
    liar.key = test::test_identity(*provider).key;
    pair.handshake();
    DtlsEnd& other = client_lies ? pair.server : pair.client;
    ASSERT_TRUE(other.closed);
    EXPECT_EQ(other.closed->reason, Errc::dtls_bad_signature);
    EXPECT_EQ(other.connected, 0);
  }
}

TEST_F(Negotiation, AReflectedCertificateIsRefused) {
  DtlsPair pair(*provider);
  pair.client_identity = pair.server_identity;
  pair.handshake();
  ASSERT_TRUE(pair.client.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_reflected);
  EXPECT_EQ(pair.client.connected + pair.server.connected, 0);
}

TEST_F(Negotiation, TheClientSendsACookieBackAndConnects) {
  for (const std::size_t size : {0U, 1U, 32U, 255U}) {
    DtlsPair pair(*provider);
    pair.start();
    pair.client.drain(pair.now, nullptr);
    const auto first = hello_of(pair.client.sent.at(0));
    std::vector<std::uint8_t> body{0xFE, 0xFF, static_cast<std::uint8_t>(size)};
    body.resize(body.size() + size, 0x5A);
    auto request = test::handshake_datagram(dtls::HandshakeType::hello_verify_request, 0, body);
    pair.client.connection.handle_input(pair.now, request);
    pair.client.drain(pair.now, nullptr);
    ASSERT_EQ(pair.client.sent.size(), 2U);
    const auto second = hello_of(pair.client.sent[1]);
    EXPECT_EQ(second.first.message_seq, 1);
    EXPECT_EQ(second.second.cookie.size(), size);
    EXPECT_EQ(second.second.random, first.second.random);
  }
}

// The request may be forged, and the server about to answer the first hello.
TEST_F(Negotiation, TheHellosWithAndWithoutCookieTakeTurns) {
  DtlsPair pair(*provider);
  pair.start();
  pair.client.drain(pair.now, nullptr);
  auto request = test::handshake_datagram(dtls::HandshakeType::hello_verify_request, 0,
                                          std::vector<std::uint8_t>{0xFE, 0xFF, 1, 0x5A});
  pair.client.connection.handle_input(pair.now, request);
  while (pair.client.sent.size() < 5) pair.now = pair.client.drain(pair.now, nullptr);
  std::vector<int> numbers;
  for (const auto& datagram : pair.client.sent) numbers.push_back(hello_of(datagram).first.message_seq);
  EXPECT_EQ(numbers, (std::vector<int>{0, 1, 0, 1, 0}));
}

TEST_F(Negotiation, TheFourthCookieIsNotSentBack) {
  DtlsPair pair(*provider);
  pair.start();
  for (std::uint8_t i = 0; i < 6; ++i) {
    auto request = test::handshake_datagram(dtls::HandshakeType::hello_verify_request, 0,
                                            std::vector<std::uint8_t>{0xFE, 0xFF, 1, i});
    pair.client.connection.handle_input(pair.now, request);
  }
  while (pair.now < TimePoint{} + std::chrono::seconds(20)) pair.now = pair.client.drain(pair.now, nullptr);
  int highest = 0;
  for (const auto& datagram : pair.client.sent) highest = std::max<int>(highest, hello_of(datagram).first.message_seq);
  EXPECT_EQ(highest, 3);
}

// RFC 8422 section 5.1: the list limits the curves of certificates, too.
TEST_F(Negotiation, TheCurvesOfCertificatesComeAfterTheGroupsOfTheConfiguration) {
  constexpr std::array kOne{Group::x25519};
  DtlsPairOptions options;
  options.client.groups = options.server.groups = kOne;
  DtlsPair pair(*provider, options);
  pair.start();
  pair.client.drain(pair.now, nullptr);
  const auto groups = hello_of(pair.client.sent.at(0)).second.extensions.supported_groups;
  ASSERT_TRUE(groups);
  EXPECT_EQ(std::vector<std::uint8_t>(groups->bytes.begin(), groups->bytes.end()),
            (std::vector<std::uint8_t>{0, 29, 0, 23, 0, 24}));
  pair.run();
  EXPECT_TRUE(pair.both_connected());
  EXPECT_EQ(pair.client.connection.session().group, Group::x25519);
}

}  // namespace
}  // namespace redan
