#include "crypto/mlkem/polynomial.hpp"

#include <gtest/gtest.h>

#include <random>

#include "crypto/mlkem/sampling.hpp"

namespace redan::mlkem {
namespace {

int modulo_q(std::int64_t value) { return static_cast<int>((value % kQ + kQ) % kQ); }

/// Coefficients anywhere in (-q, q), the extremes among them.
Polynomial random_polynomial(std::mt19937& random) {
  Polynomial f;
  for (std::int16_t& c : f.coefficients) {
    const unsigned choice = random() % 8;
    c = static_cast<std::int16_t>(choice == 0   ? kQ - 1
                                  : choice == 1 ? 1 - kQ
                                                : static_cast<int>(random() % 6657) - 3328);
  }
  return f;
}

/// In Z_q[X]/(X^256 + 1), the slow way.
std::array<int, kN> product(const Polynomial& f, const Polynomial& g) {
  std::array<std::int64_t, kN> sum{};
  for (std::size_t i = 0; i < kN; ++i) {
    for (std::size_t j = 0; j < kN; ++j) {
      const std::int64_t term = std::int64_t{f.coefficients[i]} * g.coefficients[j];
      sum[(i + j) % kN] += i + j < kN ? term : -term;
    }
  }
  std::array<int, kN> reduced{};
  for (std::size_t i = 0; i < kN; ++i) reduced[i] = modulo_q(sum[i]);
  return reduced;
}

bool in_range(const Polynomial& f) {
  return std::ranges::all_of(f.coefficients, [](std::int16_t c) { return c > -kQ && c < kQ; });
}

TEST(MlkemPolynomial, InnerProductInNttFormEqualsTheSumOfTheProducts) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Vector a;
    Vector b;
    std::array<int, kN> expected{};
    for (std::size_t k = 0; k < kRank; ++k) {
      a.polynomials[k] = random_polynomial(random);
      b.polynomials[k] = random_polynomial(random);
      const auto term = product(a.polynomials[k], b.polynomials[k]);
      for (std::size_t i = 0; i < kN; ++i) expected[i] = (expected[i] + term[i]) % kQ;
      ntt(a.polynomials[k]);
      ntt(b.polynomials[k]);
      EXPECT_TRUE(in_range(a.polynomials[k]));
    }
    Polynomial result = inner_product(a, b);
    EXPECT_TRUE(in_range(result));
    inverse_ntt_of_product(result);
    EXPECT_TRUE(in_range(result));
    for (std::size_t i = 0; i < kN; ++i) ASSERT_EQ(canonical(result.coefficients[i]), expected[i]) << i;
  }
}

TEST(MlkemPolynomial, FromProductRestoresThePlainValue) {
  std::mt19937 random(2);
  Vector one;
  one.polynomials[0].coefficients[0] = 1;
  ntt(one.polynomials[0]);
  Vector f;
  f.polynomials[0] = random_polynomial(random);
  Polynomial product = inner_product(one, f);
  from_product(product);
  for (std::size_t i = 0; i < kN; ++i) {
    ASSERT_EQ(canonical(product.coefficients[i]), canonical(f.polynomials[0].coefficients[i])) << i;
  }
}

TEST(MlkemPolynomial, SumsAndDifferencesStayInRange) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const Polynomial f = random_polynomial(random);
    const Polynomial g = random_polynomial(random);
    Polynomial sum = f;
    add(sum, g);
    Polynomial difference = f;
    subtract(difference, g);
    EXPECT_TRUE(in_range(sum) && in_range(difference));
    for (std::size_t i = 0; i < kN; ++i) {
      ASSERT_EQ(canonical(sum.coefficients[i]), modulo_q(f.coefficients[i] + g.coefficients[i]));
      ASSERT_EQ(canonical(difference.coefficients[i]), modulo_q(f.coefficients[i] - g.coefficients[i]));
    }
  }
}

TEST(MlkemPolynomial, SmallSamplesFollowTheBinomialDistribution) {
  std::array<int, 5> count{};
  for (int i = 0; i < 100; ++i) {
    std::array<std::uint8_t, 32> seed{static_cast<std::uint8_t>(i)};
    Polynomial f;
    sample_small(seed, 7, f);
    for (const std::int16_t c : f.coefficients) {
      ASSERT_TRUE(c >= -2 && c <= 2) << c;
      ++count[static_cast<std::size_t>(c + 2)];
    }
  }
  // 1, 4, 6, 4, 1 of 16, of 25,600 samples.
  EXPECT_NEAR(count[0], 1600, 200);
  EXPECT_NEAR(count[1], 6400, 350);
  EXPECT_NEAR(count[2], 9600, 400);
  EXPECT_NEAR(count[3], 6400, 350);
  EXPECT_NEAR(count[4], 1600, 200);
}

}  // namespace
}  // namespace redan::mlkem
