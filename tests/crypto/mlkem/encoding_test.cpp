#include "crypto/mlkem/encoding.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace redan::mlkem {
namespace {

TEST(MlkemEncoding, DividesWithoutADivisionInstruction) {
  for (std::uint32_t n = 0; n < (1U << 22); ++n) ASSERT_EQ(divide_by_q(n), n / kQ) << n;
}

TEST(MlkemEncoding, CompressesEveryCoefficientAsTheStandardRounds) {
  for (const unsigned d : {1U, 4U, 10U}) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(kQ); ++x) {
      // round(x 2^d / q) mod 2^d; q is odd, so there are no ties.
      const std::uint32_t rounded = ((x << (d + 1)) + kQ) / (2 * kQ);
      ASSERT_EQ(compress(static_cast<std::uint16_t>(x), d), rounded % (1U << d)) << d << ' ' << x;
    }
  }
}

TEST(MlkemEncoding, DecompressIsTheInverseOfCompress) {
  for (const unsigned d : {1U, 4U, 10U}) {
    for (std::uint16_t y = 0; y < (1U << d); ++y) {
      const std::int16_t x = decompress(y, d);
      ASSERT_TRUE(x >= 0 && x < kQ);
      ASSERT_EQ(compress(static_cast<std::uint16_t>(x), d), y) << d;
    }
  }
}

TEST(MlkemEncoding, WritesNegativeCoefficientsAsTheirRepresentative) {
  Polynomial f;
  for (std::size_t i = 0; i < kN; ++i) f.coefficients[i] = static_cast<std::int16_t>(static_cast<int>(i) * 26 - kQ + 1);
  std::vector<std::uint8_t> bytes(encoded_size(12));
  encode(f, bytes);
  Polynomial read;
  ASSERT_TRUE(decode(bytes, read));
  for (std::size_t i = 0; i < kN; ++i) EXPECT_EQ(read.coefficients[i], canonical(f.coefficients[i]));
}

TEST(MlkemEncoding, RefusesACoefficientOfQOrMoreAtEveryPlace) {
  for (std::size_t i = 0; i < kN; ++i) {
    for (const std::uint32_t value : {3328U, 3329U, 4095U}) {
      std::vector<std::uint8_t> bytes(encoded_size(12));
      const std::uint32_t bits = value << (i % 2 == 0 ? 0 : 4);
      bytes[i * 3 / 2] |= static_cast<std::uint8_t>(bits);
      bytes[i * 3 / 2 + 1] |= static_cast<std::uint8_t>(bits >> 8);
      Polynomial f;
      EXPECT_EQ(decode(bytes, f), value < 3329U) << i;
    }
  }
}

}  // namespace
}  // namespace redan::mlkem
