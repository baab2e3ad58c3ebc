#include "cloud/store/secrets_key.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "crypto/nonce.hpp"

namespace redan::cloud::store {

namespace {

// sealed:<version>:<key's id>:<base64 of salt, ciphertext and tag>
constexpr std::string_view kMark = "sealed:";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kSecretSize = 64;
constexpr std::size_t kIdSize = 8;
constexpr std::array<std::uint8_t, kAeadNonceSize> kFixed{};

// Each record has its own key, which encrypts once.
NonceBase only_nonce() { return {NonceForm::xor_counter, kFixed}; }

/// Removes the text up to the next colon.
std::string_view take_field(std::string_view& text) {
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  return field;
}

struct Parts {
  std::string_view version, key_id, body;
};
Parts parts_of(std::string_view record) {
  record.remove_prefix(kMark.size());
  Parts parts;
  parts.version = take_field(record);
  parts.key_id = take_field(record);
  parts.body = record;
  return parts;
}

std::string head_of(std::string_view id) {
  return std::string(kMark).append(kVersion).append(":").append(id).append(":");
}

std::string id_of(Provider& provider, const Secret<64>& key) {
  const Digest digest = provider.hmac_once(HashAlgorithm::sha256, key.expose(), as_bytes("redan secrets key: id"));
  return to_hex(digest.bytes().first(kIdSize));
}

}  // namespace

SecretsKey::SecretsKey(Provider& provider, Secret<64> key)
    : provider_(provider), key_(std::move(key)), id_(id_of(provider, key_)) {}

std::shared_ptr<const SecretsKey> SecretsKey::fresh(Provider& provider) {
  Secret<64> key;
  provider.random(key.fill(64));
  return std::make_shared<const SecretsKey>(provider, std::move(key));
}

std::unique_ptr<Aead> SecretsKey::aead(Bytes salt) const {
  const std::array parts{as_bytes("redan secrets key: record"), salt};
  Digest key = provider_.hmac(HashAlgorithm::sha256, key_.expose())->compute(parts);
  auto made = provider_.aead(AeadAlgorithm::aes_256_gcm, key.bytes());
  wipe(key.storage);
  return made;
}

std::string SecretsKey::seal(std::string_view name, const Secret<64>& secret) const {
  std::array<std::uint8_t, kSaltSize + kSecretSize + kAeadTagSize> body{};
  const MutableBytes all(body);
  provider_.random(all.first(kSaltSize));
  const MutableBytes text = all.subspan(kSaltSize, kSecretSize);
  std::ranges::copy(secret.expose(), text.begin());
  const std::string head = head_of(id_);
  NonceSequence nonces(only_nonce(), 0, 1);
  aead(all.first(kSaltSize))->seal(*nonces.take(), as_bytes(head + std::string(name)), text, all.last<kAeadTagSize>());
  return head + to_base64(body);
}

tl::expected<Secret<64>, SecretsKey::Fault> SecretsKey::open(std::string_view name, std::string_view record) const {
  const Parts parts = parts_of(record);
  if (parts.version != kVersion) return tl::unexpected(Fault::other_version);
  if (parts.key_id != id_) return tl::unexpected(Fault::other_key);
  auto body = from_base64(parts.body);
  if (!body || body->size() != kSaltSize + kSecretSize + kAeadTagSize) return tl::unexpected(Fault::damaged);
  const MutableBytes all(*body);
  const MutableBytes text = all.subspan(kSaltSize, kSecretSize);
  const bool genuine =
      aead(all.first(kSaltSize))
          ->open(only_nonce().at(0), as_bytes(head_of(id_) + std::string(name)), text, Bytes(all).last<kAeadTagSize>());
  if (!genuine) return tl::unexpected(Fault::damaged);
  Secret<64> secret{Bytes(text)};
  wipe(all);
  return secret;
}

bool is_sealed(std::string_view record) { return record.starts_with(kMark); }

std::string_view key_id_of(std::string_view record) { return parts_of(record).key_id; }

}  // namespace redan::cloud::store
