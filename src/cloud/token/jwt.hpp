// JSON Web Tokens (RFC 7519) in JWS compact form (RFC 7515), signed with HS256 (RFC 7518 section 3.2) and nothing else.
//
// A service makes and verifies its own tokens with one 64-byte secret, so the token cannot influence its verification:
// `alg` is compared, never used to choose an algorithm, and a header that names or carries a key is refused. Parsing
// returns an UnverifiedJwt, whose only operation is verify(); only the resulting JwtClaims have a scope.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

namespace redan::cloud::token {

/// Longer tokens are refused unread, and are not issued.
inline constexpr std::size_t kMaxJwtSize = 8 * 1024;
/// How far an issuer's clock may be ahead of ours, for `nbf` and `iat`. There is no leeway for `exp`.
inline constexpr std::int64_t kJwtLeewaySeconds = 60;

/// RFC 7519 section 4.1, and `scope` as a list of names. Empty members are not in the token.
struct JwtClaims {
  std::string issuer;
  std::vector<std::string> audience;
  std::string subject;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires;  ///< required: a token without `exp` is refused
  std::string id;    ///< `jti`
  std::vector<std::string> scope;

  [[nodiscard]] bool allows(std::string_view wanted) const;
  friend bool operator==(const JwtClaims&, const JwtClaims&) = default;
};

/// The service's requirements on a token. An empty issuer or audience is never met.
struct JwtExpectations {
  std::string_view issuer;
  std::string_view audience;  ///< must be one of the token's
  std::optional<std::string_view> subject = std::nullopt;
};

/// One secret, prepared for signing and verifying many tokens. The provider must outlive it.
class JwtKey {
 public:
  /// invalid_argument unless the secret has 64 bytes.
  static Result<JwtKey> prepare(Provider& provider, const Secret<64>& secret);

  /// Issues a token with exactly these claims; all text must be UTF-8. Error: token_too_large.
  Result<std::string> mint(const JwtClaims& claims);

 private:
  friend class UnverifiedJwt;
  explicit JwtKey(std::unique_ptr<Hmac> hmac) : hmac_(std::move(hmac)) {}
  Digest sign(std::string_view input) { return hmac_->compute(std::array{as_bytes(input)}); }

  std::unique_ptr<Hmac> hmac_;
};

/// A well-formed token with HS256. Its claims have not been read.
class UnverifiedJwt {
 public:
  /// Three parts of base64url without padding, the first a JSON object with alg "HS256" and, optionally, typ "JWT".
  /// Errors: token_too_large, token_syntax, token_algorithm, token_header (a key, a critical extension).
  static Result<UnverifiedJwt> parse(std::string_view text);

  /// First compares the signature in constant time: token_bad_signature. Then the claims must be a JSON object without
  /// duplicate names (token_syntax), have the right types, have `exp` and be meant for this service (token_claims), and
  /// be valid now (token_expired, token_not_yet_valid).
  Result<JwtClaims> verify(JwtKey& key, const JwtExpectations& expected, WallTime now) const;

 private:
  static constexpr std::size_t kSignatureSize = 32;

  UnverifiedJwt() = default;

  std::string signing_input_;    ///< header "." payload, as received
  std::size_t header_size_ = 0;  ///< of the header in it
  std::array<std::uint8_t, kSignatureSize> signature_{};
};

}  // namespace redan::cloud::token
