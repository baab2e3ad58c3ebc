// Ed25519 signatures (RFC 8032) by libsodium, because not every crypto provider has them.
#pragma once

#include <array>
#include <redan/secret.hpp>
#include <redan/types.hpp>

namespace redan::wamp {

inline constexpr std::size_t kEd25519KeySize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;
using Ed25519PublicKey = std::array<std::uint8_t, kEd25519KeySize>;
using Ed25519Signature = std::array<std::uint8_t, kEd25519SignatureSize>;

/// A private key, made from its seed (RFC 8032 section 5.1.5). Wiped on destruction.
class Ed25519Key {
 public:
  explicit Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize> seed);

  [[nodiscard]] const Ed25519PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Ed25519Signature sign(Bytes message) const;

 private:
  Secret<64> secret_;  ///< seed and public key, in libsodium's format
  Ed25519PublicKey public_key_{};
};

/// Whether the bytes are a valid public key: a point of the prime-order subgroup.
bool is_ed25519_public_key(Bytes bytes);

/// False for wrong lengths, small-order keys, non-canonical signatures and wrong signatures.
bool ed25519_verify(Bytes public_key, Bytes message, Bytes signature);

}  // namespace redan::wamp
