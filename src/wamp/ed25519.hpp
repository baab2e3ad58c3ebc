// Ed25519 signatures (RFC 8032), of libsodium: the crypto providers do not share them.
#pragma once

#include <array>
#include <redan/secret.hpp>
#include <redan/types.hpp>

namespace redan::wamp {

inline constexpr std::size_t kEd25519KeySize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;
using Ed25519PublicKey = std::array<std::uint8_t, kEd25519KeySize>;
using Ed25519Signature = std::array<std::uint8_t, kEd25519SignatureSize>;

/// A private key, made from its seed (RFC 8032 section 5.1.5). Wiped at its end.
class Ed25519Key {
 public:
  explicit Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize> seed);

  [[nodiscard]] const Ed25519PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Ed25519Signature sign(Bytes message) const;

 private:
  Secret<64> secret_;  ///< seed and public key, as libsodium keeps them
  Ed25519PublicKey public_key_{};
};

/// Whether it is a point of the prime-order subgroup: what a public key is.
bool is_ed25519_public_key(Bytes bytes);

/// False for wrong lengths, small-order keys, signatures that are not canonical, and of course for wrong ones.
bool ed25519_verify(Bytes public_key, Bytes message, Bytes signature);

}  // namespace redan::wamp
