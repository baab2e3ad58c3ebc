#include "base/writer.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace redan {
namespace {

constexpr bool writes_at_compile_time() {
  std::array<std::uint8_t, 4> buffer{};
  Writer writer{MutableBytes(buffer)};
  writer.u8(1);
  writer.u24(0x020304);
  return writer.ok() && buffer[0] == 1 && buffer[1] == 2 && buffer[3] == 4;
}
static_assert(writes_at_compile_time());

TEST(Writer, WritesBigEndianIntegersOfEveryWidth) {
  std::array<std::uint8_t, 24> buffer{};
  Writer writer{buffer};
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u24(0x040506);
  writer.u32(0x0708090A);
  writer.u48(0x0B0C0D0E0F10);
  writer.u64(0x1112131415161718);
  EXPECT_EQ(to_hex(writer.written()), "0102030405060708090a0b0c0d0e0f101112131415161718");
  EXPECT_EQ(writer.space(), 0U);
}

TEST(Writer, FailureIsStickyAndReturnsNothing) {
  std::array<std::uint8_t, 3> buffer{};
  Writer writer{buffer};
  writer.u16(1);
  writer.u16(2);
  EXPECT_FALSE(writer.ok());
  writer.u8(3);
  EXPECT_TRUE(writer.written().empty());
}

TEST(Writer, PrefixesHaveTheLengthOfTheirBody) {
  std::array<std::uint8_t, 16> buffer{};
  Writer writer{buffer};
  writer.prefixed16([](Writer& w) {
    w.opaque8(as_bytes("ab"));
    w.prefixed24([](Writer& v) { v.u8(7); });
  });
  EXPECT_EQ(to_hex(writer.written()), "000702616200000107");
}

TEST(Writer, FailsWhenABodyIsTooLongForItsPrefix) {
  std::array<std::uint8_t, 300> buffer{};
  Writer writer{buffer};
  writer.prefixed8([](Writer& w) { w.zeros(256); });
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace redan
