#include "cloud/store/rules.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::store {

namespace {

TEST(KeyRange, EndsBeforeTheNextPrefix) {
  const KeyRange keys = keys_below("a/");
  EXPECT_EQ(keys.begin, "a/");
  EXPECT_EQ(keys.end, "a0");
  EXPECT_TRUE(keys.contains("a/\xff\xff"));
  EXPECT_FALSE(keys.contains("a"));
}

TEST(KeyRange, CarriesWhenThePrefixEndsWithTheGreatestByte) { EXPECT_EQ(keys_below("a\xff\xff").end, "b"); }

TEST(KeyRange, HasNoEndWhereNoKeyIsGreater) {
  EXPECT_EQ(keys_below("").end, std::nullopt);
  EXPECT_EQ(keys_below("\xff\xff").end, std::nullopt);
  EXPECT_TRUE(keys_below("\xff").contains("\xff\xff\xff"));
}

TEST(KeyRange, BeginsRightAfterTheContinuationKey) {
  const KeyRange keys = keys_below("a", "ab");
  EXPECT_FALSE(keys.contains("ab"));
  EXPECT_TRUE(keys.contains(std::string("ab\0", 3)));
}

TEST(KeyRange, IsEmptyAfterItsLastKey) {
  EXPECT_TRUE(keys_below("a", "b").empty());
  EXPECT_FALSE(keys_below("b", "a").empty());
}

TEST(Expectation, HoldsForTheNamedRevision) {
  const Revision five{5};
  EXPECT_TRUE(holds(Anything{}, five) && holds(Anything{}, std::nullopt));
  EXPECT_TRUE(holds(Absent{}, std::nullopt));
  EXPECT_FALSE(holds(Absent{}, five));
  EXPECT_TRUE(holds(Unchanged{five}, five));
  EXPECT_FALSE(holds(Unchanged{five}, Revision{6}) || holds(Unchanged{five}, std::nullopt));
}

}  // namespace

}  // namespace redan::cloud::store
