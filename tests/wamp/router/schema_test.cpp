#include "wamp/router/schema.hpp"

#include <gtest/gtest.h>

namespace redan::wamp {
namespace {

Value json(std::string_view text) { return decode(Serializer::json, as_bytes(text)).value(); }

std::string check(std::string_view schema, std::string_view value) {
  const auto parsed = Schema::parse(json(schema));
  EXPECT_TRUE(parsed) << parsed.error();
  return parsed->violation(json(value), "v").value_or("fits");
}

TEST(Schema, ComparesTypes) {
  EXPECT_EQ(check(R"({"type":"integer"})", "5"), "fits");
  EXPECT_EQ(check(R"({"type":"integer"})", "5.0"), "fits");
  EXPECT_EQ(check(R"({"type":"integer"})", "5.5"), "v: of the wrong type");
  EXPECT_EQ(check(R"({"type":"number"})", "5"), "fits");
  EXPECT_EQ(check(R"({"type":["string","null"]})", "null"), "fits");
  EXPECT_EQ(check(R"({"type":["string","null"]})", "true"), "v: of the wrong type");
  EXPECT_EQ(check(R"({"type":"binary"})", R"("\u0000AAE=")"), "fits");
  EXPECT_EQ(check(R"({"type":"string"})", R"("\u0000AAE=")"), "v: of the wrong type");
  EXPECT_EQ(check(R"({"type":"object"})", "[]"), "v: of the wrong type");
}

TEST(Schema, ComparesRangesAndLengths) {
  EXPECT_EQ(check(R"({"minimum":1,"maximum":3})", "2"), "fits");
  EXPECT_EQ(check(R"({"minimum":1,"maximum":3})", "0.5"), "v: too small");
  EXPECT_EQ(check(R"({"minimum":1,"maximum":3})", "18446744073709551615"), "v: too large");
  EXPECT_EQ(check(R"({"maxLength":2})", R"("äö")"), "fits");
  EXPECT_EQ(check(R"({"maxLength":2})", R"("abc")"), "v: too long");
  EXPECT_EQ(check(R"({"minItems":1,"maxItems":2})", "[]"), "v: too few elements");
  EXPECT_EQ(check(R"({"minItems":1,"maxItems":2})", "[1,2,3]"), "v: too many elements");
}

TEST(Schema, ComparesEnumerationsOfAnyKind) {
  EXPECT_EQ(check(R"({"enum":["a",1]})", "1"), "fits");
  EXPECT_EQ(check(R"({"enum":["a",1]})", R"("b")"), "v: not one of the values");
  EXPECT_EQ(check(R"({"enum":[[1]]})", "[1]"), "fits");
  EXPECT_EQ(check(R"({"enum":[[1]]})", "[2]"), "v: not one of the values");
}

TEST(Schema, ChecksListsAndObjects) {
  EXPECT_EQ(check(R"({"items":{"type":"string"}})", R"(["a",2])"), "v[1]: of the wrong type");
  EXPECT_EQ(check(R"({"items":[{"type":"integer"},{"type":"string"}]})", R"([1,2])"), "v[1]: of the wrong type");
  const char* person = R"({"properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false})";
  EXPECT_EQ(check(person, R"({"name":"x"})"), "fits");
  EXPECT_EQ(check(person, R"({"name":1})"), "v.name: of the wrong type");
  EXPECT_EQ(check(person, R"({})"), "v.name: missing");
  EXPECT_EQ(check(person, R"({"name":"x","secret":1})"), "v: a key that is not expected");
  EXPECT_EQ(check(R"({"additionalProperties":{"type":"integer"}})", R"({"secret":"x"})"), "v.*: of the wrong type");
}

TEST(Schema, RefusesUnknownKeywords) {
  EXPECT_FALSE(Schema::parse(json(R"({"pattern":"^a"})")));
  EXPECT_FALSE(Schema::parse(json(R"({"type":"text"})")));
  EXPECT_FALSE(Schema::parse(json(R"({"maxLength":-1})")));
  EXPECT_FALSE(Schema::parse(json(R"({"properties":{"a":{"typ":"string"}}})")));
  EXPECT_FALSE(Schema::parse(json("[]")));
}

Typing typing(bool opaque_refused) {
  Typing typing;
  Typing::Rule rule{Match::prefix, "com.", 1U << static_cast<unsigned>(Traffic::publish), opaque_refused, {}, {}};
  rule.args = std::move(*Schema::parse(json(R"({"items":{"type":"integer"}})")));
  rule.kwargs = std::move(*Schema::parse(json(R"({"additionalProperties":false})")));
  typing.add(std::move(rule));
  return typing;
}

TEST(Typing, ChecksTheTrafficOfARule) {
  const Payload text{{"x"}, {}, {}}, number{{1}, {}, {}}, named{{}, {{"a", 1}}, {}};
  EXPECT_EQ(typing(false).violation(Traffic::publish, "com.a", number, {}), std::nullopt);
  EXPECT_EQ(typing(false).violation(Traffic::publish, "com.a", text, {}), "args[0]: of the wrong type");
  EXPECT_EQ(typing(false).violation(Traffic::publish, "com.a", named, {}), "kwargs: a key that is not expected");
  EXPECT_EQ(typing(false).violation(Traffic::publish, "org.a", text, {}), std::nullopt);
  EXPECT_EQ(typing(false).violation(Traffic::call, "com.a", text, {}), std::nullopt);
}

TEST(Typing, DoesNotInspectOpaquePayloadsAndMayRefuseThem) {
  const Payload sealed{{}, {}, Binary{1}}, passthru{{Binary{1}}, {}, {}};
  EXPECT_EQ(typing(false).violation(Traffic::publish, "com.a", sealed, {}), std::nullopt);
  EXPECT_EQ(typing(false).violation(Traffic::publish, "com.a", passthru, {{"ppt_scheme", "x_a"}}), std::nullopt);
  EXPECT_TRUE(typing(true).violation(Traffic::publish, "com.a", sealed, {}));
  EXPECT_TRUE(typing(true).violation(Traffic::publish, "com.a", passthru, {{"ppt_scheme", "x_a"}}));
  EXPECT_EQ(typing(true).violation(Traffic::publish, "org.a", sealed, {}), std::nullopt);
}

}  // namespace
}  // namespace redan::wamp
