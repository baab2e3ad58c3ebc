#include "rtc/dtls/v12/client.hpp"

#include <gtest/gtest.h>

#include "tests/rtc/dtls/hello_of.hpp"
#include "tests/rtc/dtls/rogue_peer_fixture.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using test::Datagram;
using test::hello_of;
using test::Refusal;
using test::RogueServer;

class DtlsClient : public test::RogueServerTest {};

TEST_F(DtlsClient, ConnectsToAServerThatKeepsTheRules) {
  connect();
  give(*client, rogue->sealed_text("hello"));
  EXPECT_EQ(client->received, std::vector<std::string>{"hello"});
}

TEST_F(DtlsClient, RejectsAServerHelloWithoutExtendedMasterSecret) {
  start();
  EXPECT_EQ(refusal({.extended_master_secret = false}), Refusal(Errc::dtls_no_extended_master_secret, 40));
}

TEST_F(DtlsClient, RejectsAGroupThatItDidNotOffer) {
  constexpr std::array kOne{Group::secp256r1};
  start(kOne);
  EXPECT_EQ(refusal({}), Refusal(Errc::dtls_no_common_group, 47));
}

TEST_F(DtlsClient, RejectsACertificateOfAnotherKindThanTheSuites) {
  start();
  EXPECT_EQ(refusal({.suite = 0xC02F}), Refusal(Errc::dtls_illegal_parameter, 47));
}

TEST_F(DtlsClient, RejectsASuiteThatItDidNotOffer) {
  start();
  EXPECT_EQ(refusal({.suite = 0xC009}), Refusal(Errc::dtls_no_common_suite, 47));
}

TEST_F(DtlsClient, RejectsCompressionAndOtherVersions) {
  start();
  EXPECT_EQ(refusal({.compression = 1}), Refusal(Errc::dtls_illegal_parameter, 47));
  start();
  EXPECT_EQ(refusal({.version = dtls::kDtls10}), Refusal(Errc::dtls_version, 70));
}

// RFC 5246 section 7.2.2: unsupported_extension for what was not offered, illegal_parameter for wrong content.
TEST_F(DtlsClient, RejectsExtensionsThatItDidNotOfferAndWrongContent) {
  const Errc illegal = Errc::dtls_illegal_parameter;
  EXPECT_EQ(refusal_of_extension(0x1234, {1}), Refusal(illegal, 110));
  EXPECT_EQ(refusal_of_extension(43, {0xFE, 0xFD}), Refusal(illegal, 110));
  start(dtls::kGroups, {});
  EXPECT_EQ(refusal({.extensions = extension(14, {0, 2, 0, 7, 0})}), Refusal(illegal, 110));
  EXPECT_EQ(refusal_of_extension(14, {0, 2, 0, 8, 0}), Refusal(illegal, 47)) << "a profile that was not offered";
  EXPECT_EQ(refusal_of_extension(14, {0, 4, 0, 7, 0, 1, 0}), Refusal(illegal, 47)) << "two profiles";
  EXPECT_EQ(refusal_of_extension(14, {0, 2, 0, 7, 1, 5}), Refusal(illegal, 47)) << "a key identifier";
  EXPECT_EQ(refusal_of_extension(13, {0, 2, 4, 3}), Refusal(illegal, 47));
  EXPECT_EQ(refusal_of_extension(0xFF01, {1, 9}), Refusal(illegal, 47)) << "a renegotiation";
}

TEST_F(DtlsClient, RejectsAServerThatAsksForNoCertificate) {
  start();
  EXPECT_EQ(refusal({.asks = false}), Refusal(Errc::dtls_no_certificate_request, 40));
}

// Any sender can show a certificate; only the peer of this handshake can sign over our random.
TEST_F(DtlsClient, ReportsAWrongCertificateOnlyIfThePeerSignedOverOurRandom) {
  for (const bool proven : {false, true}) {
    start();
    RogueServer other(*provider);
    const Datagram hello = take(*client);
    Datagram other_hello = hello;
    if (!proven) other_hello[13 + 12 + 2] ^= 1U;  // signed over another random
    give(*client, other.flight_4(other_hello, {}));
    EXPECT_EQ(outcome(*client), proven ? Errc::dtls_fingerprint_mismatch : Errc::dtls_bad_signature);
  }
}

TEST_F(DtlsClient, SendsTheCookieOfAHelloVerifyRequestBack) {
  for (const std::size_t size : {0U, 1U, 32U, 255U}) {
    test::DtlsPair pair(*provider);
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
TEST_F(DtlsClient, RepeatsTheHellosWithAndWithoutCookieInTurn) {
  test::DtlsPair pair(*provider);
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

TEST_F(DtlsClient, IgnoresTheFourthCookie) {
  test::DtlsPair pair(*provider);
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
TEST_F(DtlsClient, OffersTheCurvesOfCertificatesAfterTheConfiguredGroups) {
  constexpr std::array kOne{Group::x25519};
  test::DtlsPairOptions options;
  options.client.groups = options.server.groups = kOne;
  test::DtlsPair pair(*provider, options);
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

TEST_F(DtlsClient, AnswersARepeatedServerFlightOnlyIfItIsWhole) {
  RogueServer other(*provider);
  test::DtlsEnd our_client(config(dtls::Role::client, other.identity), identity, *provider);
  our_client.connection.start(now);
  const Datagram flight = other.flight_4(take(our_client), {});
  give(our_client, flight);
  EXPECT_FALSE(take(our_client).empty());
  for (int i = 0; i < 17; ++i) {
    now += 21ms;
    give(our_client, test::record(22, 0, 9, test::fragment_of(14, 0, 4, 0, {})));
    give(our_client, test::record(22, 0, 9, test::fragment_of(2, 0, 0, 0, {})));
    EXPECT_TRUE(take(our_client).empty());
  }
  // The whole flight again means that the server has not received ours.
  give(our_client, flight);
  EXPECT_FALSE(take(our_client).empty());
}

}  // namespace
}  // namespace redan
