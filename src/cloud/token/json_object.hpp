// The JSON objects inside tokens (RFC 8259), read more strictly than Boost.JSON reads by itself: the text is one object
// and nothing else, no object at any level names a member twice, and nesting ends at 8 levels.
//
// Boost's parser is kept for what is easy to get wrong: UTF-8, escapes, surrogates, numbers. Its `parse` cannot be used
// alone, because it lets the last of two equal names win, and two readers of one signed text must not see two texts.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace redan::cloud::token {

/// nullopt if `text` is anything else. The object uses `storage`.
std::optional<boost::json::object> parse_json_object(std::string_view text, boost::json::storage_ptr storage = {});

/// The member's text, borrowed; nullopt if there is no such member or it is no string.
std::optional<std::string_view> find_string(const boost::json::object& object, std::string_view name);

}  // namespace redan::cloud::token
