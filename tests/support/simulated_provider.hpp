// A provider for simulations: all output is determined by a seed, and public-key operations cost only a hash.
//
//   IT AUTHENTICATES NOTHING AND KEEPS NOTHING SECRET. The key exchange is a hash of both public keys and a signature
//   is a hash of the public key and the digest: any observer of the traffic can compute both. Hash, HMAC and AEAD are a
//   real provider's.
//
// Keys and signatures have the encodings and sizes of real ones. A signature of another key or digest still does not
// verify, so protocol logic (wrong key, wrong transcript) is tested realistically.
#pragma once

#include <redan/crypto.hpp>

#include "crypto/key_encoding.hpp"
#include "crypto/x25519_mlkem768.hpp"
#include "fixed_provider.hpp"

namespace redan::test {

class SimulatedKeyExchange final : public KeyExchange {
 public:
  SimulatedKeyExchange(Provider& provider, Group group) : provider_(provider), group_(group) {
    provider.random(MutableBytes(public_).first(size()));
    if (group != Group::x25519) public_[0] = 4;
  }

  Bytes share() const override { return Bytes(public_).first(size()); }

  bool finish(Bytes peer, SharedSecret& shared) override {
    if (peer.size() != size()) return false;
    if (group_ != Group::x25519 && peer[0] != 4) return false;
    const std::vector<std::uint8_t> zeros(peer.size());
    if (group_ == Group::x25519 && equal_in_constant_time(peer, zeros)) return false;
    const Bytes own = share();
    const bool own_first = std::lexicographical_compare(own.begin(), own.end(), peer.begin(), peer.end());
    const auto hash = provider_.start_hash(HashAlgorithm::sha384);
    hash->update(own_first ? own : peer);
    hash->update(own_first ? peer : own);
    const Digest digest = hash->digest();
    const MutableBytes out = shared.fill(group_ == Group::secp384r1 ? 48 : 32);
    std::copy_n(digest.storage.begin(), out.size(), out.begin());
    return true;
  }

 private:
  [[nodiscard]] std::size_t size() const { return group_ == Group::x25519 ? 32 : group_ == Group::secp256r1 ? 65 : 97; }
  Provider& provider_;
  Group group_;
  std::array<std::uint8_t, 97> public_{};
};

/// Writes the only signature for this key, scheme and digest; returns its size.
inline std::size_t simulated_signature(Provider& provider, KeyType type, Bytes public_key_der, SignatureScheme scheme,
                                       Bytes digest, std::span<std::uint8_t, kMaxSignatureSize> signature) {
  std::array<std::uint8_t, kMaxSignatureSize> stream{};
  for (std::size_t i = 0; i * 48 < stream.size(); ++i) {
    const auto hash = provider.start_hash(HashAlgorithm::sha384);
    const std::array<std::uint8_t, 3> tag{static_cast<std::uint8_t>(static_cast<unsigned>(scheme) >> 8U),
                                          static_cast<std::uint8_t>(scheme), static_cast<std::uint8_t>(i)};
    hash->update(tag);
    hash->update(public_key_der);
    hash->update(digest);
    const Digest block = hash->digest();
    std::copy_n(block.storage.begin(), std::min<std::size_t>(48, stream.size() - i * 48), stream.begin() + 48 * i);
  }
  if (!is_ecdsa(type)) {
    const std::size_t size = type == KeyType::rsa_2048 ? 256 : 512;
    std::copy_n(stream.begin(), size, signature.begin());
    return size;
  }
  const std::size_t n = field_size(type);
  stream[0] |= 1U;  // no leading zero byte, so that the value is never zero
  stream[n] |= 1U;
  const auto der = EcdsaSignature{Bytes(stream).first(n), Bytes(stream).subspan(n, n)}.write();
  std::copy(der.begin(), der.end(), signature.begin());
  return der.size();
}

class SimulatedPrivateKey final : public PrivateKey {
 public:
  SimulatedPrivateKey(Provider& provider, KeyType type, std::vector<std::uint8_t> public_key_der)
      : provider_(provider), type_(type), public_key_der_(std::move(public_key_der)) {}

