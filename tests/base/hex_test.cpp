#include "base/hex.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

TEST(Hex, RoundTripsBothForms) {
  const std::array<std::uint8_t, 3> bytes{0x00, 0xAB, 0xF1};
  EXPECT_EQ(to_hex(bytes), "00abf1");
  EXPECT_EQ(to_colon_hex(bytes), "00:AB:F1");
  EXPECT_EQ(from_hex("00aBf1"), std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  EXPECT_EQ(from_hex("00:ab:F1", HexForm::colons), std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
}

TEST(Hex, RefusesOddLengthsMisplacedColonsAndOtherDigits) {
  for (const std::string_view bad : {"0", "0g", "00:ab", " 00"}) EXPECT_FALSE(from_hex(bad)) << bad;
  for (const std::string_view bad : {"", "0", "00:", "00:a", "00-ab", "0:0a", ":00", "00::ab", "00ab"}) {
    EXPECT_FALSE(from_hex(bad, HexForm::colons)) << bad;
  }
}

}  // namespace
}  // namespace redan
