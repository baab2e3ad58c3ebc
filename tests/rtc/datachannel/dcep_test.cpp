#include "rtc/datachannel/dcep.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redan::datachannel {
namespace {

// A DATA_CHANNEL_OPEN as Chromium sends it: reliable and ordered, label "echo".
constexpr std::array<std::uint8_t, 16> kEcho{3, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 0, 'e', 'c', 'h', 'o'};

TEST(Dcep, OpenParsesAndWritesTheSameBytes) {
  const auto open = DataChannelOpen::parse(kEcho);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->label, "echo");
  EXPECT_EQ(open->priority, 256);
  EXPECT_EQ(open->order, ChannelOrder::ordered);
  std::array<std::uint8_t, 16> written{};
  open->write(written);
  EXPECT_EQ(written, kEcho);
}

TEST(Dcep, AllSixChannelTypesAreKnownAndNoOther) {
  for (unsigned type = 0; type < 256; ++type) {
    auto bytes = kEcho;
    bytes[1] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(DataChannelOpen::parse(bytes).has_value(), (type & 0x7FU) <= 2) << type;
  }
}

TEST(Dcep, LengthsThatDoNotFitAreRefused) {
  for (std::size_t n = 0; n < kEcho.size(); ++n) EXPECT_FALSE(DataChannelOpen::parse(Bytes(kEcho).first(n)));
  std::vector<std::uint8_t> longer(kEcho.begin(), kEcho.end());
  longer.push_back(0);
  EXPECT_FALSE(DataChannelOpen::parse(longer));
}

}  // namespace
}  // namespace redan::datachannel
