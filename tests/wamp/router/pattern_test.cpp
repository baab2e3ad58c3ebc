#include "wamp/router/pattern.hpp"

#include <gtest/gtest.h>

namespace redan::wamp {
namespace {

TEST(Pattern, AnExactPatternMatchesOnlyItself) {
  EXPECT_TRUE(matches(Match::exact, "com.a", "com.a"));
  EXPECT_FALSE(matches(Match::exact, "com.a", "com.a.b"));
}

TEST(Pattern, APrefixMatchesCharacterByCharacter) {
  EXPECT_TRUE(matches(Match::prefix, "com.foo", "com.foo"));
  EXPECT_TRUE(matches(Match::prefix, "com.foo", "com.foobar"));
  EXPECT_FALSE(matches(Match::prefix, "com.foo.", "com.foobar"));
}

TEST(Pattern, AWildcardMatchesComponentByComponent) {
  EXPECT_TRUE(matches(Match::wildcard, "com..create", "com.user.create"));
  EXPECT_TRUE(matches(Match::wildcard, ".user.", "com.user.create"));
  EXPECT_FALSE(matches(Match::wildcard, "com..create", "com.user.delete"));
  EXPECT_FALSE(matches(Match::wildcard, "com..create", "com.user.x.create"));
  EXPECT_FALSE(matches(Match::wildcard, "com..create", "com.create"));
}

TEST(Pattern, APrefixRuleCoversOnlyLongerPrefixes) {
  EXPECT_TRUE(covers(Match::prefix, "e2e.s1.", Match::exact, "e2e.s1.offer"));
  EXPECT_TRUE(covers(Match::prefix, "e2e.s1.", Match::prefix, "e2e.s1.of"));
  EXPECT_FALSE(covers(Match::prefix, "e2e.s1.", Match::prefix, "e2e."));
  EXPECT_TRUE(covers(Match::prefix, "e2e.s1.", Match::wildcard, "e2e.s1..x"));
  EXPECT_FALSE(covers(Match::prefix, "e2e.s1.", Match::wildcard, "e2e..offer"));
  EXPECT_FALSE(covers(Match::prefix, "e2e.s1.", Match::wildcard, ".s1.offer"));
}

TEST(Pattern, AnExactRuleCoversNoPattern) {
  EXPECT_TRUE(covers(Match::exact, "com.a", Match::exact, "com.a"));
  EXPECT_FALSE(covers(Match::exact, "com.a", Match::prefix, "com.a"));
  EXPECT_FALSE(covers(Match::exact, "com.a", Match::wildcard, "com.a"));
}

TEST(Pattern, AWildcardRuleCoversNarrowerWildcardsAndNoPrefix) {
  EXPECT_TRUE(covers(Match::wildcard, "com..x", Match::exact, "com.a.x"));
  EXPECT_TRUE(covers(Match::wildcard, "com..x", Match::wildcard, "com..x"));
  EXPECT_FALSE(covers(Match::wildcard, "com.a.x", Match::wildcard, "com..x"));
  EXPECT_FALSE(covers(Match::wildcard, "com..x", Match::prefix, "com.a.x"));
}

TEST(Pattern, AnUnknownKindOfMatchingIsRefused) {
  const Value fuzzy("fuzzy"), number(1), prefix("prefix");
  EXPECT_EQ(parse_match(nullptr), Match::exact);
  EXPECT_EQ(parse_match(&prefix), Match::prefix);
  EXPECT_EQ(parse_match(&fuzzy), std::nullopt);
  EXPECT_EQ(parse_match(&number), std::nullopt);
}

TEST(PatternTable, FindsExactThenPrefixesFromShortToLongThenWildcards) {
  PatternTable<int> table;
  table.insert(Match::exact, "a.b.c", 1);
  table.insert(Match::prefix, "a.b", 3);
  table.insert(Match::prefix, "", 2);
  table.insert(Match::prefix, "a.b.c.d", 9);
  table.insert(Match::wildcard, "a..c", 4);
  std::vector<int> found;
  table.for_each_match("a.b.c", [&](int one) { found.push_back(one); });
  EXPECT_EQ(found, (std::vector{1, 2, 3, 4}));
  table.erase(Match::prefix, "a.b");
  table.erase(Match::exact, "a.b.c");
  found.clear();
  table.for_each_match("a.b.c", [&](int one) { found.push_back(one); });
  EXPECT_EQ(found, (std::vector{2, 4}));
}

}  // namespace
}  // namespace redan::wamp
