#include "cloud/api/size.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "cloud/api/duration.hpp"

namespace redan::cloud::api::test {
namespace {

using namespace std::chrono_literals;

TEST(Size, UnitsArePowersOf1024) {
  EXPECT_EQ(parse_size("1B"), 1);
  EXPECT_EQ(parse_size("2KB"), 2048);
  EXPECT_EQ(parse_size("2kB"), 2048);
  EXPECT_EQ(parse_size("512MB"), 512LL << 20);
  EXPECT_EQ(parse_size("3GB"), 3LL << 30);
  EXPECT_EQ(parse_size("4TB"), 4LL << 40);
  EXPECT_EQ(parse_size("5PB"), 5LL << 50);
}

TEST(Size, TheLongerSpellingsAreTheSameUnits) {
  EXPECT_EQ(parse_size("1KiB"), parse_size("1KB"));
  EXPECT_EQ(parse_size("512MiB"), parse_size("512MB"));
  EXPECT_EQ(parse_size("3GiB"), parse_size("3GB"));
  EXPECT_EQ(parse_size("2TiB"), parse_size("2TB"));
  EXPECT_EQ(parse_size("2PiB"), parse_size("2PB"));
}

TEST(Size, ANumberWithoutAUnitIsBytes) { EXPECT_EQ(parse_size("3"), 3); }

TEST(Size, OneSpaceBeforeTheUnitIsPermitted) {
  EXPECT_EQ(parse_size("3 GB"), 3LL << 30);
  EXPECT_FALSE(parse_size("3  GB"));
}

TEST(Size, OtherTextsAreRefused) {
  for (const std::string_view text : {"", "GB", "3G", "3gb", "3Gb", "-3GB", "+3GB", " 3GB", "3GB ", "1.5GB", "1e3MB",
                                      "0x3GB", "3GB3GB", "three GB", "3EB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, ZeroIsRefused) {
  EXPECT_FALSE(parse_size("0GB"));
  EXPECT_FALSE(parse_size("000B"));
}

TEST(Size, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(parse_size("9223372036854775807B"), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(parse_size("9223372036854775808B"));
  EXPECT_EQ(parse_size("8388607TiB"), 8388607LL << 40);
  EXPECT_FALSE(parse_size("8388608TiB"));
  EXPECT_FALSE(parse_size("8192PB"));
}

TEST(Size, TextIsTheShortestThatReadsBack) {
  EXPECT_EQ(size_text(3LL << 30), "3GB");
  EXPECT_EQ(size_text(1536LL << 20), "1536MB");
  EXPECT_EQ(size_text(1024), "1KB");
  EXPECT_EQ(size_text(1'025), "1025B");
  for (const std::int64_t bytes : {1LL, 999LL, 1000LL, 1024LL, 1048577LL, 9'007'199'254'740'993LL, 1024'000LL,
                                   static_cast<long long>(std::numeric_limits<std::int64_t>::max())}) {
    EXPECT_EQ(parse_size(size_text(bytes)), bytes) << size_text(bytes);
  }
}

TEST(DurationText, UnitsAddUp) {
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("1h0m5s"), 3605s);
}

TEST(DurationText, OtherTextsAreRefused) {
  for (const std::string_view text : {"", "10", "m", "10 m", "-10m", "1.5h", "5m5m", "5s1m", "10ms", "10M", "0s",
                                      "0h0m", "8761h", "99999999999999999999h", "9223372036854775807s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(DurationText, TextReadsBack) {
  EXPECT_EQ(duration_text(600s), "10m");
  EXPECT_EQ(duration_text(5405s), "1h30m5s");
  for (const auto duration : {1s, 59s, 60s, 3600s, 86399s, 31536000s}) {
    EXPECT_EQ(parse_duration(duration_text(duration)), duration) << duration_text(duration);
  }
}

}  // namespace
}  // namespace redan::cloud::api::test
