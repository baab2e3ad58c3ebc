// One-time join tokens: the holder may add one certificate to the trust store, once, before the token expires.
//
// The token is the base64url of a JSON object, to be transferred to the client by an administrator; it also pins the
// server:
//
//     {"name": text, "addresses": [text, ...], "fingerprint": text, "secret": base64url of 32 bytes,
//      "expires_at": seconds since 1970}
//
// The store keeps the token's permissions under the SHA-256 of the secret. Only the secret counts: the other members
// are for the bearer, and changing them has no effect.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

#include "cloud/trust/role.hpp"

namespace redan::cloud::trust {

using JoinSecret = Secret<32>;

/// The stored record, under secret_id().
struct JoinRecord {
  std::string name;
  Role role = Role::view;
  WallTime expires_at{};
};

struct JoinToken {
  std::string name;
  std::vector<std::string> addresses;
  std::string fingerprint;  ///< of the server's certificate
  JoinSecret secret;
  WallTime expires_at{};
};

inline constexpr std::size_t kMaxJoinToken = 8 * 1024;

std::string to_text(const JoinToken& token);
/// Error: trust_join_token.
Result<JoinToken> parse_join_token(std::string_view text);

/// Whether the store's record for a token's secret permits its bearer to join. trust_join_token if there is no record,
/// because the secret is wrong or was used, and from `expires_at` on.
Result<void> check_join(const std::optional<JoinRecord>& record, WallTime now);

/// SHA-256 of the secret, 64 hexadecimal digits: a lookup by it leaks nothing of the secret.
std::string secret_id(Provider& provider, Bytes secret);

JoinSecret new_join_secret(Provider& provider);

}  // namespace redan::cloud::trust
