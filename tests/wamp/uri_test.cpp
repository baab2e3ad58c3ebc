#include <gtest/gtest.h>

#include "wamp/message.hpp"

namespace redan::wamp {
namespace {

TEST(WampUri, HasNoEmptyComponent) {
  for (const char* uri : {"a", "com.example.topic1", "com.exämple.T-1_x", "1.2"}) EXPECT_TRUE(is_uri(uri)) << uri;
  for (const char* uri : {"", ".", "a.", ".a", "a..b", "a b", "a.b#", "a\tb", "a\nb", "a\x7f", "a.\x01"}) {
    EXPECT_FALSE(is_uri(uri)) << uri;
  }
  EXPECT_FALSE(is_uri(std::string_view("a\0b", 3)));
}

TEST(WampUri, PatternsMayHaveEmptyComponents) {
  for (const char* uri : {"", ".", "com.", "com..topic", "com.example"}) EXPECT_TRUE(is_uri_pattern(uri)) << uri;
  for (const char* uri : {"a b", "#", "a\n"}) EXPECT_FALSE(is_uri_pattern(uri)) << uri;
}

}  // namespace
}  // namespace redan::wamp
