#include "sealed/credentials.hpp"

#include "sealed/errors.hpp"
#include "support.hpp"

namespace redan::sealed::test {
namespace {

TEST(SealedCredentials, ACertificateContainsWhatAmsSigned) {
  const World world;
  const auto bytes = world.certificate().sign(world.ams);
  const auto verified = RuntimeCertificate::verify(bytes, {world.client.public_key(), world.ams.public_key()}, kNow);
  ASSERT_TRUE(verified) << "either of two authorities may have signed";
  EXPECT_EQ(*verified, world.certificate());
}

TEST(SealedCredentials, AGrantContainsWhatAmsSigned) {
  const World world;
  const auto verified = SessionGrant::verify(world.grant().sign(world.ams), {world.ams.public_key()}, kNow);
  ASSERT_TRUE(verified);
  EXPECT_EQ(*verified, world.grant());
}

TEST(SealedCredentials, RefuseEveryFlippedBitAndEveryOtherLength) {
  const World world;
  const Authorities authorities{world.ams.public_key()};
  const auto certificate = world.certificate().sign(world.ams);
  const auto grant = world.grant().sign(world.ams);
  for (std::size_t bit = 0; bit < certificate.size() * 8; ++bit) {
    auto bad = certificate;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(error_of(RuntimeCertificate::verify(bad, authorities, kNow)), errc::sealed_bad_certificate) << bit;
  }
  for (std::size_t bit = 0; bit < grant.size() * 8; ++bit) {
    auto bad = grant;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_EQ(error_of(SessionGrant::verify(bad, authorities, kNow)), errc::sealed_bad_grant) << bit;
  }
  for (std::size_t size = 0; size < grant.size(); ++size) {
    EXPECT_EQ(error_of(SessionGrant::verify(Bytes(grant).first(size), authorities, kNow)), errc::sealed_bad_grant);
  }
  auto longer = grant;
  longer.push_back(0);
  EXPECT_EQ(error_of(SessionGrant::verify(longer, authorities, kNow)), errc::sealed_bad_grant);
}

TEST(SealedCredentials, OneKindIsNotAcceptedAsTheOther) {
  const World world;
  const Authorities authorities{world.ams.public_key()};
  EXPECT_EQ(error_of(SessionGrant::verify(world.certificate().sign(world.ams), authorities, kNow)),
            errc::sealed_bad_grant);
  EXPECT_EQ(error_of(RuntimeCertificate::verify(world.grant().sign(world.ams), authorities, kNow)),
            errc::sealed_bad_certificate);
}

TEST(SealedCredentials, SignaturesOfOthersThanAmsAreRefused) {
  const World world;
  const auto by_runtime = world.certificate().sign(world.runtime);
  EXPECT_EQ(error_of(RuntimeCertificate::verify(by_runtime, {world.ams.public_key()}, kNow)),
            errc::sealed_bad_certificate);
  EXPECT_EQ(error_of(RuntimeCertificate::verify(world.certificate().sign(world.ams), {}, kNow)),
            errc::sealed_bad_certificate);
}

TEST(SealedCredentials, ExpireWithAMinuteOfTolerance) {
  const World world;
  const Authorities authorities{world.ams.public_key()};
  const auto grant = world.grant().sign(world.ams);
  EXPECT_TRUE(SessionGrant::verify(grant, authorities, {kNow.seconds_since_1970 + 360}));
  EXPECT_EQ(error_of(SessionGrant::verify(grant, authorities, {kNow.seconds_since_1970 + 361})), errc::sealed_expired);
  const auto certificate = world.certificate().sign(world.ams);
  EXPECT_TRUE(RuntimeCertificate::verify(certificate, authorities, {kNow.seconds_since_1970 - 60}));
  EXPECT_EQ(error_of(RuntimeCertificate::verify(certificate, authorities, {kNow.seconds_since_1970 - 61})),
            errc::sealed_expired);
  EXPECT_EQ(error_of(RuntimeCertificate::verify(certificate, authorities, {kNow.seconds_since_1970 + 3661})),
            errc::sealed_expired);
}

TEST(SealedCredentials, AnAuthorityIs64HexadecimalDigits) {
  EXPECT_TRUE(parse_authority(std::string(64, 'a')));
  EXPECT_FALSE(parse_authority(std::string(63, 'a')));
  EXPECT_FALSE(parse_authority(std::string(62, 'a')));
  EXPECT_FALSE(parse_authority(std::string(64, 'g')));
}

}  // namespace
}  // namespace redan::sealed::test
