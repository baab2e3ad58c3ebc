#include "crypto/nonce.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/hex.hpp"

namespace redan {
namespace {

constexpr std::array<std::uint8_t, 4> kSalt{0xa1, 0xa2, 0xa3, 0xa4};
constexpr std::array<std::uint8_t, 12> kIv{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b};

static_assert(!std::is_copy_constructible_v<SealNonce>);
static_assert(!std::is_copy_constructible_v<NonceSequence>);
static_assert(!std::is_constructible_v<SealNonce, std::array<std::uint8_t, kAeadNonceSize>>);

TEST(Nonce, GcmAppendsTheNumberToTheSalt) {
  const NonceBase base(NonceForm::explicit_gcm, kSalt);
  EXPECT_EQ(to_hex(base.at(0).bytes), "a1a2a3a40000000000000000");
  EXPECT_EQ(to_hex(base.at(0x0001000000000002).bytes), "a1a2a3a40001000000000002");
}

TEST(Nonce, ChaChaXorsTheNumberIntoTheEndOfTheIv) {
  const NonceBase base(NonceForm::xor_counter, kIv);
  EXPECT_EQ(to_hex(base.at(0).bytes), to_hex(kIv));
  EXPECT_EQ(to_hex(base.at(0xffff000000000001).bytes), "10111213ebea161718191a1a");
}

TEST(NonceSequence, ReturnsEachNumberOnceInOrderThenEnds) {
  NonceSequence nonces(NonceBase(NonceForm::xor_counter, kIv), 7, 1007);
  std::set<std::string> seen;
  for (std::uint64_t n = 7; n < 1007; ++n) {
    EXPECT_EQ(nonces.peek(), n);
    EXPECT_EQ(nonces.remaining(), 1007 - n);
    const auto nonce = nonces.take();
    ASSERT_TRUE(nonce);
    EXPECT_TRUE(seen.insert(to_hex(nonce->bytes())).second);
  }
  EXPECT_TRUE(nonces.exhausted());
  EXPECT_EQ(nonces.remaining(), 0U);
  EXPECT_FALSE(nonces.take());
  EXPECT_FALSE(nonces.take());
}

TEST(NonceSequence, EndsAtTheLargestNumberWithoutWrapping) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  NonceSequence nonces(NonceBase(NonceForm::explicit_gcm, kSalt), kMax - 1, kMax);
  EXPECT_TRUE(nonces.take());
  EXPECT_FALSE(nonces.take());
}

TEST(NonceSequence, AnEmptyRangeIsExhausted) {
  NonceSequence nonces(NonceBase(NonceForm::explicit_gcm, kSalt), 5, 5);
  EXPECT_FALSE(nonces.take());
  NonceSequence backwards(NonceBase(NonceForm::explicit_gcm, kSalt), 6, 5);
  EXPECT_FALSE(backwards.take());
  EXPECT_EQ(backwards.remaining(), 0U);
}

TEST(NonceSequence, AMovedFromSequenceIsExhausted) {
  NonceSequence first(NonceBase(NonceForm::explicit_gcm, kSalt), 0, 10);
  NonceSequence second(std::move(first));
  EXPECT_TRUE(second.take());
  EXPECT_FALSE(first.take());  // NOLINT(bugprone-use-after-move): the point of the test
}

}  // namespace
}  // namespace redan
