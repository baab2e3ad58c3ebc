#include <redan/wamp_types.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace redan::wamp {
namespace {

TEST(WampValue, EqualNumbersAreEqualValues) {
  EXPECT_EQ(Value(std::uint64_t{7}), Value(7));
  EXPECT_NE(Value(7), Value(7.0));
  EXPECT_NE(Value(std::numeric_limits<std::uint64_t>::max()), Value(-1));
}

TEST(WampValue, IdsAreFromOneToTwoToThe53) {
  EXPECT_EQ(Value(1).id(), 1U);
  EXPECT_EQ(Value(std::int64_t{1} << 53U).id(), std::uint64_t{1} << 53U);
  EXPECT_EQ(Value(3.0).id(), 3U) << "JavaScript peers echo ids as floating-point numbers";
  EXPECT_EQ(Value(0).id(), std::nullopt);
  EXPECT_EQ(Value(-1).id(), std::nullopt);
  EXPECT_EQ(Value((std::int64_t{1} << 53U) + 1).id(), std::nullopt);
  EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()).id(), std::nullopt);
  EXPECT_EQ(Value(1.5).id(), std::nullopt);
  EXPECT_EQ(Value(1e300).id(), std::nullopt);
  EXPECT_EQ(Value(std::nan("")).id(), std::nullopt);
  EXPECT_EQ(Value("1").id(), std::nullopt);
  EXPECT_EQ(Value(true).id(), std::nullopt);
}

TEST(WampValue, ADictKeepsItsOrderButComparesWithoutIt) {
  Dict dict{{"b", 1}, {"a", 2}};
  dict["c"] = 3;
  dict["b"] = 4;
  dict.erase("a");
  ASSERT_EQ(dict.size(), 2U);
  EXPECT_EQ(dict.begin()->first, "b");
  EXPECT_EQ(*dict.find("b"), Value(4));
  EXPECT_EQ(dict.find("a"), nullptr);
  EXPECT_EQ(dict, (Dict{{"c", 3}, {"b", 4}}));
  EXPECT_NE(dict, (Dict{{"c", 3}, {"b", 5}}));
  EXPECT_NE(dict, (Dict{{"c", 3}}));
}

}  // namespace
}  // namespace redan::wamp
