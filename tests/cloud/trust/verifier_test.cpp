#include "cloud/trust/verifier.hpp"

#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "tests/cloud/token/token_test.hpp"

namespace redan::cloud::test {
namespace {

using std::chrono::seconds;

TimePoint at(int n) { return TimePoint() + seconds(n); }

/// A certificate is any bytes here; the chain check below reads its issuer from the first byte.
std::vector<std::uint8_t> certificate(std::uint8_t issuer, std::uint8_t serial) { return {issuer, serial}; }

Digest sha256(Bytes der) { return provider().hash(HashAlgorithm::sha256, der); }

trust::TrustedCertificate trusted(const std::vector<std::uint8_t>& der, std::string name, trust::Role role,
                                  trust::TrustKind kind = trust::TrustKind::client) {
  return {to_hex(sha256(der).bytes()), std::move(name), kind, role, {}, der, k2029};
}

class TrustVerifier : public testing::Test {
 protected:
  void SetUp() override { verifier_.mark_fresh(at(100)); }

  Result<trust::Caller> admit(const std::vector<std::uint8_t>& der, TimePoint now = at(100)) {
    return verifier_.admit(sha256(der), der, {}, k2029, now);
  }

  int checks_ = 0;
  trust::Verifier verifier_{[this](Bytes leaf, const auto&, Bytes authority, WallTime now) {
                              ++checks_;
                              return leaf[0] == authority[1] && now == k2029;
                            },
                            seconds(60)};
  const std::vector<std::uint8_t> alice_ = certificate(0, 1);
  const std::vector<std::uint8_t> authority_ = certificate(0, 7);
};

TEST_F(TrustVerifier, TrustsNoCertificateInitially) { EXPECT_EQ(reason(admit(alice_)), errc::trust_unknown); }

TEST_F(TrustVerifier, ATrustedCertificateHasItsRole) {
  verifier_.put(trusted(alice_, "alice", trust::Role::operate));
  const auto caller = admit(alice_);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->name, "alice");
  EXPECT_EQ(caller->role, trust::Role::operate);
  EXPECT_EQ(caller->fingerprint, to_hex(sha256(alice_).bytes()));
  EXPECT_EQ(reason(admit(certificate(0, 2))), errc::trust_unknown);
  EXPECT_EQ(checks_, 0);
}

TEST_F(TrustVerifier, ARemovedCertificateIsUnknownAtOnce) {
  verifier_.put(trusted(alice_, "alice", trust::Role::view));
  EXPECT_TRUE(verifier_.erase(to_hex(sha256(alice_).bytes())));
  EXPECT_FALSE(verifier_.erase(to_hex(sha256(alice_).bytes())));
  EXPECT_EQ(reason(admit(alice_)), errc::trust_unknown);
}

TEST_F(TrustVerifier, ResetReplacesEverything) {
  verifier_.put(trusted(alice_, "alice", trust::Role::view));
  verifier_.reset({trusted(certificate(0, 2), "bob", trust::Role::admin)});
  EXPECT_EQ(reason(admit(alice_)), errc::trust_unknown);
  EXPECT_TRUE(admit(certificate(0, 2)));
  EXPECT_EQ(verifier_.all().size(), 1U);
}

TEST_F(TrustVerifier, PuttingItAgainChangesTheRole) {
  verifier_.put(trusted(alice_, "alice", trust::Role::admin));
  verifier_.put(trusted(alice_, "alice", trust::Role::view));
  EXPECT_EQ(admit(alice_)->role, trust::Role::view);
}

// Authorities.

TEST_F(TrustVerifier, AnAuthorityAdmitsTheCertificatesThatItIssued) {
  verifier_.put(trusted(authority_, "our CA", trust::Role::agent, trust::TrustKind::authority));
  const auto caller = admit(certificate(7, 3));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->name, "our CA");
  EXPECT_EQ(caller->role, trust::Role::agent);
  EXPECT_EQ(caller->fingerprint, to_hex(sha256(certificate(7, 3)).bytes()));
  EXPECT_EQ(reason(admit(certificate(8, 3))), errc::trust_unknown);
}

