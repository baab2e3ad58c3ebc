// Text from outside, for places that people and records read: UTF-8 (RFC 3629), nothing that steers a terminal.
#pragma once

#include <string>
#include <string_view>

namespace redan {

/// The first bytes of `text`, at most `size`; no character is cut in two.
std::string_view first_bytes(std::string_view text, std::size_t size);

/// `text` without anything that could start a line, steer a terminal or break UTF-8: control characters (C0, DEL, C1),
/// the line separators U+2028 and U+2029, characters that reverse the direction of text, and bytes that are not UTF-8
/// become \xNN, byte by byte.
std::string escape_controls(std::string_view text);

}  // namespace redan
