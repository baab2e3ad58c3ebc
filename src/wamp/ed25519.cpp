#include "wamp/ed25519.hpp"

#include <sodium.h>

#include "base/assert.hpp"

namespace redan::wamp {

Ed25519Key::Ed25519Key(std::span<const std::uint8_t, kEd25519KeySize> seed) {
  const int made = crypto_sign_seed_keypair(public_key_.data(), secret_.fill(64).data(), seed.data());
  REDAN_ASSERT(made == 0);
}

Ed25519Signature Ed25519Key::sign(Bytes message) const {
  Ed25519Signature signature;
  const int made =
      crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.expose().data());
  REDAN_ASSERT(made == 0);
  return signature;
}

bool is_ed25519_public_key(Bytes bytes) {
  return bytes.size() == kEd25519KeySize && crypto_core_ed25519_is_valid_point(bytes.data()) == 1;
}

bool ed25519_verify(Bytes public_key, Bytes message, Bytes signature) {
  return public_key.size() == kEd25519KeySize && signature.size() == kEd25519SignatureSize &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), public_key.data()) == 0;
}

}  // namespace redan::wamp
