// Shared by the token tests: the secret of the known answers, their dates, and both providers.
#pragma once

#include <gtest/gtest.h>

#include <redan/crypto.hpp>
#include <string>

namespace redan::cloud::test {

/// The 64 bytes 00, 01, ... 3f.
inline Secret<64> counting_secret() {
  Secret<64> secret;
  std::uint8_t next = 0;
  for (std::uint8_t& byte : secret.fill(64)) byte = next++;
  return secret;
}

inline Secret<64> other_secret() {
  Secret<64> secret = counting_secret();
  secret.fill(64)[63] ^= 1U;
  return secret;
}

inline constexpr WallTime k2029{1861920000};  // 2029-01-01T00:00:00Z
inline constexpr WallTime k2030{1893456000};  // 2030-01-01T00:00:00Z

inline WallTime after(WallTime time, std::int64_t seconds) { return {time.seconds_since_1970 + seconds}; }

/// Why it was refused; closed_locally if it was accepted.
template <class T>
Errc reason(const Result<T>& result) {
  return result ? Errc::closed_locally : result.error();
}

inline Provider& provider() {
  static const std::unique_ptr<Provider> kProvider = default_provider();
  return *kProvider;
}

}  // namespace redan::cloud::test