  KeyType type() const override { return type_; }
  std::vector<std::uint8_t> public_key_der() const override { return public_key_der_; }
  std::vector<std::uint8_t> private_key_der() const override {
    return PrivateKeyEncoding{!is_ecdsa(type_), type_, public_key_der_}.write();
  }
  Result<std::size_t> sign(SignatureScheme scheme, Bytes digest,
                           std::span<std::uint8_t, kMaxSignatureSize> signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return refuse(Errc::invalid_argument);
    return simulated_signature(provider_, type_, public_key_der_, scheme, digest, signature);
  }

 private:
  Provider& provider_;
  KeyType type_;
  std::vector<std::uint8_t> public_key_der_;
};

class SimulatedPublicKey final : public PublicKey {
 public:
  SimulatedPublicKey(Provider& provider, KeyType type, Bytes public_key_der)
      : provider_(provider), type_(type), public_key_der_(public_key_der.begin(), public_key_der.end()) {}

  KeyType type() const override { return type_; }
  bool verify(SignatureScheme scheme, Bytes digest, Bytes signature) const override {
    if (!fits(type_, scheme) || digest.size() != hash_size(hash_of(scheme))) return false;
    std::array<std::uint8_t, kMaxSignatureSize> expected{};
    const std::size_t size = simulated_signature(provider_, type_, public_key_der_, scheme, digest, expected);
    return equal_in_constant_time(Bytes(expected).first(size), signature);
  }

 private:
  Provider& provider_;
  KeyType type_;
  std::vector<std::uint8_t> public_key_der_;
};

/// `real` must outlive it.
class SimulatedProvider : public FixedProvider {
 public:
  using FixedProvider::FixedProvider;

  std::string_view name() const override { return "simulated"; }

  std::unique_ptr<KeyExchange> start_key_exchange(Group group) override {
    if (group == Group::x25519_mlkem768) return start_x25519_mlkem768(*this);
    return std::make_unique<SimulatedKeyExchange>(*this, group);
  }
  std::unique_ptr<PrivateKey> generate_key(KeyType type) override {
    return std::make_unique<SimulatedPrivateKey>(*this, type, random_public_key(type));
  }
  Result<std::unique_ptr<PrivateKey>> load_private_key(Bytes pkcs8_der) override {
    const auto encoding = PrivateKeyEncoding::parse(pkcs8_der);
    const auto key = encoding ? SubjectPublicKey::parse(encoding->key) : std::nullopt;
    if (!key) return refuse(Errc::crypto_bad_key);
    return std::make_unique<SimulatedPrivateKey>(*this, key->type,
                                                 std::vector<std::uint8_t>(encoding->key.begin(), encoding->key.end()));
  }
  Result<std::unique_ptr<PublicKey>> load_public_key(Bytes subject_public_key_info_der) override {
    const auto key = SubjectPublicKey::parse(subject_public_key_info_der);
    if (!key) return refuse(Errc::crypto_bad_key);
    return std::make_unique<SimulatedPublicKey>(*this, key->type, subject_public_key_info_der);
  }

 private:
  std::vector<std::uint8_t> random_public_key(KeyType type) {
    if (is_ecdsa(type)) {
      std::vector<std::uint8_t> point(1 + 2 * field_size(type));
      random(point);
      point[0] = 4;
      return ecdsa_public_key_der(type, point);
    }
    std::vector<std::uint8_t> modulus(type == KeyType::rsa_2048 ? 256 : 512);
    random(modulus);
    modulus.front() |= 0x80U;
    modulus.back() |= 1U;
    return rsa_public_key_der(modulus, std::array<std::uint8_t, 3>{1, 0, 1});
  }
};

}  // namespace redan::test
