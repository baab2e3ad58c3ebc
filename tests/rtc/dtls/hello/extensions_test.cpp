#include "rtc/dtls/hello/extensions.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"
#include "tests/support/client_hello.hpp"

namespace redan::dtls {
namespace {

bool parse(std::string_view hex) {
  const auto bytes = *from_hex(hex);
  Reader reader(bytes);
  return Extensions::parse(reader).has_value();
}

TEST(Extensions, DoNotParseIfRepeatedAndAreSkippedIfUnknown) {
  test::HelloParts parts;
  parts.extra_extensions = {0x1A, 0x1A, 0, 1, 7};  // GREASE
  EXPECT_TRUE(ClientHello::parse(test::hello_body(parts)));
  parts.extra_extensions = {0, 23, 0, 0};
  EXPECT_FALSE(ClientHello::parse(test::hello_body(parts)));
  parts.extra_extensions = {0x1A, 0x1A, 0, 0, 0x1A, 0x1A, 0, 0};
  EXPECT_FALSE(ClientHello::parse(test::hello_body(parts)));
}

// Each share is compared with those before it: a list of thousands would cost more than a handshake.
TEST(KeySharesOfAHello, AreAtMostSixteen) {
  for (const std::size_t count : {16U, 17U}) {
    std::vector<std::uint8_t> list;
    for (std::size_t i = 0; i < count; ++i) {
      for (const std::size_t byte : {std::size_t{0}, i, std::size_t{0}, std::size_t{1}, std::size_t{7}}) {
        list.push_back(static_cast<std::uint8_t>(byte));
      }
    }
    EXPECT_EQ(KeyShares::parse(list).has_value(), count == 16) << count;
  }
}

TEST(Extensions, ParseIfThereAreNone) {
  EXPECT_TRUE(parse(""));
  EXPECT_TRUE(parse("0000"));
}

TEST(Extensions, DoNotParseWithAListOfOddOrNoLength) {
  EXPECT_TRUE(parse("0008000a00040002001d"));
  EXPECT_FALSE(parse("0007000a0003000100"));
  EXPECT_FALSE(parse("0006000a00020000"));
}

TEST(Extensions, DoNotParseWithoutTheUncompressedPointFormat) {
  EXPECT_TRUE(parse("0006000b00020100"));
  EXPECT_FALSE(parse("0006000b00020101"));
}

}  // namespace
}  // namespace redan::dtls
