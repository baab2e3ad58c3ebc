// Unique names.
#pragma once

#include <redan/random.hpp>
#include <string>

namespace redan::cloud::api {

/// 20 characters of lower-case base32hex (RFC 4648 section 7): the time in seconds, then 64 random bits.
std::string new_id(RandomSource& random, WallTime now);
/// A random UUID (RFC 9562 section 5.4).
std::string new_uuid(RandomSource& random);

/// Letters, digits, "-", "." and "_", at most 63, beginning with a letter or digit: valid for every launcher.
bool is_name(std::string_view text);

}  // namespace redan::cloud::api
