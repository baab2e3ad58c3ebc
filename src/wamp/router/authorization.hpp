// Permissions in a realm: a role has permissions for URIs, and everything else is denied.
#pragma once

#include "wamp/router/pattern.hpp"
#include "wamp/router/session.hpp"

namespace redan::wamp {

enum class Action : std::uint8_t { call, register_, publish, subscribe };
std::optional<Action> parse_action(std::string_view name);

/// In the URI of a permission, stands for the streaming session that a principal may signal for.
inline constexpr std::string_view kSidPlaceholder = "{sid}";

struct Permission {
  Match match = Match::exact;
  std::string uri;           ///< may contain kSidPlaceholder; then it applies only to principals with a sid
  std::uint8_t actions = 0;  ///< bits of 1 << Action
};

struct Role {
  std::string name;
  std::vector<Permission> permissions{};

  /// Whether one permission allows every URI that matches the pattern.
  [[nodiscard]] bool allows(Action action, Match match, std::string_view pattern, const Principal& principal) const;
};

/// Letters, digits, '-' and '_', at most 64, so that it can be a component of a URI.
bool is_sid(std::string_view text);

}  // namespace redan::wamp
