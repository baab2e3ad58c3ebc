#include "wamp/secret_key.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "tests/support/seeded_random.hpp"
#include "wamp/errors.hpp"
#include "wamp/serializer.hpp"

namespace redan::wamp {
namespace {

const Payload kClear{List{1, "two", Binary{3}}, Dict{{"k", nullptr}}, std::nullopt};

class WampSecretKey : public ::testing::TestWithParam<PptCipher> {
 protected:
  static SecretKey key(std::uint8_t byte) { return std::move(*SecretKey::make(GetParam(), Binary(32, byte))); }
  test::SeededRandom random_{1};
};

TEST_P(WampSecretKey, OpensWhatItSealed) {
  const Binary sealed = key(1).seal(kClear, random_);
  const auto opened = key(1).open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, kClear);
  EXPECT_NE(key(1).seal(kClear, random_), sealed) << "a nonce is used once";
}

TEST_P(WampSecretKey, RefusesEveryChangeAndOtherKeys) {
  const Binary sealed = key(1).seal(kClear, random_);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Binary changed = sealed;
    changed[i] ^= 1U;
    EXPECT_FALSE(key(1).open(changed)) << i;
    EXPECT_FALSE(key(1).open(Bytes(sealed).first(i))) << i;
  }
  EXPECT_FALSE(key(2).open(sealed));
}

INSTANTIATE_TEST_SUITE_P(Ciphers, WampSecretKey, ::testing::Values(PptCipher::xsalsa20poly1305, PptCipher::aes256gcm));

TEST(WampSecretKeyVectors, OpenWhatOtherImplementationsSealed) {
  // PyNaCl's SecretBox and PyCA's AESGCM: key 00 01 .. 1f, nonce 0, {"args": [1], "kwargs": {}} by cbor2.
  Binary key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const auto opened = [&](PptCipher cipher, std::string_view hex) {
    return SecretKey::make(cipher, key)->open(*from_hex(hex));
  };
  const auto box = opened(PptCipher::xsalsa20poly1305,
                          "00000000000000000000000000000000000000000000000068c8404dcffd10a3753c2500509a8ce8e86a9133ffd9"
                          "3e323a3f056e5721cd72");
  ASSERT_TRUE(box);
  EXPECT_EQ(*box, (Payload{{1}, {}, {}}));
  const auto gcm = opened(PptCipher::aes256gcm,
                          "000000000000000000000000acd8d4acd25f02bc6ec3de546a4be239430ac3208a719cfb1136bcc43b8a3adb");
  ASSERT_TRUE(gcm);
  EXPECT_EQ(*gcm, (Payload{{1}, {}, {}}));
}

TEST(WampSecretKeyVectors, KeysHaveTheirLength) {
  EXPECT_FALSE(SecretKey::make(PptCipher::aes256gcm, Binary(16)));
  EXPECT_FALSE(SecretKey::make(PptCipher::xsalsa20poly1305, Binary(33)));
}

TEST(WampPptPlaintext, IsAMapOfArgsAndKwargs) {
  EXPECT_EQ(parse_ppt(write_ppt(kClear)), kClear);
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, Dict{})), Payload{});
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, Dict{{"args", nullptr}, {"kwargs", nullptr}})), Payload{});
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, Dict{{"args", 1}})), std::nullopt);
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, Dict{{"kwargs", List{}}})), std::nullopt);
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, Dict{{"uri", "x"}})), std::nullopt);
  EXPECT_EQ(parse_ppt(encode(Serializer::cbor, List{})), std::nullopt);
  EXPECT_EQ(parse_ppt({}), std::nullopt);
}

}  // namespace
}  // namespace redan::wamp
