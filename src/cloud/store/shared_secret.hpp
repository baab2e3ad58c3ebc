// A secret that all units of a service share: made by whoever comes first, and kept in their store.
#pragma once

#include <redan/random.hpp>
#include <redan/secret.hpp>

#include "cloud/store/store.hpp"

namespace redan::cloud {

/// 64 bytes under this key. Errors: those of the store; store_failed if what is there is something else.
[[nodiscard]] net::Task<Result<Secret<64>>> shared_secret(Store& store, std::string key, RandomSource& random);

}  // namespace redan::cloud
