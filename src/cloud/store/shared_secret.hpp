// A secret that all units of a service share: made by whoever comes first, and kept in their store.
#pragma once

#include <redan/random.hpp>
#include <redan/secret.hpp>

#include "cloud/store/secrets_key.hpp"
#include "cloud/store/store.hpp"

namespace redan::cloud {

/// 64 bytes under this key, in the clear: whoever reads the store has them. Errors: those of the store; store_failed if
/// what is there is something else.
[[nodiscard]] net::Task<Result<Secret<64>>> shared_secret(Store& store, std::string key, RandomSource& random);

/// The same, sealed under `secrets_key`. A secret that is there in the clear is sealed now. `tell` gets that, or why a
/// secret cannot be opened (then store_failed), in a person's words.
[[nodiscard]] net::Task<Result<Secret<64>>> sealed_secret(Store& store, std::string key, const SecretsKey& secrets_key,
                                                          RandomSource& random,
                                                          std::function<void(std::string_view)> tell);

}  // namespace redan::cloud
