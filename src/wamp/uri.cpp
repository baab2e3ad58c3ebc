#include <algorithm>

#include "wamp/message.hpp"

namespace redan::wamp {
namespace {

// The loose form excludes white space and '#'; other control characters would only confuse programs that print a URI.
bool is_allowed(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

}  // namespace

bool is_uri_pattern(std::string_view uri) { return std::all_of(uri.begin(), uri.end(), is_allowed); }

bool is_uri(std::string_view uri) {
  return is_uri_pattern(uri) && !uri.empty() && !uri.starts_with('.') && !uri.ends_with('.') &&
         uri.find("..") == std::string_view::npos;
}

}  // namespace redan::wamp
