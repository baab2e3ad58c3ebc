// A secret that all units of a service share: created by the first unit, and kept in their store.
#pragma once

#include <redan/random.hpp>
#include <redan/secret.hpp>

#include "cloud/store/secrets_key.hpp"
#include "cloud/store/store.hpp"

namespace redan::cloud::store {

/// 64 bytes in the entry `key`, sealed under `secrets_key`. An existing plaintext secret is sealed now. `tell` is
/// called with a human-readable message about that, or about why a secret cannot be opened (then store_failed). Other
/// errors are those of the store.
[[nodiscard]] net::Task<Result<Secret<64>>> sealed_secret(Store& store, std::string key, const SecretsKey& secrets_key,
                                                          RandomSource& random,
                                                          std::function<void(std::string_view)> log);

}  // namespace redan::cloud::store
