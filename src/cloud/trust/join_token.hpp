// One-time join tokens: who holds one may add one certificate to the trust store, once, before it expires.
//
// The token is the base64url of a JSON object {name, addresses, fingerprint, secret, expires_at} for a person to carry
// to the client; it also pins the server. The store keeps only the secret's SHA-256.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

#include "cloud/trust/role.hpp"

namespace redan::cloud {

using JoinSecret = Secret<32>;

/// What is stored, under secret_id().
struct JoinRecord {
  std::string name;
  Role role = Role::view;
  WallTime expires_at{};
};

/// SHA-256 of the secret, 64 hexadecimal digits: finding it by this leaks nothing of it.
std::string secret_id(Provider& provider, Bytes secret);

JoinSecret new_join_secret(Provider& provider);

}  // namespace redan::cloud
