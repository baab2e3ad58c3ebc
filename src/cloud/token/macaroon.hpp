// Macaroons: bearer tokens that their holder can narrow without asking anyone. The keyed chain is that of Birgisson et
// al., "Macaroons: Cookies with Contextual Caveats" (NDSS 2014), with the formats of gopkg.in/macaroon.v2:
//
//     derived key = HMAC-SHA256("macaroons-key-generator", root key)
//     sig         = HMAC-SHA256(derived key, identifier), then for each caveat sig = HMAC-SHA256(sig, caveat)
//
// The signature covers the identifier and the caveats in order; it does not cover the location. Whoever holds a
// macaroon can add caveats and cannot take any away.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

#include "cloud/token/caveat.hpp"

namespace redan::cloud::token {

inline constexpr std::size_t kMaxMacaroonSize = 16 * 1024;  ///< in any form, before base64
inline constexpr std::size_t kMaxCaveats = 32;

/// A root key, made ready to mint and to verify many macaroons. May not outlive its provider.
class MacaroonKey {
 public:
  /// invalid_argument unless the root key has all of its 64 bytes.
  static Result<MacaroonKey> prepare(Provider& provider, const Secret<64>& root);

 private:
  friend struct Macaroon;
  MacaroonKey(Provider& provider, std::unique_ptr<Hmac> derived) : provider_(&provider), derived_(std::move(derived)) {}

  Provider* provider_;
  std::unique_ptr<Hmac> derived_;  ///< HMAC under the derived key
};

/// A macaroon as its holder has it. Nothing in it means anything to a service before verify() says so.
struct Macaroon {
  std::string location;    ///< a hint at who made it; may be empty; not signed
  std::string identifier;  ///< what its maker knows it by
  std::vector<Caveat> caveats;
  std::array<std::uint8_t, 32> signature{};

  /// Any of the forms: the binary versions 2 and 1 and the JSON objects of both versions, in base64 (standard or URL
  /// alphabet, padded or not), that base64 as a JSON string, and JSON objects as they are. token_syntax,
  /// token_too_large.
  static Result<Macaroon> parse(std::string_view text);
  /// Base64url, without padding, of binary version 2: how Redan writes them.
  [[nodiscard]] std::string text() const;

  /// token_too_large.
  static Result<Macaroon> mint(MacaroonKey& key, std::string_view location, std::string_view identifier);
  /// Narrows it; needs no key. token_too_large, and the macaroon is unchanged.
  Result<void> add_first_party(Provider& provider, std::string_view caveat);

  /// token_third_party if it has such a caveat. Then compares the signature in constant time: token_bad_signature. Then
  /// the location (token_claims), then each caveat (see caveat.hpp).
  Result<MacaroonClaims> verify(MacaroonKey& key, std::string_view expected_location,
                                const MacaroonRequest& request) const;

  friend bool operator==(const Macaroon&, const Macaroon&) = default;
};

}  // namespace redan::cloud::token
