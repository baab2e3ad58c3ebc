#include "rtc/dtls/handshake/message.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls {
namespace {

// Type 1, length 10, message 2, offset 3, fragment length 4.
constexpr std::string_view kWire = "0100000a0002000003000004";

TEST(HandshakeHeader, ParsesWhatItWrote) {
  std::array<std::uint8_t, HandshakeHeader::kSize> bytes{};
  Writer writer(bytes);
  HandshakeHeader{HandshakeType::client_hello, 10, 2, 3, 4}.write(writer);
  EXPECT_EQ(to_hex(bytes), kWire);
  Reader reader(bytes);
  const auto header = HandshakeHeader::parse(reader);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, HandshakeType::client_hello);
  EXPECT_EQ(header->length, 10U);
  EXPECT_EQ(header->message_seq, 2U);
  EXPECT_EQ(header->fragment_offset, 3U);
  EXPECT_EQ(header->fragment_length, 4U);
}

TEST(HandshakeHeader, DoesNotParseIfTruncated) {
  const auto bytes = *from_hex(kWire);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    Reader reader(Bytes(bytes).first(n));
    EXPECT_FALSE(HandshakeHeader::parse(reader)) << n;
  }
}

TEST(HandshakeHeader, DoesNotParseIfTheFragmentExceedsTheMessage) {
  for (const std::uint8_t offset : std::array<std::uint8_t, 2>{6, 7}) {
    auto bytes = *from_hex(kWire);
    bytes[8] = offset;
    Reader reader(bytes);
    EXPECT_EQ(HandshakeHeader::parse(reader).has_value(), offset == 6);
  }
}

}  // namespace
}  // namespace redan::dtls
