// JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515), signed with HS256 (RFC 7518 section 3.2) and nothing else.
//
// A service makes and checks its own tokens with one 64-byte secret, so the token has no say in how it is checked:
// `alg` is compared, never dispatched on, and a header that names or carries a key is refused. Parsing gives an
// UnverifiedJwt, which has nothing to offer but verify(); only the JwtClaims that come out of that carry scope.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

namespace redan::cloud::token {

/// Longer tokens are refused unread, and not minted.
inline constexpr std::size_t kMaxJwtSize = 8 * 1024;
/// How far ahead of ours an issuer's clock may be: for `nbf` and `iat`. `exp` gets none.
inline constexpr std::int64_t kJwtLeewaySeconds = 60;

/// RFC 7519 section 4.1, and `scope` as a list of names. Members left empty are not in the token.
struct JwtClaims {
  std::string issuer;
  std::vector<std::string> audience;
  std::string subject;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires;  ///< always there: a token without `exp` is refused
  std::string id;    ///< `jti`
  std::vector<std::string> scope;

  [[nodiscard]] bool allows(std::string_view wanted) const;
  friend bool operator==(const JwtClaims&, const JwtClaims&) = default;
};

/// What the service asks of a token made for it. An empty issuer or audience is never met.
struct JwtExpectations {
  std::string_view issuer;
  std::string_view audience;  ///< one of the token's
  std::optional<std::string_view> subject = std::nullopt;
};

/// One secret, made ready to sign and to verify many tokens. May not outlive its provider.
class JwtKey {
 public:
  /// invalid_argument unless the secret has all of its 64 bytes.
  static Result<JwtKey> prepare(Provider& provider, const Secret<64>& secret);

  /// A token of exactly these claims; all text in them is UTF-8. token_too_large.
  Result<std::string> mint(const JwtClaims& claims);

 private:
  friend class UnverifiedJwt;
  explicit JwtKey(std::unique_ptr<Hmac> hmac) : hmac_(std::move(hmac)) {}
  Digest sign(std::string_view input) { return hmac_->compute(std::array{as_bytes(input)}); }

  std::unique_ptr<Hmac> hmac_;
};

/// A token of the right form that says HS256. Its claims have not been looked at.
class UnverifiedJwt {
 public:
  /// Three parts of base64url without padding, the first a JSON object with alg "HS256" and, if at all, typ "JWT".
  /// token_too_large, token_syntax, token_algorithm, token_header (a key, a critical extension).
  static Result<UnverifiedJwt> parse(std::string_view text);

  /// Compares the signature in constant time before anything else: token_bad_signature. Then the claims must be a JSON
  /// object without duplicate names (token_syntax), be of the right types, have `exp` and be meant for this service
  /// (token_claims), and hold now (token_expired, token_not_yet_valid).
  Result<JwtClaims> verify(JwtKey& key, const JwtExpectations& expected, WallTime now) const;

 private:
  static constexpr std::size_t kSignatureSize = 32;

  UnverifiedJwt() = default;

  std::string signing_input_;    ///< header "." payload, as sent
  std::size_t header_size_ = 0;  ///< of the header in it
  std::array<std::uint8_t, kSignatureSize> signature_{};
};

}  // namespace redan::cloud::token
