#include "crypto/mlkem/polynomial.hpp"

namespace redan::mlkem {
namespace {

constexpr std::int32_t kMontgomery = (1 << 16) % kQ;  // 2^16 mod q

/// q * kInverse = 1 (mod 2^16).
constexpr std::int16_t kInverse = [] {
  std::uint32_t inverse = 1;  // Newton's iteration doubles the correct bits: 1, 2, 4, 8, 16
  for (int i = 0; i < 4; ++i) inverse *= 2 - kQ * inverse;
  return static_cast<std::int16_t>(inverse);
}();

constexpr std::int16_t low(std::int32_t value) { return static_cast<std::int16_t>(value); }
constexpr std::int16_t high(std::int32_t value) { return static_cast<std::int16_t>(value >> 16); }

/// a * b / 2^16 (mod q), in (-q, q) if a * b is in (-2^15 q, 2^15 q).
constexpr std::int16_t multiply(std::int16_t a, std::int16_t b) {
  const std::int32_t product = std::int32_t{a} * b;
  const std::int16_t quotient = low(std::int32_t{low(product)} * kInverse);
  return low(high(product) - high(std::int32_t{quotient} * kQ));
}

/// The representative of any value in [-q/2, q/2].
constexpr std::int16_t reduce(std::int16_t value) {
  constexpr std::int32_t kReciprocal = ((1 << 26) + kQ / 2) / kQ;
  const std::int32_t quotient = (kReciprocal * value + (1 << 25)) >> 26;
  return low(value - quotient * kQ);
}

constexpr std::int16_t power_of_17(unsigned exponent) {
  std::int32_t result = 1;
  for (unsigned i = 0; i < exponent; ++i) result = result * 17 % kQ;
  return low(result);
}

constexpr unsigned reverse_7_bits(unsigned value) {
  unsigned result = 0;
  for (int bit = 0; bit < 7; ++bit) result |= ((value >> bit) & 1) << (6 - bit);
  return result;
}

/// In Montgomery form, and as near to zero as possible.
constexpr std::int16_t constant(std::int32_t value) { return reduce(low(value * kMontgomery % kQ)); }

/// 17^reverse(i): FIPS 203 appendix A.
constexpr auto kZetas = [] {
  std::array<std::int16_t, 128> zetas{};
  for (unsigned i = 0; i < zetas.size(); ++i) zetas[i] = constant(power_of_17(reverse_7_bits(i)));
  return zetas;
}();

/// 17^(2 reverse(i) + 1): the moduli X^2 - gamma of the products.
constexpr auto kGammas = [] {
  std::array<std::int16_t, 128> gammas{};
  for (unsigned i = 0; i < gammas.size(); ++i) gammas[i] = constant(power_of_17(2 * reverse_7_bits(i) + 1));
  return gammas;
}();

}  // namespace

// Each of the seven layers adds less than q to the magnitude: 8 q is still a 16-bit number.
void ntt(Polynomial& f) {
  std::size_t zeta = 1;
  for (std::size_t length = 128; length >= 2; length /= 2) {
    for (std::size_t start = 0; start < kN; start += 2 * length) {
      std::int16_t* left = &f.coefficients[start];
      std::int16_t* right = left + length;
      const std::int16_t factor = kZetas[zeta++];
      for (std::size_t j = 0; j < length; ++j) {
        const std::int16_t product = multiply(factor, right[j]);
        right[j] = low(left[j] - product);
        left[j] = low(left[j] + product);
      }
    }
  }
  for (std::int16_t& coefficient : f.coefficients) coefficient = reduce(coefficient);
}

void inverse_ntt_of_product(Polynomial& f) {
  // 1/128, and 2^16 for the product, both in Montgomery form.
  constexpr std::int16_t kScale = constant(3303 * kMontgomery % kQ);
  static_assert(3303 * 128 % kQ == 1);
  std::size_t zeta = 127;
  for (std::size_t length = 2; length <= 128; length *= 2) {
    for (std::size_t start = 0; start < kN; start += 2 * length) {
      std::int16_t* left = &f.coefficients[start];
      std::int16_t* right = left + length;
      const std::int16_t factor = kZetas[zeta--];
      for (std::size_t j = 0; j < length; ++j) {
        const std::int16_t difference = low(right[j] - left[j]);
        left[j] = reduce(low(left[j] + right[j]));
        right[j] = multiply(factor, difference);
      }
    }
  }
  for (std::int16_t& coefficient : f.coefficients) coefficient = multiply(coefficient, kScale);
}

Polynomial inner_product(const Vector& a, const Vector& b) {
  Polynomial sum;
  for (std::size_t k = 0; k < kRank; ++k) {
    const auto& f = a.polynomials[k].coefficients;
    const auto& g = b.polynomials[k].coefficients;
    for (std::size_t i = 0; i < kN / 2; ++i) {
      const std::int16_t even =
          low(multiply(f[2 * i], g[2 * i]) + multiply(multiply(f[2 * i + 1], g[2 * i + 1]), kGammas[i]));
      const std::int16_t odd = low(multiply(f[2 * i], g[2 * i + 1]) + multiply(f[2 * i + 1], g[2 * i]));
      sum.coefficients[2 * i] = low(sum.coefficients[2 * i] + even);
      sum.coefficients[2 * i + 1] = low(sum.coefficients[2 * i + 1] + odd);
    }
  }
  for (std::int16_t& coefficient : sum.coefficients) coefficient = reduce(coefficient);
  return sum;
}

void from_product(Polynomial& f) {
  constexpr std::int16_t kFactor = constant(kMontgomery);
  for (std::int16_t& coefficient : f.coefficients) coefficient = multiply(coefficient, kFactor);
}

void add(Polynomial& f, const Polynomial& g) {
  for (std::size_t i = 0; i < kN; ++i) f.coefficients[i] = reduce(low(f.coefficients[i] + g.coefficients[i]));
}

void subtract(Polynomial& f, const Polynomial& g) {
  for (std::size_t i = 0; i < kN; ++i) f.coefficients[i] = reduce(low(f.coefficients[i] - g.coefficients[i]));
}

}  // namespace redan::mlkem
