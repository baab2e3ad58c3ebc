// Polynomials from random bytes (FIPS 203 section 4.2.2).
#pragma once

#include "crypto/mlkem/polynomial.hpp"

namespace redan::mlkem {

using Seed = std::span<const std::uint8_t, 32>;

/// SampleNTT of rho, `column` and `row`: an element of the matrix A, in NTT form. Its time depends on rho, which is
/// public.
Polynomial sample_uniform(Seed rho, std::uint8_t column, std::uint8_t row);

/// SamplePolyCBD of PRF(seed, number), with eta = 2: coefficients in [-2, 2]. Constant time.
void sample_small(Seed seed, std::uint8_t number, Polynomial& f);

}  // namespace redan::mlkem
