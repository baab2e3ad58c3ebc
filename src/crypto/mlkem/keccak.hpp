// Keccak[1600] sponges: SHA3-256, SHA3-512, SHAKE128 and SHAKE256 (FIPS 202).
//
// Only ML-KEM uses them: MbedTLS 2.28 has none, and ML-KEM calls them so often for so few bytes that the set-up of a
// general interface would cost more than the permutation. Time depends on the lengths only.
#pragma once

#include <redan/types.hpp>

namespace redan::mlkem {

/// absorb() any number of times, then squeeze() any number of times. The state is wiped with the object.
class Keccak {
 public:
  static Keccak sha3_256() { return {136, 0x06}; }
  static Keccak sha3_512() { return {72, 0x06}; }
  static Keccak shake128() { return {kShake128Rate, 0x1f}; }
  static Keccak shake256() { return {136, 0x1f}; }

  static constexpr std::size_t kShake128Rate = 168;

  Keccak(const Keccak&) = delete;
  Keccak& operator=(const Keccak&) = delete;
  ~Keccak();

  Keccak& absorb(Bytes data);
  void squeeze(MutableBytes out);

 private:
  using State = std::array<std::uint64_t, 25>;

  Keccak(std::size_t rate, std::uint8_t suffix) : rate_(rate), suffix_(suffix) {}
  void add(std::uint8_t byte);
  void pad();
  static void permute(State& state);

  State state_{};
  std::size_t rate_;      // bytes
  std::size_t used_ = 0;  // bytes of this block that were absorbed or squeezed
  std::uint8_t suffix_;   // domain separation and the first bit of the padding
  bool squeezing_ = false;
};

}  // namespace redan::mlkem
