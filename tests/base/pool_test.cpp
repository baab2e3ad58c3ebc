#include "base/pool.hpp"

#include <gtest/gtest.h>

#include <array>

namespace redan {
namespace {

TEST(Pool, ReusesReturnedSlabsAndKeepsAtMostItsLimit) {
  Pool<std::array<int, 4>> pool(1);
  auto first = pool.take();
  auto second = pool.take();
  const auto* address = first.get();
  first.reset();
  second.reset();
  EXPECT_EQ(pool.idle(), 1U);
  EXPECT_EQ(pool.take().get(), address);
}

}  // namespace
}  // namespace redan
