// The mbedTLS provider on a caller's randomness: with a fixed source every key, signature and nonce repeats, so a whole
// run replays bit for bit over real primitives. For tests; mbedtls_provider() is the one with entropy.
#pragma once

#include <redan/crypto.hpp>

namespace redan {

/// `random` must outlive the provider.
std::unique_ptr<Provider> mbedtls_provider(RandomSource& random);

}  // namespace redan
