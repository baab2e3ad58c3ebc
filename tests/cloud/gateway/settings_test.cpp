#include "cloud/gateway/settings.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::test {
namespace {

api::Outcome<std::string> check(std::string_view key, const api::json::value& value) {
  return gateway::Settings::check(*gateway::Settings::find(key), value);
}

TEST(Settings, UnsetSettingsHaveTheirDefaults) {
  const gateway::Settings settings;
  EXPECT_EQ(settings.number(gateway::setting::kSocketTokenLife), 300);
  EXPECT_EQ(settings.number(gateway::setting::kRate), 0);
  EXPECT_EQ(settings.allowed_origin("https://anywhere"), "*");
  EXPECT_EQ(settings.all().size(), 7U);
  EXPECT_EQ(gateway::Settings::find("core.nothing"), nullptr);
}

TEST(Settings, NumbersMayBeNumbersOrTextWithinTheirRange) {
  EXPECT_EQ(check(gateway::setting::kSocketTokenLife, 60).value(), "60");
  EXPECT_EQ(check(gateway::setting::kSocketTokenLife, "60").value(), "60");
  EXPECT_EQ(check(gateway::setting::kSocketTokenLife, nullptr).value(), "");
  for (const api::json::value& wrong : std::vector<api::json::value>{9, 3601, "60s", -1, 1.5, true}) {
    EXPECT_EQ(check(gateway::setting::kSocketTokenLife, wrong).error().status, 400U) << wrong;
  }
}

TEST(Settings, HeaderValuesCannotContainLineBreaks) {
  EXPECT_TRUE(check(gateway::setting::kOrigins, "https://a.example, https://b.example:8443").has_value());
  EXPECT_TRUE(check(gateway::setting::kOrigins, "*").has_value());
  for (const char* wrong : {"a.example", "https://", "https://a\r\nX: y", "https://a/path", "https://a?b", "ftp://a"}) {
    EXPECT_EQ(check(gateway::setting::kOrigins, wrong).error().status, 400U) << wrong;
  }
  EXPECT_TRUE(check(gateway::setting::kHeaders, "Authorization, X-Mine").has_value());
  EXPECT_FALSE(check(gateway::setting::kHeaders, "Authorization\r\nSet-Cookie: a").has_value());
  EXPECT_FALSE(check(gateway::setting::kMethods, "GET; DROP").has_value());
  EXPECT_FALSE(check(gateway::setting::kHeaders, api::json::string(5000, 'a')).has_value());
}

TEST(Settings, OnlyTheListedOriginsMayReadAnswers) {
  gateway::Settings settings;
  settings.put(std::string(gateway::setting::kOrigins), "https://a.example, https://b.example");
  EXPECT_EQ(settings.allowed_origin("https://b.example"), "https://b.example");
  EXPECT_EQ(settings.allowed_origin("https://c.example"), "");
  EXPECT_EQ(settings.allowed_origin("https://b.example.evil"), "");
  EXPECT_EQ(settings.allowed_origin(""), "");
  settings.erase(std::string(gateway::setting::kOrigins));
  EXPECT_EQ(settings.allowed_origin(""), "*");
}

}  // namespace
}  // namespace redan::cloud::test
