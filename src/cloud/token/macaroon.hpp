// Macaroons: bearer tokens that their holder can restrict without contacting the issuer. The keyed chain is that of
// Birgisson et al., "Macaroons: Cookies with Contextual Caveats" (NDSS 2014), with the formats of gopkg.in/macaroon.v2:
//
//     derived key = HMAC-SHA256("macaroons-key-generator", root key)
//     sig         = HMAC-SHA256(derived key, identifier), then for each caveat sig = HMAC-SHA256(sig, caveat)
//
// The signature covers the identifier and the caveats in order; it does not cover the location. A holder can add
// caveats, but cannot remove any.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

#include "cloud/token/caveat.hpp"

namespace redan::cloud::token {

inline constexpr std::size_t kMaxMacaroonSize = 16 * 1024;  ///< in any form, before base64
inline constexpr std::size_t kMaxCaveats = 32;

/// A root key, prepared for issuing and verifying many macaroons. The provider must outlive it.
class MacaroonKey {
 public:
  /// invalid_argument unless the root key has 64 bytes.
  static Result<MacaroonKey> prepare(Provider& provider, const Secret<64>& root);

 private:
  friend struct Macaroon;
  MacaroonKey(Provider& provider, std::unique_ptr<Hmac> derived) : provider_(&provider), derived_(std::move(derived)) {}

  Provider* provider_;
  std::unique_ptr<Hmac> derived_;  ///< HMAC under the derived key
};

/// A macaroon in its holder's hands. A service must not use any of it before verify() succeeds.
struct Macaroon {
  std::string location;    ///< a hint at the issuer; may be empty; not signed
  std::string identifier;  ///< identifies it to its issuer
  std::vector<Caveat> caveats;
  std::array<std::uint8_t, 32> signature{};

  /// Accepts all forms: the binary versions 2 and 1 and the JSON objects of both versions, in base64 (standard or URL
  /// alphabet, padded or not), that base64 as a JSON string, and plain JSON objects. Errors: token_syntax,
  /// token_too_large.
  static Result<Macaroon> parse(std::string_view text);
  /// Base64url, without padding, of binary version 2: the form that Redan writes.
  [[nodiscard]] std::string text() const;

  /// Error: token_too_large.
  static Result<Macaroon> mint(MacaroonKey& key, std::string_view location, std::string_view identifier);
  /// Restricts it; needs no key. On token_too_large the macaroon is unchanged.
  Result<void> add_first_party(Provider& provider, std::string_view caveat);

  /// token_third_party if it has such a caveat. Then compares the signature in constant time: token_bad_signature. Then
  /// the location (token_claims), then each caveat (see caveat.hpp).
  Result<MacaroonClaims> verify(MacaroonKey& key, std::string_view expected_location,
                                const MacaroonRequest& request) const;

  friend bool operator==(const Macaroon&, const Macaroon&) = default;
};

}  // namespace redan::cloud::token
