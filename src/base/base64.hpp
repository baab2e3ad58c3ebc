// Base64 (RFC 4648 sections 4 and 5).
#pragma once

#include <redan/types.hpp>
#include <string>
#include <vector>

namespace redan {

enum class Base64 {
  standard,  ///< "+" and "/", padded
  url,       ///< "-" and "_", not padded
};

std::string to_base64(Bytes bytes, Base64 form = Base64::standard);
/// Strict: the form's own alphabet and padding, no white space, unused bits zero.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, Base64 form = Base64::standard);

}  // namespace redan
