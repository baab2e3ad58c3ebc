// The permissions of an identity. A role is a set of scopes; an identity may be restricted to some of its role's
// scopes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace redan::cloud::trust {

enum class Role : std::uint8_t {
  admin,     ///< everything
  operate,   ///< manages applications and instances
  view,      ///< reads everything except secrets
  agent,     ///< a stream agent: instances, and what it needs to place them
  instance,  ///< an instance, for its own record
};

enum class Scope : std::uint8_t {
  trust_read,
  trust_write,
  application_read,
  application_write,
  instance_read,
  instance_write,
  instance_exec,  ///< commands in instances. Not for agents
  node_read,
  config_read,
  config_write,
  metrics_read,
  events_read,
  grant_write,  ///< grants for sealed channels. Not for agents, which carry the signalling
};

/// "admin", "operator", "viewer", "agent", "instance".
std::string_view name(Role role);
std::optional<Role> parse_role(std::string_view name);
/// "instances:write".
std::string_view name(Scope scope);
std::optional<Scope> parse_scope(std::string_view name);

const std::vector<Scope>& all_scopes();

bool allows(Role role, Scope scope);

}  // namespace redan::cloud::trust
