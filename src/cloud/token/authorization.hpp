// The token in an Authorization field (RFC 9110 section 11.6.2):
//
//     bearer <JWT>                          RFC 6750 section 2.1
//     macaroon root=<macaroon>              the macaroon may stand in quotes
#pragma once

#include <redan/error.hpp>
#include <string_view>

namespace redan::cloud::token {

/// The kind of token that a request presents, and the token itself, not yet parsed. A view into the field's value.
struct PresentedToken {
  enum class Kind { jwt, macaroon } kind;
  std::string_view text;
};

/// Schemes and parameter names are case-insensitive. token_third_party if a discharge macaroon is included;
/// token_syntax for other parameters and schemes.
Result<PresentedToken> parse_authorization(std::string_view value);

}  // namespace redan::cloud::token
