#include "cloud/api/members.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace redan::cloud::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;

json::object object(std::string_view text) { return json::parse(text).as_object(); }

std::string refusal(const Outcome<void>& outcome) { return outcome ? "" : outcome.error().message; }

TEST(Members, ReadsEachTypeAndLeavesAbsentAndNullOnesAlone) {
  const json::object body = object(R"({"t":"a","s":["b","c"],"i":-3,"b":true,"o":{"x":1},"a":[1],"n":null,"v":2.5})");
  std::string text, absent = "before", null = "before";
  std::vector<std::string> texts;
  std::int64_t integer = 0;
  bool boolean = false;
  json::object inner;
  json::array array;
  json::value any;
  EXPECT_TRUE(Members(body)
                  .text("t", text)
                  .texts("s", texts)
                  .integer("i", integer)
                  .boolean("b", boolean)
                  .object("o", inner)
                  .array("a", array)
                  .text("n", null)
                  .any("v", any)
                  .text("absent", absent)
                  .end({true, {}}));
  EXPECT_EQ(text, "a");
  EXPECT_EQ(texts, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(integer, -3);
  EXPECT_TRUE(boolean);
  EXPECT_EQ(inner, object(R"({"x":1})"));
  EXPECT_EQ(array.size(), 1U);
  EXPECT_EQ(any.as_double(), 2.5);
  EXPECT_EQ(absent, "before");
  EXPECT_EQ(null, "before");
}

TEST(Members, RefusesAWrongTypeByName) {
  const json::object body = object(R"({"t":1,"s":["b",2],"i":"3","b":0,"o":[],"a":{}})");
  std::string text;
  std::vector<std::string> texts;
  std::int64_t integer = 0;
  bool boolean = false;
  json::object inner;
  json::array array;
  EXPECT_EQ(refusal(Members(body, "config.").text("t", text).end({})), "\"config.t\" is not a string");
  EXPECT_THAT(refusal(Members(body).texts("s", texts).end({})), HasSubstr("\"s\" is not an array of"));
  EXPECT_EQ(refusal(Members(body).integer("i", integer).end({})), "\"i\" is not an integer");
  EXPECT_EQ(refusal(Members(body).boolean("b", boolean).end({})), "\"b\" is not true or false");
  EXPECT_EQ(refusal(Members(body).object("o", inner).end({})), "\"o\" is not an object");
  EXPECT_THAT(refusal(Members(body).array("a", array).end({})), HasSubstr("\"a\" is not an array of"));
}

TEST(Members, RefusesValuesOutOfTheirRange) {
  const json::object body = object(R"({"t":"abcd","i":11,"a":[1,2]})");
  std::string text;
  std::int64_t integer = 0;
  json::array array;
  EXPECT_EQ(refusal(Members(body).text("t", text, 3).end({})), "\"t\" is not at most 3 bytes long");
  EXPECT_TRUE(Members(body).text("t", text, 4).end({}));
  EXPECT_EQ(refusal(Members(body).integer("i", integer, 0, 10).end({})), "\"i\" is not from 0 to 10");
  EXPECT_TRUE(Members(body).integer("i", integer, 11, 11).end({}));
  EXPECT_THAT(refusal(Members(body).array("a", array, 1).end({})), HasSubstr("at most 1 elements"));
  EXPECT_EQ(integer, 11);
}

TEST(Members, TheFirstRefusalIsReturned) {
  const json::object body = object(R"({"a":1,"b":1})");
  std::string text;
  EXPECT_EQ(refusal(Members(body).text("b", text).text("a", text).end({})), "\"b\" is not a string");
}

TEST(Members, AnUnimplementedMemberIsRefusedByNameUnlessItAsksForNothing) {
  for (const char* nothing : {"null", "false", "0", "0.0", "\"\"", "[]", "{}", R"({"x":false,"y":""})"}) {
    const json::object body = object(R"({"vm":)" + std::string(nothing) + "}");
    EXPECT_TRUE(Members(body).unimplemented({"vm"}).end({true, {}})) << nothing;
  }
  for (const char* something : {"true", "1", "0.5", "\"x\"", "[0]", R"({"x":true})"}) {
    const json::object body = object(R"({"vm":)" + std::string(something) + "}");
    const auto outcome = Members(body).unimplemented({"other", "vm"}).end({});
    ASSERT_FALSE(outcome) << something;
    EXPECT_EQ(outcome.error().status, 400U);
    EXPECT_EQ(outcome.error().code, "not_implemented");
    EXPECT_EQ(outcome.error().message, "\"vm\" is not implemented");
  }
}

TEST(Members, AnUnknownMemberIsIgnoredAndLoggedInOneLine) {
  const json::object body = object(R"({"known":"x","new":1,"line\nbreak":2})");
  std::string text;
  std::vector<std::string> lines;
  const UnknownMembers unknown{false, [&](std::string_view line) { lines.emplace_back(line); }};
  EXPECT_TRUE(Members(body).text("known", text).end(unknown));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("\"new\""), Not(HasSubstr("\n")), Not(HasSubstr("\"known\""))));
}

TEST(Members, TheLogNamesAtMostEightUnknownMembers) {
  json::object body;
  for (int i = 0; i < 1000; ++i) body["member" + std::to_string(i) + std::string(200, 'x')] = 1;
  std::string line;
  EXPECT_TRUE(Members(body).end({false, [&](std::string_view text) { line = text; }}));
  EXPECT_LT(line.size(), 1000U);
  EXPECT_THAT(line, HasSubstr("992 more"));
}

TEST(Members, AnUnknownMemberIsRefusedByNameWhenThatIsAsked) {
  const json::object body = object(R"({"known":"x","new":1})");
  std::string text;
  EXPECT_THAT(refusal(Members(body).text("known", text).end({true, {}})), HasSubstr("\"new\""));
  EXPECT_TRUE(Members(body).text("known", text).known({"new"}).end({true, {}}));
}

}  // namespace
}  // namespace redan::cloud::api
