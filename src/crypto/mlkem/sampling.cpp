#include "crypto/mlkem/sampling.hpp"

#include "crypto/mlkem/keccak.hpp"

namespace redan::mlkem {

Polynomial sample_uniform(Seed rho, std::uint8_t column, std::uint8_t row) {
  Keccak stream = Keccak::shake128();
  stream.absorb(rho).absorb(std::array{column, row});
  Polynomial f;
  std::size_t filled = 0;
  const auto take = [&](unsigned value) {
    if (value < static_cast<unsigned>(kQ) && filled < kN) f.coefficients[filled++] = static_cast<std::int16_t>(value);
  };
  std::array<std::uint8_t, Keccak::kShake128Rate> block;
  while (filled < kN) {
    stream.squeeze(block);
    for (std::size_t i = 0; i < block.size(); i += 3) {
      take(block[i] | (block[i + 1] & 0x0fU) << 8);
      take(block[i + 1] >> 4U | static_cast<unsigned>(block[i + 2]) << 4U);
    }
  }
  return f;
}

void sample_small(Seed seed, std::uint8_t number, Polynomial& f) {
  Secret<kN / 2> bits;
  Keccak::shake256().absorb(seed).absorb(std::array{number}).squeeze(bits.fill(kN / 2));
  // Each half of a byte makes a coefficient: the sum of its low two bits minus the sum of its high two.
  const auto coefficient = [](unsigned nibble) {
    const unsigned pairs = (nibble & 0x5) + (nibble >> 1 & 0x5);
    return static_cast<std::int16_t>(static_cast<int>(pairs & 3) - static_cast<int>(pairs >> 2));
  };
  for (std::size_t i = 0; i < kN / 2; ++i) {
    f.coefficients[2 * i] = coefficient(bits.expose()[i] & 0x0fU);
    f.coefficients[2 * i + 1] = coefficient(bits.expose()[i] >> 4);
  }
}

}  // namespace redan::mlkem
