// Time-limited credentials for a TURN server that shares a secret with us (draft-uberti-behave-turn-rest-00):
//
//     username = <expiry, seconds since 1970> ":" <id>      password = base64(HMAC-SHA1(secret, username))
//
// A TURN server checks the expiry when it authenticates, so it must cover the reconnects of a session, not only its
// start.
#pragma once

#include <redan/crypto.hpp>
#include <string>

namespace redan::cloud::token {

struct TurnCredential {
  std::string username;
  std::string password;
};

/// The prepared shared secret. The provider must outlive it.
class TurnKey {
 public:
  /// The secret as in the server's configuration: 64 printable ASCII characters, which are the HMAC key without
  /// decoding. invalid_argument for others.
  static Result<TurnKey> prepare(Provider& provider, const Secret<64>& secret);
  /// A new secret in that format: 32 random bytes in hex.
  static Secret<64> generate_secret(RandomSource& random);

  /// `id` identifies the user in the server's log: 1 to 128 printable ASCII characters except ":". Error:
  /// invalid_argument.
  Result<TurnCredential> mint(std::string_view id, WallTime expires);
  /// Verifies like the server; returns the id. Errors: token_syntax, token_bad_signature, token_expired.
  Result<std::string> verify(const TurnCredential& credential, WallTime now);

 private:
  explicit TurnKey(std::unique_ptr<Hmac> hmac) : hmac_(std::move(hmac)) {}
  std::string password(std::string_view username);

  std::unique_ptr<Hmac> hmac_;
};

}  // namespace redan::cloud::token
