// Names nobody has had before.
#pragma once

#include <redan/random.hpp>
#include <string>

namespace redan::cloud::api {

/// 20 characters of lower-case base32hex (RFC 4648 section 7): the time in seconds, then 64 random bits.
std::string new_id(RandomSource& random, WallTime now);
/// A random UUID (RFC 9562 section 5.4).
std::string new_uuid(RandomSource& random);

/// Letters, digits, "-", "." and "_", at most 63 of them, a letter or digit first: what every launcher takes as a name.
bool is_name(std::string_view text);

}  // namespace redan::cloud::api
