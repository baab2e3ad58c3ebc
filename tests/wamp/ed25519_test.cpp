// RFC 8032 section 7.1, and signatures that must not verify.
#include "wamp/ed25519.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::wamp {
namespace {

std::vector<std::uint8_t> hex(std::string_view text) { return *from_hex(text); }

Ed25519Key key_of(std::string_view seed) {
  const std::vector<std::uint8_t> bytes = hex(seed);
  return Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize>(bytes));
}

TEST(Ed25519, SignsTheVectorsOfRfc8032) {
  const Ed25519Key key = key_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  EXPECT_EQ(std::vector(key.public_key().begin(), key.public_key().end()),
            hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  const Ed25519Signature signature = key.sign(hex("72"));
  EXPECT_EQ(std::vector(signature.begin(), signature.end()),
            hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
  EXPECT_TRUE(ed25519_verify(key.public_key(), hex("72"), signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), hex("73"), signature));
}

TEST(Ed25519, NothingElseVerifies) {
  const Ed25519Key key = key_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const Ed25519Signature good = key.sign(hex("72"));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Ed25519Signature bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(ed25519_verify(key.public_key(), hex("72"), bad)) << bit;
  }
  EXPECT_FALSE(ed25519_verify(key.public_key(), hex("72"), Bytes(good).first(63)));
  EXPECT_FALSE(ed25519_verify(Bytes(key.public_key()).first(31), hex("72"), good));
  // With the neutral element as key, any signature satisfies the equation alone.
  const auto neutral = hex("0100000000000000000000000000000000000000000000000000000000000000");
  Ed25519Signature zero{};
  zero[0] = 1;
  EXPECT_FALSE(ed25519_verify(neutral, hex("72"), zero));
}

}  // namespace
}  // namespace redan::wamp
