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

TEST(Dcep, InvalidLengthsAreRefused) {
  for (std::size_t n = 0; n < kEcho.size(); ++n) EXPECT_FALSE(DataChannelOpen::parse(Bytes(kEcho).first(n)));
  std::vector<std::uint8_t> longer(kEcho.begin(), kEcho.end());
  longer.push_back(0);
  EXPECT_FALSE(DataChannelOpen::parse(longer));
}

std::optional<DataChannelOpen> parse_texts(std::size_t label, std::size_t protocol, std::string_view texts,
                                           std::vector<std::uint8_t>& bytes) {
  bytes.assign(kEcho.begin(), kEcho.begin() + DataChannelOpen::kFixedSize);
  bytes[9] = static_cast<std::uint8_t>(label);
  bytes[11] = static_cast<std::uint8_t>(protocol);
  bytes.insert(bytes.end(), texts.begin(), texts.end());
  return DataChannelOpen::parse(bytes);
}

TEST(Dcep, LengthsInCharactersAreAccepted) {
  std::vector<std::uint8_t> bytes;
  const auto umlauts = parse_texts(3, 2, "\xC3\xBCn\xC3\xAFp\xC3\xB6", bytes);
  ASSERT_TRUE(umlauts);
  EXPECT_EQ(umlauts->label, "\xC3\xBCn\xC3\xAF");
  EXPECT_EQ(umlauts->protocol, "p\xC3\xB6");
  for (const std::size_t length : {1U, 2U, 4U}) {  // the lengths of this emoji in Python, JavaScript and RFC 8832
    const auto emoji = parse_texts(length, 1, "\xF0\x9F\x98\x80p", bytes);
    ASSERT_TRUE(emoji) << length;
    EXPECT_EQ(emoji->label, "\xF0\x9F\x98\x80");
    EXPECT_EQ(emoji->protocol, "p");
  }
}

TEST(Dcep, LengthsThatMatchNoUnitAreRefused) {
  std::vector<std::uint8_t> bytes;
  EXPECT_FALSE(parse_texts(3, 0, "\xF0\x9F\x98\x80", bytes));
  EXPECT_FALSE(parse_texts(2, 0, "abc", bytes));
  EXPECT_FALSE(parse_texts(5, 0, "\xC3\xBCn\xC3\xAF!", bytes));
}

}  // namespace
}  // namespace redan::datachannel
