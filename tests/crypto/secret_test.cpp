#include <gtest/gtest.h>

#include <new>
#include <redan/secret.hpp>

namespace redan {
namespace {

static_assert(!std::is_copy_constructible_v<Secret<8>>);
static_assert(!std::is_copy_assignable_v<Secret<8>>);

constexpr std::array<std::uint8_t, 4> kBytes{1, 2, 3, 4};

TEST(Secret, HoldsAtMostItsCapacity) {
  EXPECT_EQ(Secret<8>(kBytes).size(), 4U);
  EXPECT_EQ(Secret<2>(kBytes).size(), 2U);
  Secret<8> secret;
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(secret.fill(100).size(), 8U);
}

TEST(Secret, MovingWipesTheSource) {
  Secret<4> source(kBytes);
  const std::uint8_t* memory = source.expose().data();
  Secret<4> target(std::move(source));
  EXPECT_TRUE(equal_in_constant_time(target.expose(), kBytes));
  EXPECT_EQ(source.size(), 0U);  // NOLINT(bugprone-use-after-move): the point of the test
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(memory[i], 0);
  Secret<4> assigned(kBytes);
  assigned = std::move(target);
  EXPECT_TRUE(equal_in_constant_time(assigned.expose(), kBytes));
  EXPECT_TRUE(target.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(Secret, DestructionWipes) {
  alignas(Secret<4>) std::array<std::uint8_t, sizeof(Secret<4>)> memory{};
  auto* secret = new (memory.data()) Secret<4>(kBytes);
  EXPECT_NE(std::search(memory.begin(), memory.end(), kBytes.begin(), kBytes.end()), memory.end());
  secret->~Secret();
  EXPECT_EQ(std::search(memory.begin(), memory.end(), kBytes.begin(), kBytes.end()), memory.end());
}

TEST(EqualInConstantTime, ComparesEveryByteAndTheLength) {
  EXPECT_TRUE(equal_in_constant_time({}, {}));
  EXPECT_TRUE(equal_in_constant_time(kBytes, std::array<std::uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_FALSE(equal_in_constant_time(kBytes, Bytes(kBytes).first(3)));
  for (std::size_t i = 0; i < 4; ++i) {
    auto other = kBytes;
    other[i] ^= 0x80U;
    EXPECT_FALSE(equal_in_constant_time(kBytes, other));
  }
}

}  // namespace
}  // namespace redan
