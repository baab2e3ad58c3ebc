#include "rtc/dtls/hello/cipher_suite.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

TEST(CipherSuites, AreFoundByTheirCodePoint) {
  for (const CipherSuite& suite : kCipherSuites) EXPECT_EQ(find_suite(suite.id), &suite) << suite.name;
  EXPECT_EQ(find_suite(0xC009), nullptr) << "CBC";
  EXPECT_EQ(find_suite(0x1301), nullptr) << "TLS 1.3";
}

TEST(CipherSuites, HaveAPartnerForTheOtherKindOfCertificate) {
  for (const CipherSuite& suite : kCipherSuites) {
    const auto partner = std::find_if(kCipherSuites.begin(), kCipherSuites.end(), [&](const CipherSuite& other) {
      return other.aead == suite.aead && other.hash == suite.hash && other.certificate != suite.certificate;
    });
    EXPECT_NE(partner, kCipherSuites.end()) << suite.name;
  }
}

TEST(Names, AreThoseOfTheRegistry) {
  EXPECT_EQ(name_of(Group::x25519), "x25519");
  EXPECT_EQ(name_of(SignatureScheme::ecdsa_secp256r1_sha256), "ecdsa_secp256r1_sha256");
  for (const SignatureScheme scheme : kSignatureSchemes) EXPECT_FALSE(name_of(scheme).empty());
}

}  // namespace
}  // namespace redan::dtls