TEST_F(TrustVerifier, AnAuthorityIsNotAClientItself) {
  verifier_.put(trusted(authority_, "our CA", trust::Role::admin, trust::TrustKind::authority));
  EXPECT_EQ(reason(admit(authority_)), errc::trust_unknown);
}

TEST_F(TrustVerifier, AClientCertificateAdmitsNoOther) {
  verifier_.put(trusted(authority_, "carol", trust::Role::admin));
  EXPECT_EQ(reason(admit(certificate(7, 3))), errc::trust_unknown);
  EXPECT_EQ(checks_, 0);
}

TEST_F(TrustVerifier, ACertificatesOwnEntryTakesPrecedenceOverItsAuthority) {
  verifier_.put(trusted(authority_, "our CA", trust::Role::admin, trust::TrustKind::authority));
  verifier_.put(trusted(certificate(7, 3), "dave", trust::Role::view));
  EXPECT_EQ(admit(certificate(7, 3))->role, trust::Role::view);
}

TEST_F(TrustVerifier, TheChainIsCheckedAtTheTimeGiven) {
  verifier_.put(trusted(authority_, "our CA", trust::Role::agent, trust::TrustKind::authority));
  const auto der = certificate(7, 3);
  EXPECT_EQ(reason(verifier_.admit(sha256(der), der, {}, k2030, at(100))), errc::trust_unknown);
}

// Staleness.

TEST_F(TrustVerifier, ACopyIsStaleBeforeItIsConfirmed) {
  trust::Verifier fresh([](Bytes, const auto&, Bytes, WallTime) { return true; });
  fresh.put(trusted(alice_, "alice", trust::Role::admin));
  EXPECT_FALSE(fresh.is_fresh(at(0)));
  EXPECT_EQ(reason(fresh.admit(sha256(alice_), alice_, {}, k2029, at(0))), errc::trust_stale);
}

TEST_F(TrustVerifier, ACopyIsValidUntilItsTimeExpires) {
  verifier_.put(trusted(alice_, "alice", trust::Role::admin));
  EXPECT_TRUE(admit(alice_, at(160)));
  EXPECT_EQ(reason(admit(alice_, at(160) + std::chrono::milliseconds(1))), errc::trust_stale);
  EXPECT_EQ(reason(admit(certificate(0, 2), at(161))), errc::trust_stale);
  verifier_.mark_fresh(at(161));
  EXPECT_TRUE(admit(alice_, at(221)));
}

TEST_F(TrustVerifier, TheDefaultStalenessIsAMinute) {
  trust::Verifier verifier([](Bytes, const auto&, Bytes, WallTime) { return false; });
  verifier.mark_fresh(at(0));
  EXPECT_TRUE(verifier.is_fresh(at(60)));
  EXPECT_FALSE(verifier.is_fresh(at(61)));
}

// Callers.

TEST(TrustCaller, IsRestrictedToItsScopes) {
  trust::Caller caller{"alice", "", trust::Role::operate, {}};
  EXPECT_TRUE(caller.may(trust::Scope::instance_write));
  EXPECT_TRUE(caller.may(trust::Scope::instance_read));
  caller.scopes = {trust::Scope::instance_read};
  EXPECT_TRUE(caller.may(trust::Scope::instance_read));
  EXPECT_FALSE(caller.may(trust::Scope::instance_write));
}

TEST(TrustCaller, ScopesDoNotWidenTheRole) {
  const trust::Caller caller{"alice", "", trust::Role::view, {trust::Scope::trust_write, trust::Scope::instance_write}};
  EXPECT_FALSE(caller.may(trust::Scope::trust_write));
  EXPECT_FALSE(caller.may(trust::Scope::instance_write));
}

}  // namespace
}  // namespace redan::cloud::test
