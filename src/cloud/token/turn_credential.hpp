// Time-limited credentials for a TURN server that shares a secret with us (draft-uberti-behave-turn-rest-00):
//
//     username = <expiry, seconds since 1970> ":" <id>      password = base64(HMAC-SHA1(secret, username))
//
// A TURN server looks at the expiry when it authenticates, so it must cover the reconnects of a session, not its start.
#pragma once

#include <redan/crypto.hpp>
#include <string>

namespace redan::cloud::token {

struct TurnCredential {
  std::string username;
  std::string password;
};

/// The shared secret, made ready. May not outlive its provider.
class TurnKey {
 public:
  /// The secret is what stands in the server's configuration: 64 printable ASCII characters, which are the HMAC key as
  /// they are. invalid_argument for others.
  static Result<TurnKey> prepare(Provider& provider, const Secret<64>& secret);
  /// A new secret of that form: 32 random bytes in hex.
  static Secret<64> generate_secret(RandomSource& random);

  /// `id` says whose it is, in the server's log: 1 to 128 printable ASCII characters but ":". invalid_argument.
  Result<TurnCredential> mint(std::string_view id, WallTime expires);
  /// As the server checks it; gives the id. token_syntax, token_bad_signature, token_expired.
  Result<std::string> verify(const TurnCredential& credential, WallTime now);

 private:
  explicit TurnKey(std::unique_ptr<Hmac> hmac) : hmac_(std::move(hmac)) {}
  std::string password(std::string_view username);

  std::unique_ptr<Hmac> hmac_;
};

}  // namespace redan::cloud::token
