// What a server of DTLS 1.2 accepts and rejects in a ClientHello.
#include <gtest/gtest.h>

#include "tests/support/client_hello.hpp"
#include "tests/support/dtls_pair.hpp"
#include "tests/support/files.hpp"

namespace redan {
namespace {

using test::HelloParts;

class DtlsNegotiation : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test::test_identity(*provider);

  std::unique_ptr<test::DtlsEnd> server(bool require_srtp = false, KeyType key = KeyType::ecdsa_p256) {
    if (key != KeyType::ecdsa_p256) identity = test::test_identity(*provider, key);
    dtls::ConnectionConfig config;
    config.peer_fingerprints = {
        Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("the certificate of no client"))};
    config.max_version = dtls::kDtls12;
    config.srtp_profiles = {7, 8, 1};
    config.require_srtp = require_srtp;
    auto end = std::make_unique<test::DtlsEnd>(config, identity, *provider);
    end->connection.start(TimePoint{});
    return end;
  }
  // Runs the server's clock out; the reason it gives.
  static std::optional<Errc> outcome(test::DtlsEnd& end) {
    for (TimePoint now{}; !end.closed;) {
      const TimePoint next = end.drain(now, nullptr);
      if (next == kNever) break;
      now = next;
    }
    if (!end.closed) return std::nullopt;
    return end.closed->reason;
  }
  std::optional<Errc> refusal(const test::HelloParts& parts, bool require_srtp = false,
                              KeyType key = KeyType::ecdsa_p256) {
    auto end = server(require_srtp, key);
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{}, datagram);
    return outcome(*end);
  }
  bool answers(const test::HelloParts& parts) {
    auto end = server();
    auto datagram = test::hello_datagram(parts);
    end->connection.handle_input(TimePoint{}, datagram);
    end->drain(TimePoint{}, nullptr);
    return end->sent.size() == 1 && end->sent[0].size() > 300;
  }
};

TEST_F(DtlsNegotiation, AnswersAnOrdinaryHello) { EXPECT_TRUE(answers({})); }

TEST_F(DtlsNegotiation, AnswersCapturedHellosOfBrowsers) {
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

TEST_F(DtlsNegotiation, RejectsAHelloOfAnotherVersion) {
  HelloParts parts;
  parts.version = dtls::kDtls10;
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
  parts.version = 0x0303;
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
}

TEST_F(DtlsNegotiation, PrefersSupportedVersionsToClientVersion) {
  HelloParts parts;
  parts.versions = {0xFEFC};
  EXPECT_EQ(refusal(parts), Errc::dtls_version);
  parts.versions = {0x1A1A, 0xFEFC, 0xFEFD};
  EXPECT_TRUE(answers(parts));
}

TEST_F(DtlsNegotiation, RejectsAHelloWithoutACommonSuiteGroupOrScheme) {
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

TEST_F(DtlsNegotiation, ChoosesASuiteThatFitsOurKey) {
  HelloParts parts;
  EXPECT_EQ(refusal(parts, false, KeyType::rsa_2048), Errc::dtls_timeout);  // answered; no client flight follows
  parts.suites = {0xC02B};
  EXPECT_EQ(refusal(parts, false, KeyType::rsa_2048), Errc::dtls_no_common_suite);
}

TEST_F(DtlsNegotiation, RejectsAHelloWithoutExtendedMasterSecret) {
  HelloParts parts;
  parts.extended_master_secret = false;
  EXPECT_EQ(refusal(parts), Errc::dtls_no_extended_master_secret);
}

TEST_F(DtlsNegotiation, RejectsAHelloWithoutACommonSrtpProfileOnlyIfMediaWasAgreed) {
  HelloParts parts;
  for (const std::vector<std::uint16_t>& profiles : {std::vector<std::uint16_t>{}, {2, 5, 6}}) {
    parts.srtp_profiles = profiles;
    EXPECT_EQ(refusal(parts, true), Errc::dtls_no_srtp_profile);
    EXPECT_TRUE(answers(parts));
  }
}

TEST_F(DtlsNegotiation, RejectsCompressionAndRenegotiation) {
  HelloParts parts;
  parts.compression = {1};
  EXPECT_EQ(refusal(parts), Errc::dtls_illegal_parameter);
  parts = {};
  parts.renegotiation = std::vector<std::uint8_t>(12, 1);
  EXPECT_EQ(refusal(parts), Errc::dtls_illegal_parameter);
}

// An alert in the clear ends a genuine handshake at the peer's side: it has to wait until there is no hope left.
TEST_F(DtlsNegotiation, SendsOneAlertWhenTheGracePeriodEnds) {
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

// The bad hello may be forged: the genuine one still counts, and clears the pending failure.
TEST_F(DtlsNegotiation, AnswersAGoodHelloAfterABadOneAndGivesItTheWholeTimeout) {
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

// Only a signature shows which of them is genuine.
TEST_F(DtlsNegotiation, KeepsACandidateForEachHello) {
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

TEST_F(DtlsNegotiation, DropsAndCountsAMalformedHello) {
  auto end = server();
  HelloParts parts;
  parts.trailing_bytes = 3;
  auto datagram = test::hello_datagram(parts);
  end->connection.handle_input(TimePoint{}, datagram);
  end->drain(TimePoint{}, nullptr);
  EXPECT_TRUE(end->sent.empty());
  EXPECT_EQ(end->connection.drops()[dtls::Drop::malformed_message], 1U);
}

}  // namespace
}  // namespace redan
