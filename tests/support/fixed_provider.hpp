// Real primitives with fixed randomness.
//
//   FixedProvider          any provider, random() fixed. What OpenSSL draws inside (ephemeral keys, ECDSA nonces) stays
//   random. replaying_provider     mbedTLS on a fixed source: keys, signatures, everything repeats bit for bit. Slow.
//
// SimulatedProvider (simulated_provider.hpp) repeats bit for bit and is fast, but authenticates nothing.
#pragma once

#include <redan/crypto.hpp>

#include "crypto/mbedtls/provider.hpp"
#include "seeded_random.hpp"

namespace redan::test {

/// `real` must outlive it.
class FixedProvider : public Provider {
 public:
  FixedProvider(Provider& real, std::uint64_t seed) : real_(real), random_(seed) {}

  void random(MutableBytes out) override { random_.random(out); }
  std::string_view name() const override { return real_.name(); }
  Digest hash(HashAlgorithm algorithm, Bytes data) override { return real_.hash(algorithm, data); }
  std::unique_ptr<Hash> start_hash(HashAlgorithm algorithm) override { return real_.start_hash(algorithm); }
  std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes key) override { return real_.hmac(algorithm, key); }
  std::optional<Secret<16>> md5_for_stun_credentials(Bytes text) override {
    return real_.md5_for_stun_credentials(text);
  }
  std::unique_ptr<Aead> aead(AeadAlgorithm algorithm, Bytes key) override { return real_.aead(algorithm, key); }
  std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm algorithm, Bytes key) override {
    return real_.record_number_cipher(algorithm, key);
  }
  std::unique_ptr<KeyExchange> start_key_exchange(Group group) override { return real_.start_key_exchange(group); }
  std::unique_ptr<PrivateKey> generate_key(KeyType type) override { return real_.generate_key(type); }
  Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) override {
    return real_.load_private_key(pkcs8_der);
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    return real_.load_public_key(subject_public_key_info_der);
  }

 private:
  Provider& real_;
  SeededRandom random_;
};

/// `random` must outlive the provider.
inline std::unique_ptr<Provider> replaying_provider(SeededRandom& random) { return mbedtls_provider(random); }

}  // namespace redan::test
