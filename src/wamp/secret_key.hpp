// A symmetric key for payloads in passthru mode with ppt_scheme "wamp" (WAMP, "Payload Passthru Mode"):
//
//   payload   = nonce || ciphertext and tag          one binary, the only argument of the message
//   plaintext = {"args": [...], "kwargs": {...}}     CBOR
//
//   xsalsa20poly1305   NaCl's secretbox: nonce 24, tag 16 before the ciphertext
//   aes256gcm          nonce 12, tag 16 after the ciphertext, no associated data; needs a processor with AES
//
// Nothing of the envelope is authenticated, not even the URI: a router can exchange the payloads of all URIs
// that share a key. All who have the key can write as each other. A nonce is random: one aes256gcm key should seal at
// most 2^32 payloads.
#pragma once

#include <redan/random.hpp>
#include <redan/secret.hpp>
#include <redan/wamp_types.hpp>

namespace redan::wamp {

enum class PptCipher : std::uint8_t { xsalsa20poly1305, aes256gcm };
std::string_view name(PptCipher cipher);
std::optional<PptCipher> parse_ppt_cipher(std::string_view name);

class SecretKey {
 public:
  static constexpr std::size_t kSize = 32;
  /// crypto_bad_key for another length; crypto_unsupported if this processor lacks the cipher.
  static redan::Result<SecretKey> make(PptCipher cipher, Bytes key);

  [[nodiscard]] PptCipher cipher() const { return cipher_; }
  /// `payload` is plaintext.
  [[nodiscard]] Binary seal(const Payload& payload, RandomSource& random) const;
  /// wamp_decrypt_error, also for a plaintext that is not such a map.
  [[nodiscard]] redan::Result<Payload> open(Bytes sealed) const;

 private:
  SecretKey() = default;
  PptCipher cipher_{};
  Secret<kSize> key_;
};

/// The map, and from it; nullopt for anything else.
std::vector<std::uint8_t> write_ppt(const Payload& payload);
std::optional<Payload> parse_ppt(Bytes cbor);

}  // namespace redan::wamp
