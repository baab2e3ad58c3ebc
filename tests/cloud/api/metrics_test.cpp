#include "cloud/api/metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace redan::cloud::api {
namespace {

std::size_t lines_of(const HttpMetrics& metrics, std::string_view what) {
  std::string page;
  metrics.write(page);
  std::size_t lines = 0;
  for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) ++lines;
  return lines;
}

TEST(HttpMetrics, AnUnknownMethodCountsAsOther) {
  EXPECT_EQ(method_label("GET"), "GET");
  EXPECT_EQ(method_label("PATCH"), "PATCH");
  for (const char* method : {"", "get", "M000001AAAA", "TRACE", "GET\"} 1\n"}) EXPECT_EQ(method_label(method), "other");
}

TEST(HttpMetrics, TheNumberOfLabelsIsLimited) {
  HttpMetrics metrics("x_");
  for (int i = 0; i < 10'000; ++i) {
    metrics.record("made_up_" + std::to_string(i), 200, {}, 1, 1);
    metrics.refuse("made_up_" + std::to_string(i));
  }
  metrics.record("made_up_0", 200, {}, 1, 1);
  EXPECT_LE(lines_of(metrics, "x_requests_total{"), 513U);
  EXPECT_LE(lines_of(metrics, "x_refusals_total{"), 513U);
  EXPECT_EQ(lines_of(metrics, R"(x_requests_total{handler="made_up_0",code="200"} 2)"), 1U)
      << "those that are there count";
  EXPECT_EQ(lines_of(metrics, R"(x_requests_total{handler="other",code="200"} 9488)"), 1U);
}

}  // namespace
}  // namespace redan::cloud::api
