#include "crypto/der.hpp"

#include "provider_test.hpp"

namespace redan::test {
namespace {

TEST(Der, WritesTheShortestLengthAndReadsItBack) {
  for (const std::size_t n : {0U, 1U, 127U, 128U, 255U, 256U, 65'535U}) {
    const Buffer content(n, 0x55);
    const Buffer element = der::element(der::kOctetString, {content});
    EXPECT_EQ(element.size(), n + (n < 128 ? 2 : n < 256 ? 3 : 4));
    Reader reader(element);
    const der::Element read = der::next(reader);
    EXPECT_TRUE(reader.done());
    EXPECT_EQ(read.tag, der::kOctetString);
    EXPECT_EQ(read.content.size(), n);
    EXPECT_EQ(read.whole.size(), element.size());
  }
}

TEST(Der, RefusesIndefiniteNonMinimalAndTooLargeLengths) {
  for (const char* text :
       {"", "04", "0401", "0480", "048101ff", "04820001ff", "0483000001ff", "04ff", "1f0100", "3f0100"}) {
    const Buffer bytes = hex(text);
    Reader reader(bytes);
    der::next(reader);
    EXPECT_FALSE(reader.ok()) << text;
  }
}

TEST(Der, ExpectRequiresTheGivenTag) {
  const Buffer bytes = hex("020105");
  Reader right(bytes), wrong(bytes);
  EXPECT_EQ(to_hex(der::expect(right, der::kInteger)), "05");
  EXPECT_TRUE(der::expect(wrong, der::kOctetString).empty());
  EXPECT_FALSE(wrong.ok());
  Reader inner(bytes);
  EXPECT_FALSE(der::enter(inner, der::kSequence).ok());
}

TEST(Der, ReadsOnlyMinimalPositiveIntegers) {
  const auto read = [](std::string_view text) -> std::optional<std::string> {
    const Buffer bytes = hex(text);
    Reader reader(bytes);
    const Bytes value = der::positive_integer(reader);
    return reader.done() ? std::optional(to_hex(value)) : std::nullopt;
  };
  EXPECT_EQ(read("020101"), "01");
  EXPECT_EQ(read("02017f"), "7f");
  EXPECT_EQ(read("02020080"), "80");
  EXPECT_EQ(read("0203010000"), "010000");
  for (const char* bad : {"0200", "020100", "020180", "0202007f", "02020000", "0202ff80", "030101", "02020001"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

TEST(Der, WritesUnsignedIntegersMinimally) {
  EXPECT_EQ(to_hex(der::unsigned_integer({})), "020100");
  EXPECT_EQ(to_hex(der::unsigned_integer(hex("00"))), "020100");
  EXPECT_EQ(to_hex(der::unsigned_integer(hex("0000007f"))), "02017f");
  EXPECT_EQ(to_hex(der::unsigned_integer(hex("80"))), "02020080");
  EXPECT_EQ(to_hex(der::unsigned_integer(hex("00ff00"))), "020300ff00");
}

}  // namespace
}  // namespace redan::test
