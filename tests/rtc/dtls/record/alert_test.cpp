#include "rtc/dtls/record/alert.hpp"

#include <gtest/gtest.h>

namespace redan::dtls {
namespace {

TEST(Alert, ParsesWhatItWrote) {
  std::array<std::uint8_t, Alert::kSize> bytes{};
  Writer writer(bytes);
  Alert{AlertLevel::warning, AlertDescription::no_renegotiation}.write(writer);
  const auto alert = Alert::parse(bytes);
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->level, AlertLevel::warning);
  EXPECT_EQ(alert->description, AlertDescription::no_renegotiation);
}

TEST(Alert, DoesNotParseWithAnotherLengthOrAnUnknownLevel) {
  for (const std::vector<std::uint8_t>& bytes : {std::vector<std::uint8_t>{}, {2}, {2, 40, 0}, {0, 40}, {3, 40}}) {
    EXPECT_FALSE(Alert::parse(bytes));
  }
}

}  // namespace
}  // namespace redan::dtls
