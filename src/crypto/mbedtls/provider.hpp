// The mbedTLS provider with the caller's randomness, for tests: with a fixed source every key, signature and nonce
// repeats, so a whole run can be replayed bit for bit with real primitives. mbedtls_provider() uses real entropy.
#pragma once

#include <redan/crypto.hpp>

namespace redan {

/// `random` must outlive the provider.
std::unique_ptr<Provider> mbedtls_provider(RandomSource& random);

}  // namespace redan
