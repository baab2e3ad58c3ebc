#include "base/reader.hpp"

#include <gtest/gtest.h>

namespace redan {
namespace {

constexpr std::array<std::uint8_t, 8> kBytes{1, 2, 3, 4, 5, 6, 7, 8};

constexpr bool reads_at_compile_time() {
  Reader reader{Bytes(kBytes)};
  return reader.u8() == 1 && reader.u24() == 0x020304 && reader.u32() == 0x05060708 && reader.done();
}
static_assert(reads_at_compile_time());

TEST(Reader, ReadsBigEndianIntegersOfEveryWidth) {
  EXPECT_EQ(Reader(kBytes).u8(), 1);
  EXPECT_EQ(Reader(kBytes).u16(), 0x0102);
  EXPECT_EQ(Reader(kBytes).u24(), 0x010203U);
  EXPECT_EQ(Reader(kBytes).u32(), 0x01020304U);
  EXPECT_EQ(Reader(kBytes).u48(), 0x010203040506U);
  EXPECT_EQ(Reader(kBytes).u64(), 0x0102030405060708U);
}

TEST(Reader, FailureIsStickyAndReadsZeros) {
  Reader reader{Bytes(kBytes).first(3)};
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.done());
}

TEST(Reader, DoneIsFalseWhenBytesRemain) {
  Reader reader{kBytes};
  reader.u32();
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.rest().size(), 4U);
  EXPECT_TRUE(reader.done());
}

TEST(Reader, VectorsLongerThanTheInputFail) {
  const std::array<std::uint8_t, 3> bytes{3, 1, 2};
  Reader reader{bytes};
  EXPECT_TRUE(reader.opaque8().empty());
  EXPECT_FALSE(reader.ok());
  Reader nested = Reader(bytes).prefixed8();
  EXPECT_FALSE(nested.done());
}

TEST(Reader, NestedCursorsEndAtTheirVector) {
  const std::array<std::uint8_t, 4> bytes{0, 1, 9, 7};
  Reader reader{bytes};
  Reader nested = reader.prefixed16();
  EXPECT_EQ(nested.u8(), 9);
  EXPECT_TRUE(nested.done());
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_TRUE(reader.done());
}

}  // namespace
}  // namespace redan
