// One-time join tokens: who holds one may add one certificate to the trust store, once, before it expires.
//
// The token is the base64url of a JSON object for a person to carry to the client; it also pins the server:
//
//     {"name": text, "addresses": [text, ...], "fingerprint": text, "secret": base64url of 32 bytes,
//      "expires_at": seconds since 1970}
//
// The store keeps what it is good for under the SHA-256 of the secret. Only the secret counts: the rest is for its
// bearer, and changing it changes nothing.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

#include "cloud/trust/role.hpp"

namespace redan::cloud::trust {

using JoinSecret = Secret<32>;

/// What is stored, under secret_id().
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
/// trust_join_token.
Result<JoinToken> parse_join_token(std::string_view text);

/// Whether what the store has under a token's secret lets its bearer join: trust_join_token if there is nothing,
/// because the secret is wrong or was used, and from `expires_at` on.
Result<void> check_join(const std::optional<JoinRecord>& record, WallTime now);

/// SHA-256 of the secret, 64 hexadecimal digits: finding it by this leaks nothing of it.
std::string secret_id(Provider& provider, Bytes secret);

JoinSecret new_join_secret(Provider& provider);

}  // namespace redan::cloud::trust
