// The members of a client's request: each function reads one; a refusal names it. An absent or null member has its
// default value.
#pragma once

#include <vector>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::api {

/// The string member `key`: empty if absent; a refusal if it is not a string or is longer than `limit` bytes.
Outcome<std::string> string_member(const json::object& object, std::string_view key, std::size_t limit = 256);
Outcome<std::vector<std::string>> strings_member(const json::object& object, std::string_view key);
Outcome<std::int64_t> integer_member(const json::object& object, std::string_view key, std::int64_t otherwise);
Outcome<bool> bool_member(const json::object& object, std::string_view key, bool otherwise);
Outcome<json::object> object_member(const json::object& object, std::string_view key);

}  // namespace redan::cloud::api
