#include "crypto/mlkem/keccak.hpp"

#include <bit>
#include <redan/secret.hpp>
#include <utility>

namespace redan::mlkem {
namespace {

constexpr int kRounds = 24;

/// The round constants, from the shift register of FIPS 202 algorithm 5.
constexpr std::array<std::uint64_t, kRounds> make_round_constants() {
  std::array<std::uint64_t, kRounds> constants{};
  std::uint8_t shift_register = 1;
  for (std::uint64_t& constant : constants) {
    for (int j = 0; j <= 6; ++j) {
      if ((shift_register & 1) != 0) constant |= std::uint64_t{1} << ((1 << j) - 1);
      const bool carry = (shift_register & 0x80) != 0;
      shift_register = static_cast<std::uint8_t>((shift_register << 1) ^ (carry ? 0x71 : 0));
    }
  }
  return constants;
}

/// Where rho and pi move a lane, and by how many bits they rotate it (FIPS 202 algorithms 2 and 3): lane i of the
/// result is lane `from` of the input.
struct Move {
  std::size_t from;
  int rotation;
};

constexpr std::array<Move, 25> make_moves() {
  std::array<int, 25> rotations{};
  std::size_t x = 1;
  std::size_t y = 0;
  for (int t = 0; t < 24; ++t) {
    rotations[x + 5 * y] = ((t + 1) * (t + 2) / 2) % 64;
    x = std::exchange(y, (2 * x + 3 * y) % 5);
  }
  std::array<Move, 25> moves{};
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t column = 0; column < 5; ++column) {
      const std::size_t from = (column + 3 * row) % 5 + 5 * column;
      moves[column + 5 * row] = {from, rotations[from]};
    }
  }
  return moves;
}

constexpr auto kRoundConstants = make_round_constants();
constexpr auto kMoves = make_moves();

}  // namespace

// Unrolled, so that the lanes can stay in registers.
void Keccak::permute(State& state) {
  State a = state;
  for (const std::uint64_t constant : kRoundConstants) {
    std::array<std::uint64_t, 5> parity;
#pragma GCC unroll 5
    for (std::size_t x = 0; x < 5; ++x) parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    std::array<std::uint64_t, 5> theta;
#pragma GCC unroll 5
    for (std::size_t x = 0; x < 5; ++x) theta[x] = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
    State b;
#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i)
      b[i] = std::rotl(a[kMoves[i].from] ^ theta[kMoves[i].from % 5], kMoves[i].rotation);
#pragma GCC unroll 25
    for (std::size_t i = 0; i < 25; ++i) {
      const std::size_t row = i - i % 5;
      a[i] = b[i] ^ (~b[row + (i + 1) % 5] & b[row + (i + 2) % 5]);
    }
    a[0] ^= constant;
  }
  state = a;
}

Keccak::~Keccak() { wipe({reinterpret_cast<std::uint8_t*>(state_.data()), sizeof(state_)}); }

void Keccak::add(std::uint8_t byte) { state_[used_ / 8] ^= std::uint64_t{byte} << (8 * (used_ % 8)); }

Keccak& Keccak::absorb(Bytes data) {
  for (const std::uint8_t byte : data) {
    add(byte);
    if (++used_ < rate_) continue;
    permute(state_);
    used_ = 0;
  }
  return *this;
}

void Keccak::pad() {
  add(suffix_);
  used_ = rate_ - 1;
  add(0x80);
  used_ = rate_;
  squeezing_ = true;
}

void Keccak::squeeze(MutableBytes out) {
  if (!squeezing_) pad();
  for (std::uint8_t& byte : out) {
    if (used_ == rate_) {
      permute(state_);
      used_ = 0;
    }
    byte = static_cast<std::uint8_t>(state_[used_ / 8] >> (8 * (used_ % 8)));
    ++used_;
  }
}

}  // namespace redan::mlkem
