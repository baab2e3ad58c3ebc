// Arithmetic in Z_q[X]/(X^256 + 1), q = 3329, for ML-KEM (FIPS 203 sections 2.4 and 4.3).
//
// Coefficients are signed 16-bit numbers that represent their class modulo q; each function states the range of what it
// takes and returns. A product of two numbers is a Montgomery product: a * b / 2^16 (mod q). There is no branch, index
// or division that depends on a coefficient.
#pragma once

#include <redan/secret.hpp>

namespace redan::mlkem {

inline constexpr std::int16_t kQ = 3329;
inline constexpr std::size_t kN = 256;   ///< coefficients of a polynomial
inline constexpr std::size_t kRank = 3;  ///< k of ML-KEM-768: polynomials in a vector

struct Polynomial {
  std::array<std::int16_t, kN> coefficients{};
};

struct Vector {
  std::array<Polynomial, kRank> polynomials{};
};

/// A T that is secret: wiped with its scope.
template <class T>
struct Wiped : T {
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe({reinterpret_cast<std::uint8_t*>(static_cast<T*>(this)), sizeof(T)}); }
};

/// Algorithm 9, in place. Takes coefficients in (-q, q), returns such.
void ntt(Polynomial& f);
/// Algorithm 10, in place, of 2^-16 f: the inverse after inner_product(). Takes coefficients in (-q, q),
/// returns such.
void inverse_ntt_of_product(Polynomial& f);

/// The sum of the products of a vector's polynomials, all in NTT form (algorithm 11), times 2^-16. Takes coefficients
/// in
/// (-q, q), returns such.
Polynomial inner_product(const Vector& a, const Vector& b);
/// Multiplies by 2^16: turns an inner_product() into the plain value. Returns (-q, q).
void from_product(Polynomial& f);

/// f += g, f -= g. Takes and returns coefficients in (-q, q).
void add(Polynomial& f, const Polynomial& g);
void subtract(Polynomial& f, const Polynomial& g);

/// The representative in [0, q) of a coefficient in (-q, q).
constexpr std::uint16_t canonical(std::int16_t coefficient) {
  return static_cast<std::uint16_t>(coefficient + ((coefficient >> 15) & kQ));
}

}  // namespace redan::mlkem
