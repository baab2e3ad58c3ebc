// The caveats of a macaroon, and their verification for a request.
//
//     2030-01-01T00:00:00Z     a bare RFC 3339 time: valid before it
//     op=<operation>  session=<id>  region=<region>  instance=<id>
//
// Every caveat must be met, including repeated ones. An unknown or malformed caveat is never met.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <span>
#include <string>

namespace redan::cloud::token {

/// One caveat of a macaroon. First-party: the identifier is the condition. Third-party: another service must discharge
/// it; the verification id, which is not empty, is for that service.
struct Caveat {
  std::string identifier;
  std::string location{};
  std::string verification_id{};

  [[nodiscard]] bool third_party() const { return !verification_id.empty(); }
  friend bool operator==(const Caveat&, const Caveat&) = default;
};

/// The bearer's request. An empty part is not named by the request: a caveat on it is not met.
struct MacaroonRequest {
  WallTime now;
  std::string_view operation{};
  std::string_view session{};
  std::string_view region{};
  std::string_view instance{};
};

/// The content of a verified macaroon, for the request it was verified for.
struct MacaroonClaims {
  std::string identifier;
  WallTime expires;  ///< the earliest of its expiry times
};

/// The earliest expiry of the first-party caveats, if all are met. Errors: token_caveat (unknown), token_scope (another
/// op, session, region or instance), token_expired, and token_claims if there is no expiry among them.
Result<WallTime> check_caveats(std::span<const Caveat> caveats, const MacaroonRequest& request);

}  // namespace redan::cloud::token
