// Polynomials as bytes (FIPS 203 section 4.2.1).
#pragma once

#include "crypto/mlkem/polynomial.hpp"

namespace redan::mlkem {

/// Bytes of a polynomial whose coefficients have d bits.
constexpr std::size_t encoded_size(unsigned d) { return kN * d / 8; }

inline constexpr unsigned kDu = 10;  ///< bits of a coefficient of the ciphertext's vector
inline constexpr unsigned kDv = 4;   ///< bits of a coefficient of the ciphertext's polynomial

/// Division of n < 2^22 by q without a division instruction, whose time could depend on n.
constexpr std::uint32_t divide_by_q(std::uint32_t n) {
  constexpr std::uint64_t kReciprocal = ((std::uint64_t{1} << 36) + kQ - 1) / kQ;
  return static_cast<std::uint32_t>((n * kReciprocal) >> 36);
}

/// Compress_d and Decompress_d of one number in [0, q) or [0, 2^d).
constexpr std::uint16_t compress(std::uint16_t value, unsigned d) {
  const std::uint32_t rounded = divide_by_q((std::uint32_t{value} << d) + kQ / 2);
  return static_cast<std::uint16_t>(rounded & ((1U << d) - 1));
}
constexpr std::int16_t decompress(std::uint16_t value, unsigned d) {
  return static_cast<std::int16_t>((std::uint32_t{value} * 2 * kQ + (1U << d)) >> (d + 1));
}

/// ByteEncode_12 and ByteDecode_12. `bytes`: encoded_size(12). decode returns false if a coefficient is not below q;
/// coefficients then are above q, and not to be used.
void encode(const Polynomial& f, MutableBytes bytes);
[[nodiscard]] bool decode(Bytes bytes, Polynomial& f);

/// ByteEncode_d(Compress_d(f)) and its inverse, for d of 1, 4 and 10. `bytes`: encoded_size(d).
void encode_compressed(const Polynomial& f, unsigned d, MutableBytes bytes);
Polynomial decode_compressed(Bytes bytes, unsigned d);

}  // namespace redan::mlkem
