// ML-KEM-768 (FIPS 203): a key encapsulation mechanism that a quantum computer is not known to break.
//
// Time and memory accesses do not depend on secrets: tests/crypto/mlkem/constant_time.cpp shows it. Random bytes are
// arguments.
#pragma once

#include <optional>
#include <redan/secret.hpp>

namespace redan::mlkem {

inline constexpr std::size_t kEncapsulationKeySize = 1184;
inline constexpr std::size_t kDecapsulationKeySize = 2400;
inline constexpr std::size_t kCiphertextSize = 1088;
inline constexpr std::size_t kSharedSecretSize = 32;

/// 64 random bytes: d, then z.
using KeySeed = std::span<const std::uint8_t, 64>;

class DecapsulationKey {
 public:
  /// Algorithm 16.
  explicit DecapsulationKey(KeySeed seed);
  /// The key as section 7.3 encodes it, kDecapsulationKeySize bytes. nullopt for another size and where the hash check
  /// of that section fails.
  static std::optional<DecapsulationKey> parse(Bytes encoded);

  /// For the other side. Lives as long as the object.
  [[nodiscard]] Bytes encapsulation_key() const;
  [[nodiscard]] Bytes encoded() const { return key_.expose(); }
  /// Algorithm 18: fills `secret`. A ciphertext that was not made by encapsulate() gives a secret that the other side
  /// does not have (implicit rejection).
  void decapsulate(std::span<const std::uint8_t, kCiphertextSize> ciphertext,
                   std::span<std::uint8_t, kSharedSecretSize> secret) const;

 private:
  DecapsulationKey() = default;
  Secret<kDecapsulationKeySize> key_;
};

/// What one encapsulation needs at random.
using Message = std::span<const std::uint8_t, 32>;

/// Algorithm 17: fills `ciphertext` for the owner of the key, and `secret`. False if `key` fails the modulus check of
/// section 7.2.
[[nodiscard]] bool encapsulate(std::span<const std::uint8_t, kEncapsulationKeySize> key, Message message,
                               std::span<std::uint8_t, kCiphertextSize> ciphertext,
                               std::span<std::uint8_t, kSharedSecretSize> secret);

/// The inner part of key generation (K-PKE.KeyGen without its first line): fills the secret vector and the
/// encapsulation key. `rho` is public, `sigma` is secret.
void generate_keys(std::span<const std::uint8_t, 32> rho, std::span<const std::uint8_t, 32> sigma,
                   MutableBytes secret_vector, MutableBytes encapsulation_key);

}  // namespace redan::mlkem
