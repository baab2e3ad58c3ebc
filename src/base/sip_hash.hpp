// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for tables whose keys an attacker can choose. Without the
// key an attacker cannot make colliding keys.
#pragma once

#include <bit>
#include <redan/random.hpp>

namespace redan {

class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1) : k0_(k0), k1_(k1) {}
  explicit SipHash(RandomSource& random) : SipHash(random.random_u64(), random.random_u64()) {}

  [[nodiscard]] std::uint64_t operator()(Bytes bytes) const {
    State state{k0_ ^ 0x736f6d6570736575U, k1_ ^ 0x646f72616e646f6dU, k0_ ^ 0x6c7967656e657261U,
                k1_ ^ 0x7465646279746573U};
    const std::uint64_t length = bytes.size();
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) state.compress(word(bytes.first(8)));
    state.compress(word(bytes) | length << 56U);
    state.v2 ^= 0xFFU;
    for (int i = 0; i < 4; ++i) state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
    void compress(std::uint64_t word) {
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    }
  };
  // Little-endian, at most 8 bytes.
  static std::uint64_t word(Bytes bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    return value;
  }

  std::uint64_t k0_;
  std::uint64_t k1_;
};

}  // namespace redan
