#include "cloud/token/json_object.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::token {
namespace {

TEST(JsonObject, ReturnsMembersInOrder) {
  const auto object = parse_json_object(R"( {"b":1,"a":"x"} )");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->begin()->key(), "b");
  EXPECT_EQ(find_string(*object, "a"), "x");
  EXPECT_FALSE(find_string(*object, "b"));
  EXPECT_FALSE(find_string(*object, "c"));
}

TEST(JsonObject, RefusesTheSameNameTwiceAtEveryLevel) {
  for (const char* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":{"b":1,"b":2}})",
                           R"({"a":[0,{"b":1,"b":2}]})", R"({"a":1,"\u0061":2})", R"({"a":{"b":1,"b":2},"a":3})",
                           R"({"":1,"":2})", R"({"a":1,"c":{"x":{"y":1,"y":1}}})"}) {
    EXPECT_FALSE(parse_json_object(text)) << text;
  }
  EXPECT_TRUE(parse_json_object(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1})"));
}

TEST(JsonObject, RefusesOtherValuesThanObjects) {
  for (const char* text : {"", " ", "1", "\"a\"", "[]", "null", "true", "[{}]"}) {
    EXPECT_FALSE(parse_json_object(text)) << text;
  }
  EXPECT_TRUE(parse_json_object("{}"));
}

TEST(JsonObject, RefusesMalformedText) {
  for (const char* text : {"{",
                           "}",
                           "{}{}",
                           "{} x",
                           "{,}",
                           R"({"a":1,})",
                           R"({'a':1})",
                           R"({a:1})",
                           R"({"a" 1})",
                           R"({"a":01})",
                           R"({"a":+1})",
                           R"({"a":.5})",
                           R"({"a":NaN})",
                           R"({"a":Infinity})",
                           R"({"a":0x1})",
                           R"({"a":"x)",
                           R"({"a":"\x41"})",
                           R"({"a":"\ud800"})",
                           R"({"a":"\u12"})",
                           R"({"a":/**/1})",
                           "{\"a\":\"\x01\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc0\x80\"}",
                           "{\"a\":\"\xed\xa0\x80\"}",
                           "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(parse_json_object(text)) << text;
  }
  EXPECT_FALSE(parse_json_object(std::string_view("{}\0", 3)));
}

TEST(JsonObject, RefusesEveryTruncation) {
  const std::string_view text = R"({"a":[1,-2,3.5e1,true,null,{"b":"\u00e4\n"}],"c":"d"})";
  EXPECT_TRUE(parse_json_object(text));
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(parse_json_object(text.substr(0, n))) << n;
}

TEST(JsonObject, RefusesDeepNesting) {
  const auto nested = [](int levels) {
    std::string text = "{\"a\":";
    for (int i = 1; i < levels; ++i) text += '[';
    text += '1';
    for (int i = 1; i < levels; ++i) text += ']';
    return text + "}";
  };
  EXPECT_TRUE(parse_json_object(nested(8)));
  EXPECT_FALSE(parse_json_object(nested(9)));
  EXPECT_FALSE(parse_json_object(nested(100'000)));
}

}  // namespace
}  // namespace redan::cloud::token
