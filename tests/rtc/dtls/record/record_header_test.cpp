#include "rtc/dtls/record/record_header.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan::dtls {
namespace {

constexpr std::string_view kWire = "16fefd0001000000000005000a";

TEST(RecordHeader, ParsesWhatItWrote) {
  std::array<std::uint8_t, RecordHeader::kSize> bytes{};
  Writer writer(bytes);
  RecordHeader{ContentType::handshake, kDtls12, Epoch{1}, 5, 10}.write(writer);
  EXPECT_EQ(to_hex(bytes), kWire);
  Reader reader(bytes);
  const auto header = RecordHeader::parse(reader);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, ContentType::handshake);
  EXPECT_EQ(header->version, kDtls12);
  EXPECT_EQ(header->epoch, Epoch{1});
  EXPECT_EQ(header->sequence, 5U);
  EXPECT_EQ(header->length, 10U);
}

TEST(RecordHeader, DoesNotParseIfTruncatedOrOfATypeOfAnotherForm) {
  const auto bytes = *from_hex(kWire);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    Reader reader(Bytes(bytes).first(n));
    EXPECT_FALSE(RecordHeader::parse(reader)) << n;
  }
  for (const std::uint8_t type : std::array<std::uint8_t, 3>{19, 32, 0x2E}) {
    auto other = bytes;
    other[0] = type;
    Reader reader(other);
    EXPECT_FALSE(RecordHeader::parse(reader)) << int{type};
  }
}

TEST(RecordNumber, IsTheEpochFollowedByTheSequenceNumber) {
  EXPECT_EQ(record_number(Epoch{1}, 5), 0x0001'0000'0000'0005U);
}

}  // namespace
}  // namespace redan::dtls
