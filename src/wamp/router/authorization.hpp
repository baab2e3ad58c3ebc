// Who may do what in a realm: a role has permissions for URIs, and what none of them allows is denied.
#pragma once

#include "wamp/router/pattern.hpp"
#include "wamp/router/session.hpp"

namespace redan::wamp {

enum class Action : std::uint8_t { call, register_, publish, subscribe };
std::optional<Action> parse_action(std::string_view name);

/// Stands in the URI of a permission for the streaming session that a principal may signal for.
inline constexpr std::string_view kSidPlaceholder = "{sid}";

struct Permission {
  Match match = Match::exact;
  std::string uri;           ///< may hold kSidPlaceholder; then it counts only for principals that have a sid
  std::uint8_t actions = 0;  ///< bits of 1 << Action
};

struct Role {
  std::string name;
  std::vector<Permission> permissions{};

  /// Whether every URI that the pattern stands for is allowed by one permission.
  [[nodiscard]] bool allows(Action action, Match match, std::string_view pattern, const Principal& principal) const;
};

/// Letters, digits, '-' and '_', at most 64: it may stand for a part of a URI.
bool is_sid(std::string_view text);

}  // namespace redan::wamp
