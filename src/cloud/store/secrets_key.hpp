// The key that encrypts a service's secrets in its store. Only the service's units have it, so access to the store, or
// to a backup of it, does not reveal the secrets.
#pragma once

#include <redan/crypto.hpp>
#include <string>

namespace redan::cloud::store {

class SecretsKey {
 public:
  SecretsKey(Provider& provider, Secret<64> key);
  /// A new random key, kept in memory only: what is sealed under it cannot be opened after a restart.
  static std::shared_ptr<const SecretsKey> fresh(Provider& provider);

  /// Identifies the key without revealing anything about it. 16 hexadecimal digits.
  [[nodiscard]] const std::string& id() const { return id_; }

  /// The stored form of `secret` for the entry `name`. The record can be opened under this name only.
  [[nodiscard]] std::string seal(std::string_view name, const Secret<64>& secret) const;

  enum class Fault : std::uint8_t {
    other_version,  ///< of the record: written by a newer program
    other_key,      ///< it was sealed under another key
    damaged,        ///< or it is the record of another entry
  };
  /// `record` must be is_sealed().
  [[nodiscard]] tl::expected<Secret<64>, Fault> open(std::string_view name, std::string_view record) const;

 private:
  [[nodiscard]] std::unique_ptr<Aead> aead(Bytes salt) const;

  Provider& provider_;
  Secret<64> key_;
  std::string id_;
};

/// Whether it is a record of any SecretsKey.
bool is_sealed(std::string_view record);
/// The id of the key that it was sealed under; `record` must be is_sealed().
std::string_view key_id_of(std::string_view record);

}  // namespace redan::cloud::store
