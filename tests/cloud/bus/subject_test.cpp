#include <gtest/gtest.h>

#include "cloud/bus/bus.hpp"

namespace redan::cloud::bus {
namespace {

TEST(Subject, ConsistsOfTokensSeparatedByDots) {
  for (const char* good : {"a", "a.b-c.d_1", "as.v1.agent.announce", "_INBOX.0.1", "A.Z.0.9"}) {
    EXPECT_TRUE(is_subject(good)) << good;
    EXPECT_TRUE(is_subject_pattern(good)) << good;
  }
  for (const char* bad :
       {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\n", "a/b", "a:b", "$a", "a\x7F", "\xC3\xBC"}) {
    EXPECT_FALSE(is_subject(bad)) << bad;
    EXPECT_FALSE(is_subject_pattern(bad)) << bad;
  }
  EXPECT_FALSE(is_subject(std::string_view("a\0b", 3)));
}

TEST(Subject, IsLimitedInTokensAndLength) {
  const std::string token(64, 'a');
  EXPECT_TRUE(is_subject(token));
  EXPECT_FALSE(is_subject(token + "a"));
  std::string subject = "a";
  for (int i = 1; i < 16; ++i) subject += ".a";
  EXPECT_TRUE(is_subject(subject));
  EXPECT_FALSE(is_subject(subject + ".a"));
  EXPECT_FALSE(is_subject_pattern(subject + ".>"));
}

TEST(Subject, OnlyAPatternHasWildcards) {
  for (const char* pattern : {"*", ">", "a.*", "*.*", "a.>", "*.a.>"}) {
    EXPECT_FALSE(is_subject(pattern)) << pattern;
    EXPECT_TRUE(is_subject_pattern(pattern)) << pattern;
  }
  for (const char* bad : {"a*", "*a", "a.>.b", ">.a", "a.>>", "a.**"}) EXPECT_FALSE(is_subject_pattern(bad)) << bad;
}

TEST(Subject, MatchesAPattern) {
  EXPECT_TRUE(subject_fits("a.b", "a.b"));
  EXPECT_TRUE(subject_fits("*.b", "a.b"));
  EXPECT_TRUE(subject_fits(">", "a.b"));
  EXPECT_TRUE(subject_fits("a.>", "a.b.c"));
  EXPECT_FALSE(subject_fits("a.>", "a"));
  EXPECT_FALSE(subject_fits("a.*", "a"));
  EXPECT_FALSE(subject_fits("a.*", "a.b.c"));
  EXPECT_FALSE(subject_fits("a.b", "a.bc"));
  EXPECT_FALSE(subject_fits("a.b.c", "a.b"));
}

}  // namespace
}  // namespace redan::cloud::bus
