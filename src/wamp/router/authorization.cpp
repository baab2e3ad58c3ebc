#include "wamp/router/authorization.hpp"

#include <algorithm>

namespace redan::wamp {
namespace {

constexpr std::array<std::string_view, 4> kActions = {"call", "register", "publish", "subscribe"};

/// The permission's URI for this principal; nullopt if it has none.
std::optional<std::string> uri_for(const Permission& permission, const Principal& principal) {
  const std::size_t at = permission.uri.find(kSidPlaceholder);
  if (at == std::string::npos) return permission.uri;
  if (!is_sid(principal.sid)) return std::nullopt;
  return std::string(permission.uri).replace(at, kSidPlaceholder.size(), principal.sid);
}

}  // namespace

std::optional<Action> parse_action(std::string_view name) {
  const auto* const at = std::find(kActions.begin(), kActions.end(), name);
  if (at == kActions.end()) return std::nullopt;
  return static_cast<Action>(at - kActions.begin());
}

bool Role::allows(Action action, Match match, std::string_view pattern, const Principal& principal) const {
  return std::any_of(permissions.begin(), permissions.end(), [&](const Permission& permission) {
    if ((permission.actions & 1U << static_cast<unsigned>(action)) == 0) return false;
    const auto uri = uri_for(permission, principal);
    return uri && covers(permission.match, *uri, match, pattern);
  });
}

bool is_sid(std::string_view text) {
  constexpr std::size_t kMaxSize = 64;
  return !text.empty() && text.size() <= kMaxSize && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace redan::wamp
