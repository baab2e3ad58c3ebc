// External text made safe for display and logs: UTF-8 (RFC 3629), without terminal control.
#pragma once

#include <string>
#include <string_view>

namespace redan {

/// The first bytes of `text`, at most `size`, without splitting a character.
std::string_view first_bytes(std::string_view text, std::size_t size);

struct Utf8Check {
  bool valid = true;         ///< all of it is UTF-8; a character may be cut at the end
  std::size_t complete = 0;  ///< bytes before the first invalid or cut character
  std::size_t size = 0;      ///< of the text

  [[nodiscard]] bool whole() const { return complete == size; }
};
Utf8Check check_utf8(std::string_view text);

/// Escapes everything in `text` that could start a line, control a terminal or break UTF-8: control characters (C0,
/// DEL, C1), the line separators U+2028 and U+2029, characters that reverse the direction of text, and bytes that are
/// not UTF-8 become \xNN, byte by byte.
std::string escape_controls(std::string_view text);

}  // namespace redan
