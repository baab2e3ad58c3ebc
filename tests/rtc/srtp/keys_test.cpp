#include "rtc/srtp/keys.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "base/hex.hpp"

namespace redan::srtp {
namespace {

std::vector<std::uint8_t> counting(std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

std::string range(std::size_t first, std::size_t count) {
  const auto all = counting(first + count);
  return to_hex(Bytes(all).subspan(first));
}

TEST(SrtpKeys, SizesAreThoseOfTheProfiles) {
  EXPECT_EQ(exporter_size(SrtpProfile::aes128_cm_hmac_sha1_80), 60U);
  EXPECT_EQ(exporter_size(SrtpProfile::aead_aes_128_gcm), 56U);
  EXPECT_EQ(exporter_size(SrtpProfile::aead_aes_256_gcm), 88U);
}

TEST(SrtpKeys, HaveTheOrderOfRfc5764Section4Point2) {
  const Keys cm = split(SrtpProfile::aes128_cm_hmac_sha1_80, counting(60));
  EXPECT_EQ(to_hex(cm.client.expose()), range(0, 16) + range(32, 14));
  EXPECT_EQ(to_hex(cm.server.expose()), range(16, 16) + range(46, 14));
  const Keys gcm128 = split(SrtpProfile::aead_aes_128_gcm, counting(56));
  EXPECT_EQ(to_hex(gcm128.client.expose()), range(0, 16) + range(32, 12));
  EXPECT_EQ(to_hex(gcm128.server.expose()), range(16, 16) + range(44, 12));
  const Keys gcm256 = split(SrtpProfile::aead_aes_256_gcm, counting(88));
  EXPECT_EQ(to_hex(gcm256.client.expose()), range(0, 32) + range(64, 12));
  EXPECT_EQ(to_hex(gcm256.server.expose()), range(32, 32) + range(76, 12));
}

TEST(SrtpKeysDeathTest, ExportedBytesOfAnotherProfileAreABug) {
  EXPECT_DEATH(split(SrtpProfile::aead_aes_128_gcm, counting(60)), "");
  EXPECT_DEATH(split(SrtpProfile::aes128_cm_hmac_sha1_80, counting(56)), "");
}

}  // namespace
}  // namespace redan::srtp
