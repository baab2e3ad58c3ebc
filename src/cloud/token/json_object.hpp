// JSON objects inside tokens (RFC 8259), parsed more strictly than by Boost.JSON: the text is one object and nothing
// else, no object at any level has a duplicate member, and nesting ends at 8 levels.
//
// Boost's parser handles what is easy to get wrong: UTF-8, escapes, surrogates, numbers. Its `parse` is not sufficient,
// because it keeps the last of two equal names, and two readers of one signed text must not see different contents.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace redan::cloud::token {

/// nullopt if `text` is anything else. The object uses `storage`.
std::optional<boost::json::object> parse_json_object(std::string_view text, boost::json::storage_ptr storage = {});

/// The member's text, borrowed; nullopt if there is no such member or it is not a string.
std::optional<std::string_view> find_string(const boost::json::object& object, std::string_view name);

}  // namespace redan::cloud::token
