// A provider for fuzzers: every check passes, so that mutated input gets past them to the code behind.
//
//   IT AUTHENTICATES NOTHING. AEAD is the identity with a tag of zeros and opens anything; HMAC is zeros; every
//   signature of the right scheme verifies. Hashes, keys and the key exchange are the SimulatedProvider's. Everything
//   repeats.
#pragma once

#include "simulated_provider.hpp"

namespace redan::test {

class NullAead final : public Aead {
 public:
  void seal(const SealNonce&, Bytes, MutableBytes, std::span<std::uint8_t, kAeadTagSize> tag) override {
    std::fill(tag.begin(), tag.end(), std::uint8_t{0});
  }
  bool open(const OpenNonce&, Bytes, MutableBytes, std::span<const std::uint8_t, kAeadTagSize>) override {
    return true;
  }
};

class NullRecordNumberCipher final : public RecordNumberCipher {
 public:
  Mask mask(std::span<const std::uint8_t, kSampleSize>) override { return {}; }
};

class NullHmac final : public Hmac {
 public:
  explicit NullHmac(HashAlgorithm algorithm) : size_(hash_size(algorithm)) {}
  Digest compute(std::span<const Bytes>) override {
    Digest digest;
    digest.size = size_;
    return digest;
  }

 private:
  std::size_t size_;
};

class NullPublicKey final : public PublicKey {
 public:
  explicit NullPublicKey(KeyType type) : type_(type) {}
  KeyType type() const override { return type_; }
  bool verify(SignatureScheme scheme, Bytes, Bytes) const override { return fits(type_, scheme); }

 private:
  KeyType type_;
};

/// `real` must outlive it.
class NullProvider : public SimulatedProvider {
 public:
  explicit NullProvider(Provider& real, std::uint64_t seed = 1) : SimulatedProvider(real, seed) {}

  std::string_view name() const override { return "null"; }
  std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes) override { return std::make_unique<NullHmac>(algorithm); }
  std::unique_ptr<Aead> aead(AeadAlgorithm, Bytes) override { return std::make_unique<NullAead>(); }
  std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm, Bytes) override {
    return std::make_unique<NullRecordNumberCipher>();
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    const auto key = SubjectPublicKey::parse(subject_public_key_info_der);
    if (!key) return refuse(Errc::crypto_bad_key);
    return std::make_unique<NullPublicKey>(key->type);
  }
};

}  // namespace redan::test
