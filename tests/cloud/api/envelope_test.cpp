#include "cloud/api/envelope.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cloud/api/ams.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::api::test {
namespace {

// Answers.

TEST(Envelope, SyncHasTheMetadata) {
  EXPECT_EQ(json::parse(sync_body(json::array{1, 2})),
            json::parse(R"({"type":"sync","status":"Success","status_code":200,"metadata":[1,2]})"));
  EXPECT_EQ(json::parse(sync_body(json::array{}, 7)).at("total_size"), 7);
}

TEST(Envelope, AsyncNamesTheOperation) {
  EXPECT_EQ(json::parse(async_body("c0ffee", json::object{{"id", "c0ffee"}})),
            json::parse(R"({"type":"async","status":"OK","status_code":100,"operation":"/1.0/operations/c0ffee",)"
                        R"("metadata":{"id":"c0ffee"}})"));
}

TEST(Envelope, AnErrorHasAStableCodeAndAnOptionalHint) {
  EXPECT_EQ(json::parse(error_body(not_found("instance"))),
            json::parse(R"({"type":"error","error":"no such instance","error_code":404,)"
                        R"("metadata":{"code":"not_found"}})"));
  const json::value body = json::parse(error_body(refusal_of(errc::token_expired)));
  EXPECT_EQ(body.at("error_code"), 401);
  EXPECT_EQ(body.at("metadata").at("code"), "token_expired");
  EXPECT_EQ(body.at("metadata").at("hint"), "get a new one");
}

TEST(Envelope, TextIsEscaped) {
  const json::value body = json::parse(error_body(bad_request("\"quotes\" and \n and \\")));
  EXPECT_EQ(body.at("error"), "\"quotes\" and \n and \\");
}

TEST(Envelope, EveryErrorCodeHasItsStatus) {
  for (const Errc code : {errc::token_syntax, errc::token_too_large, errc::token_algorithm, errc::token_header,
                          errc::token_bad_signature, errc::token_expired, errc::token_not_yet_valid, errc::token_claims,
                          errc::token_third_party, errc::token_revoked}) {
    EXPECT_EQ(refusal_of(code).status, 401U) << name(code);
  }
  for (const Errc code :
       {errc::token_scope, errc::token_caveat, errc::trust_unknown, errc::trust_role, errc::trust_join_token}) {
    EXPECT_EQ(refusal_of(code).status, 403U) << name(code);
  }
  EXPECT_EQ(refusal_of(errc::store_conflict).status, 409U);
  EXPECT_EQ(refusal_of(errc::store_too_large).status, 400U);
  EXPECT_EQ(refusal_of(errc::store_failed).status, 500U);
  for (const Errc code : {errc::store_no_majority, errc::store_unknown_outcome, errc::trust_stale, Errc::too_many}) {
    EXPECT_EQ(refusal_of(code).status, 503U) << name(code);
    EXPECT_GT(refusal_of(code).retry_after, 0U) << name(code);
  }
}

// Bodies.

TEST(Body, IsAnObjectOrEmpty) {
  EXPECT_EQ(parse_body("")->size(), 0U);
  EXPECT_EQ(parse_body("{}")->size(), 0U);
  EXPECT_EQ(parse_body(R"( {"a" : 1} )")->at("a"), 1);
  for (const char* text : {"[]", "null", "1", R"("a")", "{", "{}x", "{} {}", "{'a':1}", R"({"a":1,})", "// \n{}", " ",
                           R"({"a":NaN})", "\xef\xbb\xbf{}", "{\"a\":\"\xff\"}"}) {
    const auto body = parse_body(text);
    ASSERT_FALSE(body) << text;
    EXPECT_EQ(body.error().status, 400U);
    EXPECT_EQ(body.error().code, "bad_request");
  }
}

TEST(Body, RefusesDuplicateMembers) {
  for (const char* text :
       {R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})", R"({"b":{"a":1,"a":2}})", R"({"b":[{"a":1},{"a":1,"a":1}]})"}) {
    EXPECT_FALSE(parse_body(text)) << text;
  }
  EXPECT_TRUE(parse_body(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"));
}

TEST(Body, NestsAtMostEightLevels) {
  EXPECT_TRUE(parse_body(R"({"a":[[[[[[[1]]]]]]]})"));
  EXPECT_FALSE(parse_body(R"({"a":[[[[[[[[1]]]]]]]]})"));
  EXPECT_FALSE(parse_body(std::string(100'000, '[')));
}

// Unlike in tokens, unknown members are harmless: newer clients use older servers.
TEST(Body, UnknownMembersAreIgnored) {
  const auto body = parse_body(R"({"name":"a","colour":"red"})");
  ASSERT_TRUE(body);
  EXPECT_EQ(string_member(*body, "name"), std::string("a"));
}

// Members.

class BodyMembers : public testing::Test {
 protected:
  const json::object body_ = *parse_body(
      R"({"text":"abc","empty":"","number":-5,"half":0.5,"huge":9223372036854775808,"yes":true,"nothing":null,)"
      R"("list":["a","b"],"mixed":["a",1],"object":{"x":1}})");
};

TEST_F(BodyMembers, AbsentAndNullMembersHaveTheDefaultValue) {
  for (const char* key : {"absent", "nothing"}) {
    EXPECT_EQ(string_member(body_, key), std::string());
    EXPECT_EQ(strings_member(body_, key), std::vector<std::string>());
    EXPECT_EQ(integer_member(body_, key, 7), 7);
    EXPECT_EQ(bool_member(body_, key, true), true);
    EXPECT_EQ(object_member(body_, key), json::object());
  }
}

TEST_F(BodyMembers, AreReadWithTheirTypes) {
  EXPECT_EQ(string_member(body_, "text"), std::string("abc"));
  EXPECT_EQ(integer_member(body_, "number", 0), -5);
  EXPECT_EQ(bool_member(body_, "yes", false), true);
  EXPECT_EQ(strings_member(body_, "list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(object_member(body_, "object")->size(), 1U);
}

TEST_F(BodyMembers, OtherTypesAreRefusedWithTheMembersName) {
  for (const char* key : {"number", "yes", "list", "object"}) {
    const auto refused = string_member(body_, key);
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().status, 400U);
    EXPECT_NE(refused.error().message.find(std::string("\"") + key + "\""), std::string::npos);
  }
  for (const char* key : {"text", "half", "huge", "yes", "list"}) EXPECT_FALSE(integer_member(body_, key, 0)) << key;
  for (const char* key : {"text", "number", "list"}) EXPECT_FALSE(bool_member(body_, key, false)) << key;
  for (const char* key : {"text", "number", "mixed", "object"}) EXPECT_FALSE(strings_member(body_, key)) << key;
  for (const char* key : {"text", "number", "list"}) EXPECT_FALSE(object_member(body_, key)) << key;
}

TEST(BodyLimits, AreEnforced) {
  const auto of = [](json::value value) { return json::object{{"key", std::move(value)}}; };
  EXPECT_TRUE(string_member(of(json::string(256, 'x')), "key"));
  EXPECT_FALSE(string_member(of(json::string(257, 'x')), "key"));
  EXPECT_TRUE(string_member(of(json::string(9, 'x')), "key", 9));
  EXPECT_FALSE(string_member(of(json::string(10, 'x')), "key", 9));
  EXPECT_TRUE(strings_member(of(json::array(64, "x")), "key"));
  EXPECT_FALSE(strings_member(of(json::array(65, "x")), "key"));
  EXPECT_TRUE(strings_member(of(json::array{json::string(256, 'x')}), "key"));
  EXPECT_FALSE(strings_member(of(json::array{json::string(257, 'x')}), "key"));
}

}  // namespace
}  // namespace redan::cloud::api::test
