// Counts the public-key operations of a real provider: key pairs for an exchange, shared secrets, signatures made and
// verified.
#pragma once

#include <redan/crypto.hpp>

namespace redan::test {

class CountingProvider final : public Provider {
 public:
  /// `real` must outlive it.
  explicit CountingProvider(Provider& real) : real_(real) {}

  int operations = 0;

  void random(MutableBytes out) override { real_.random(out); }
  std::string_view name() const override { return real_.name(); }
  Digest hash(HashAlgorithm algorithm, Bytes data) override { return real_.hash(algorithm, data); }
  std::unique_ptr<Hash> start_hash(HashAlgorithm algorithm) override { return real_.start_hash(algorithm); }
  std::unique_ptr<Hmac> hmac(HashAlgorithm algorithm, Bytes key) override { return real_.hmac(algorithm, key); }
  std::unique_ptr<Aead> aead(AeadAlgorithm algorithm, Bytes key) override { return real_.aead(algorithm, key); }
  std::unique_ptr<RecordNumberCipher> record_number_cipher(AeadAlgorithm algorithm, Bytes key) override {
    return real_.record_number_cipher(algorithm, key);
  }
  std::unique_ptr<KeyExchange> start_key_exchange(Group group) override {
    ++operations;
    return std::make_unique<Exchange>(*this, real_.start_key_exchange(group));
  }
  std::unique_ptr<PrivateKey> generate_key(KeyType type) override {
    return std::make_unique<Signer>(*this, real_.generate_key(type));
  }
  Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) override {
    return real_.load_private_key(pkcs8_der);
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    auto key = real_.load_public_key(subject_public_key_info_der);
    if (!key) return key;
    return std::make_unique<Verifier>(*this, std::move(*key));
  }

 private:
  class Exchange final : public KeyExchange {
   public:
    Exchange(CountingProvider& counter, std::unique_ptr<KeyExchange> real)
        : counter_(counter), real_(std::move(real)) {}
    Bytes share() const override { return real_->share(); }
    bool finish(Bytes peer_share, SharedSecret& secret) override {
      ++counter_.operations;
      return real_->finish(peer_share, secret);
    }

   private:
    CountingProvider& counter_;
    std::unique_ptr<KeyExchange> real_;
  };
  class Signer final : public PrivateKey {
   public:
    Signer(CountingProvider& counter, std::unique_ptr<PrivateKey> real) : counter_(counter), real_(std::move(real)) {}
    KeyType type() const override { return real_->type(); }
    std::vector<std::uint8_t> public_key_der() const override { return real_->public_key_der(); }
    std::vector<std::uint8_t> private_key_der() const override { return real_->private_key_der(); }
    Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                             std::span<std::uint8_t, kMaxSignatureSize> signature) const override {
      ++counter_.operations;
      return real_->sign(scheme, digest, signature);
    }

   private:
    CountingProvider& counter_;
    std::unique_ptr<PrivateKey> real_;
  };
  class Verifier final : public PublicKey {
   public:
    Verifier(CountingProvider& counter, std::unique_ptr<PublicKey> real) : counter_(counter), real_(std::move(real)) {}
    KeyType type() const override { return real_->type(); }
    bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const override {
      ++counter_.operations;
      return real_->verify(scheme, digest, signature);
    }

   private:
    CountingProvider& counter_;
    std::unique_ptr<PublicKey> real_;
  };

  Provider& real_;
};

}  // namespace redan::test
