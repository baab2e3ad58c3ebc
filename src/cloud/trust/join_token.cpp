#include "cloud/trust/join_token.hpp"

#include "base/hex.hpp"

namespace redan::cloud {

std::string secret_id(Provider& provider, Bytes secret) {
  return to_hex(provider.hash(HashAlgorithm::sha256, secret).bytes());
}

JoinSecret new_join_secret(Provider& provider) {
  JoinSecret secret;
  provider.random(secret.fill(32));
  return secret;
}

}  // namespace redan::cloud
