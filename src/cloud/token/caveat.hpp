// What a macaroon's caveats say, and whether a request keeps to them.
//
//     2030-01-01T00:00:00Z     a bare RFC 3339 time: valid before it
//     op=<operation>  session=<id>  region=<region>  instance=<id>
//
// Every caveat must be met, however often it is repeated. One that is unknown or malformed is not met.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <span>
#include <string>

namespace redan::cloud::token {

/// One caveat of a macaroon. First-party: the identifier is the condition. Third-party: someone else must discharge it,
/// and the verification id, which is not empty, says how.
struct Caveat {
  std::string identifier;
  std::string location{};
  std::string verification_id{};

  [[nodiscard]] bool third_party() const { return !verification_id.empty(); }
  friend bool operator==(const Caveat&, const Caveat&) = default;
};

/// What the bearer asks for. A part left empty is one the request does not name: a caveat on it is not met.
struct MacaroonRequest {
  WallTime now;
  std::string_view operation{};
  std::string_view session{};
  std::string_view region{};
  std::string_view instance{};
};

/// What a verified macaroon says, for the request it was verified for.
struct MacaroonClaims {
  std::string identifier;
  WallTime expires;  ///< the earliest of its times
};

/// The earliest expiry among first-party caveats that are all met. token_caveat (unknown), token_scope (op, session,
/// region or instance is another), token_expired, and token_claims if there is no expiry among them.
Result<WallTime> check_caveats(std::span<const Caveat> caveats, const MacaroonRequest& request);

}  // namespace redan::cloud::token
