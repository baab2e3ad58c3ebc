#include "cloud/runtime/user_data.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <stdexcept>

namespace redan::cloud::runtime {
namespace {

namespace json = boost::json;

json::object document() {
  json::object ams{{"url", "https://127.0.0.1:8444"},
                   {"fingerprint", std::string(64, 'a')},
                   {"token", "t"},
                   {"certificate", "AAAA"},
                   {"key", "AAAA"}};
  return {{"instance", json::object{{"id", "i1"}, {"name", "s-s1"}}}, {"ams", std::move(ams)}, {"user_data", ""}};
}
UserData parsed(const json::object& object) { return parse_user_data(json::serialize(object)); }

TEST(UserData, SealingIsOffWithoutASealMember) {
  EXPECT_EQ(parsed(document()).seal.policy, api::SealedPolicy::off);
  EXPECT_TRUE(parsed(document()).seal.authorities.empty());
}

TEST(UserData, ContainsTheAuthoritiesAndThePolicy) {
  json::object object = document();
  object["seal"] = json::object{{"authority", std::string(64, 'b')}, {"policy", "required"}};
  const UserData data = parsed(object);
  EXPECT_EQ(data.seal.policy, api::SealedPolicy::required);
  ASSERT_EQ(data.seal.authorities.size(), 1U);
  EXPECT_EQ(data.seal.authorities[0][0], 0xBB);
}

// A damaged sealing policy must not be read as "off".
TEST(UserData, ADamagedSealMemberIsAnError) {
  for (const char* seal :
       {R"({})", R"({"authority":"bb","policy":"off"})", R"({"policy":"off"})",
        R"({"authority":"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"})",
        R"({"authority":"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB","policy":"maybe"})"}) {
    json::object object = document();
    object["seal"] = json::parse(seal);
    EXPECT_THROW(parsed(object), std::runtime_error) << seal;
  }
}

}  // namespace
}  // namespace redan::cloud::runtime
