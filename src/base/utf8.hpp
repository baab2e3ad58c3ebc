// External text made safe for display and logs: UTF-8 (RFC 3629), without terminal control.
#pragma once

#include <string>
#include <string_view>

namespace redan {

/// The first bytes of `text`, at most `size`, without splitting a character.
std::string_view first_bytes(std::string_view text, std::size_t size);

/// Escapes everything in `text` that could start a line, control a terminal or break UTF-8: control characters (C0,
/// DEL, C1), the line separators U+2028 and U+2029, characters that reverse the direction of text, and bytes that are
/// not UTF-8 become \xNN, byte by byte.
std::string escape_controls(std::string_view text);

}  // namespace redan
