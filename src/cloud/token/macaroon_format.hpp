// The serialized forms of a macaroon. Each parser takes the whole text and refuses what its writer would not have
// written, so that no two texts of one form are the same macaroon (apart from JSON's white space, order and escapes).
// Errors: token_syntax; token_too_large above kMaxMacaroonSize or kMaxCaveats.
#pragma once

#include "cloud/token/macaroon.hpp"

namespace redan::cloud::token {

/// Version 1. Packets, each beginning with its whole length as four lower-case hex digits:
///
///     packet = length name SP data LF
///     location identifier ( cid [ vid cl ] )* signature
Result<Macaroon> parse_macaroon_v1(Bytes bytes);
std::vector<std::uint8_t> write_macaroon_v1(const Macaroon& macaroon);

/// Version 2. Fields consist of a type (location 1, identifier 2, verification id 4, signature 6), a length as a varint
/// (LEB128, in its shortest form) and the data; 0 ends a section.
///
///     0x02  [location] identifier 0  ( [location] identifier [vid] 0 )*  0  signature
Result<Macaroon> parse_macaroon_v2(Bytes bytes);
std::vector<std::uint8_t> write_macaroon_v2(const Macaroon& macaroon);

/// Version 2 in JSON: {"i","s64","l","c":[{"i","l","v64"}]}, with "i64" for text that is not printable ASCII. Also
/// reads "s" and "v", "v":2 at the top, and JSON of version 1: {"location","identifier","caveats":[{"cid","vid","cl"}],
/// "signature" in hex}. Locations that are not UTF-8 cannot be written in JSON.
Result<Macaroon> parse_macaroon_json(std::string_view text);
std::string write_macaroon_json(const Macaroon& macaroon);

/// Base64 in either alphabet, padded or not, but not mixed.
std::optional<std::vector<std::uint8_t>> from_any_base64(std::string_view text);

}  // namespace redan::cloud::token
