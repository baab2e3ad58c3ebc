#include "rtc/dtls/handshake/authentication.hpp"

#include <gtest/gtest.h>

#include "tests/support/dtls_pair.hpp"
#include "tests/support/null_provider.hpp"

namespace redan {
namespace {

class DtlsAuthentication : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test::test_identity(*provider);
};

// Every code point but our six, with a key and a provider that would verify anything.
TEST_F(DtlsAuthentication, AcceptsNoSignatureSchemeThatWasNotOffered) {
  test::NullProvider null(*provider);
  const dtls::Authentication authentication(identity, {}, null);
  for (const KeyType type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
    const test::NullPublicKey key(type);
    std::size_t accepted = 0;
    for (unsigned scheme = 0; scheme <= 0xFFFF; ++scheme) {
      accepted += authentication.check_signature(key, static_cast<std::uint16_t>(scheme), {}, {}) ? 0 : 1;
    }
    EXPECT_EQ(accepted, type == KeyType::ecdsa_p256 ? 2U : 4U);
  }
}

/// Counts how often something as long as a certificate is hashed.
class CountingProvider final : public test::FixedProvider {
 public:
  CountingProvider(Provider& real, std::size_t size) : FixedProvider(real, 1), size_(size) {}
  Digest hash(HashAlgorithm algorithm, Bytes data) override {
    count += data.size() == size_ ? 1 : 0;
    return FixedProvider::hash(algorithm, data);
  }
  int count = 0;

 private:
  std::size_t size_;
};

TEST_F(DtlsAuthentication, HashesACertificateOnceWhateverTheNumberOfFingerprints) {
  CountingProvider counting(*provider, identity.certificate_der.size());
  std::vector<Fingerprint> made;
  made.assign(540, Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("another certificate")));
  const dtls::Authentication authentication(identity, made, counting);
  EXPECT_FALSE(authentication.accepted_fingerprint(identity.certificate_der));
  EXPECT_EQ(counting.count, 1);
}

TEST_F(DtlsAuthentication, UsesTheFirstSixteenFingerprints) {
  const auto right = Fingerprint::of(*provider, HashAlgorithm::sha256, identity.certificate_der);
  for (const std::size_t before : {15U, 16U}) {
    std::vector<Fingerprint> made;
    made.assign(before, Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("another certificate")));
    made.push_back(right);
    const dtls::Authentication authentication(identity, made, *provider);
    EXPECT_EQ(authentication.accepted_fingerprint(identity.certificate_der).has_value(), before == 15);
  }
}

TEST_F(DtlsAuthentication, FailsWithAWrongFingerprintOnEitherSide) {
  for (const bool server_expects_wrong : {false, true}) {
    test::DtlsPairOptions options;
    auto& config = server_expects_wrong ? options.server : options.client;
    config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, as_bytes("another certificate"))};
    test::DtlsPair pair(*provider, options);
    pair.handshake();
    test::DtlsEnd& refusing = server_expects_wrong ? pair.server : pair.client;
    test::DtlsEnd& refused = server_expects_wrong ? pair.client : pair.server;
    ASSERT_TRUE(refusing.closed && refused.closed);
    EXPECT_EQ(refusing.closed->reason, Errc::dtls_fingerprint_mismatch);
    EXPECT_EQ(refused.closed->reason, Errc::dtls_peer_alert);
    EXPECT_EQ(refused.closed->alert, dtls::AlertDescription::bad_certificate);
    EXPECT_EQ(refusing.connected + refused.connected, 0);
  }
}

TEST_F(DtlsAuthentication, IgnoresFingerprintsOfWeakerHashes) {
  const auto right = Fingerprint::of(*provider, HashAlgorithm::sha256, identity.certificate_der);
  const auto wrong = Fingerprint::of(*provider, HashAlgorithm::sha384, as_bytes("another certificate"));
  const dtls::Authentication one(identity, {right}, *provider);
  const dtls::Authentication two(identity, {right, wrong}, *provider);
  EXPECT_TRUE(one.accepted_fingerprint(identity.certificate_der));
  EXPECT_FALSE(two.accepted_fingerprint(identity.certificate_der));
}

TEST_F(DtlsAuthentication, FailsForAClientWithoutACertificate) {
  test::DtlsPair pair(*provider);
  pair.client_identity.certificate_der.clear();
  pair.handshake();
  ASSERT_TRUE(pair.server.closed);
  EXPECT_EQ(pair.server.closed->reason, Errc::dtls_no_certificate);
  EXPECT_EQ(pair.server.connected, 0);
}

TEST_F(DtlsAuthentication, FailsForAPeerThatDoesNotOwnItsCertificate) {
  for (const bool client_lies : {false, true}) {
    test::DtlsPair pair(*provider);
    Identity& liar = client_lies ? pair.client_identity : pair.server_identity;
    liar.key = test::test_identity(*provider).key;
    pair.handshake();
    test::DtlsEnd& other = client_lies ? pair.server : pair.client;
    ASSERT_TRUE(other.closed);
    EXPECT_EQ(other.closed->reason, Errc::dtls_bad_signature);
    EXPECT_EQ(other.connected, 0);
  }
}

TEST_F(DtlsAuthentication, FailsForACertificateThatIsOurs) {
  test::DtlsPair pair(*provider);
  pair.client_identity = pair.server_identity;
  pair.handshake();
  ASSERT_TRUE(pair.client.closed);
  EXPECT_EQ(pair.client.closed->reason, Errc::dtls_reflected);
  EXPECT_EQ(pair.client.connected + pair.server.connected, 0);
}

}  // namespace
}  // namespace redan
