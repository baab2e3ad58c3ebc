#include "cloud/token/rfc3339.hpp"

#include <gtest/gtest.h>

namespace redan::cloud::token {
namespace {

std::optional<std::int64_t> seconds(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  return time->seconds_since_1970;
}

TEST(Rfc3339, ParsesUtc) {
  EXPECT_EQ(seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(seconds("2030-01-01T00:00:00Z"), 1893456000);
  EXPECT_EQ(seconds("2029-01-01T00:00:00Z"), 1861920000);
  EXPECT_EQ(seconds("1969-12-31T23:59:59Z"), -1);
  EXPECT_EQ(seconds("9999-12-31T23:59:59Z"), 253402300799);
  EXPECT_EQ(seconds("0000-01-01T00:00:00Z"), -62167219200);
}

// The examples of RFC 3339 section 5.8, except the leap second.
TEST(Rfc3339, ParsesTheExamplesOfTheRfc) {
  EXPECT_EQ(seconds("1985-04-12T23:20:50.52Z"), 482196050);
  EXPECT_EQ(seconds("1996-12-19T16:39:57-08:00"), 851042397);
  EXPECT_EQ(seconds("1937-01-01T12:00:27.87+00:20"), seconds("1937-01-01T11:40:27Z"));
}

TEST(Rfc3339, AnOffsetIsTheDifferenceToUtc) {
  EXPECT_EQ(seconds("2020-06-23T09:32:19+02:00"), seconds("2020-06-23T07:32:19Z"));
  EXPECT_EQ(seconds("2020-06-23T09:32:19-05:30"), seconds("2020-06-23T15:02:19Z"));
  EXPECT_EQ(seconds("2020-06-23T09:32:19-00:00"), seconds("2020-06-23T09:32:19Z"));
  EXPECT_EQ(seconds("2020-01-01T00:30:00+23:59"), seconds("2019-12-31T00:31:00Z"));
}

TEST(Rfc3339, KnowsLeapYears) {
  EXPECT_EQ(seconds("2024-02-29T00:00:00Z"), 1709164800);
  EXPECT_TRUE(seconds("2000-02-29T00:00:00Z"));
  EXPECT_FALSE(seconds("2023-02-29T00:00:00Z"));
  EXPECT_FALSE(seconds("1900-02-29T00:00:00Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2030",
                           "2030-01-01",
                           "2030-01-01T00:00:00",
                           "2030-01-01 00:00:00Z",
                           "2030-01-01t00:00:00Z",
                           "2030-01-01T00:00:00z",
                           "2030-01-01T00:00Z",
                           "2030-13-01T00:00:00Z",
                           "2030-00-01T00:00:00Z",
                           "2030-01-00T00:00:00Z",
                           "2030-01-32T00:00:00Z",
                           "2030-04-31T00:00:00Z",
                           "2030-01-01T24:00:00Z",
                           "2030-01-01T00:60:00Z",
                           "2030-01-01T00:00:60Z",
                           "2030-1-01T00:00:00Z",
                           "+2030-01-01T00:00:00Z",
                           "12030-01-01T00:00:00Z",
                           "203-01-01T00:00:00Z",
                           "2030-01-01T00:00:00.Z",
                           "2030-01-01T00:00:00,5Z",
                           "2030-01-01T00:00:00.1234567890Z",
                           "2030-01-01T00:00:00+2:00",
                           "2030-01-01T00:00:00+0200",
                           "2030-01-01T00:00:00+24:00",
                           "2030-01-01T00:00:00+02:60",
                           "2030-01-01T00:00:00Z ",
                           " 2030-01-01T00:00:00Z",
                           "2030-01-01T00:00:00ZZ",
                           "2030-01-01T00:00:00+",
                           "-030-01-01T00:00:00Z",
                           "2030-01--1T00:00:00Z",
                           "2030/01/01T00:00:00Z",
                           "2030-01-01T-1:00:00Z"}) {
    EXPECT_FALSE(seconds(text)) << text;
  }
  EXPECT_FALSE(seconds(std::string_view("2030-01-01T00:00:00Z\0", 21)));
}

TEST(Rfc3339, RefusesEveryTruncation) {
  const std::string_view text = "2030-01-01T00:00:00.123456789+02:00";
  EXPECT_TRUE(seconds(text));
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(seconds(text.substr(0, n))) << n;
}

TEST(Rfc3339, RoundTrips) {
  for (const std::int64_t time : {-62167219200, -1L, 0L, 951782400L, 1893456000L, 253402300799L}) {
    EXPECT_EQ(seconds(to_rfc3339({time})), time);
  }
  EXPECT_EQ(to_rfc3339({1893456000}), "2030-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339({482196050}), "1985-04-12T23:20:50Z");
}

}  // namespace
}  // namespace redan::cloud::token
