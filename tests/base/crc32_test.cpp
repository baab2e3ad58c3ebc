#include "base/crc32.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redan {
namespace {

// The check value in CRC catalogues.
TEST(Crc32, KnownAnswer) { EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926U); }

// RFC 3720 appendix B.4.
TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  const std::vector<std::uint8_t> zeros(32, 0);
  const std::vector<std::uint8_t> ones(32, 0xFF);
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAU);
  EXPECT_EQ(crc32c(ones), 0x62A8AB43U);
  std::vector<std::uint8_t> counting(32);
  for (std::size_t i = 0; i < 32; ++i) counting[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(counting), 0x46DD794EU);
}

TEST(Crc32c, AcceleratedAndTableAgreeAtEveryLengthAndOffset) {
  std::vector<std::uint8_t> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 131 + 7);
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t n = 0; n + offset <= bytes.size(); ++n) {
      const Bytes part = Bytes(bytes).subspan(offset, n);
      ASSERT_EQ(crc32c(part), crc32c_table(part));
    }
  }
}

}  // namespace
}  // namespace redan
