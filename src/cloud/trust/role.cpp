#include "cloud/trust/role.hpp"

#include <array>
#include <utility>

namespace redan::cloud::trust {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> kRoles{{{Role::admin, "admin"},
                                                                   {Role::operate, "operator"},
                                                                   {Role::view, "viewer"},
                                                                   {Role::agent, "agent"},
                                                                   {Role::instance, "instance"}}};

constexpr std::array<std::pair<Scope, std::string_view>, 13> kScopes{{{Scope::trust_read, "trust:read"},
                                                                      {Scope::trust_write, "trust:write"},
                                                                      {Scope::application_read, "applications:read"},
                                                                      {Scope::application_write, "applications:write"},
                                                                      {Scope::instance_read, "instances:read"},
                                                                      {Scope::instance_write, "instances:write"},
                                                                      {Scope::instance_exec, "instances:exec"},
                                                                      {Scope::node_read, "nodes:read"},
                                                                      {Scope::config_read, "config:read"},
                                                                      {Scope::config_write, "config:write"},
                                                                      {Scope::metrics_read, "metrics:read"},
                                                                      {Scope::events_read, "events:read"},
                                                                      {Scope::grant_write, "grants:write"}}};

template <class Table, class T>
std::string_view name_in(const Table& table, T value) {
  for (const auto& [entry, text] : table) {
    if (entry == value) return text;
  }
  return {};
}

template <class T, class Table>
std::optional<T> find_in(const Table& table, std::string_view text) {
  for (const auto& [entry, known] : table) {
    if (known == text) return entry;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Role role) { return name_in(kRoles, role); }
std::optional<Role> parse_role(std::string_view text) { return find_in<Role>(kRoles, text); }
std::string_view name(Scope scope) { return name_in(kScopes, scope); }
std::optional<Scope> parse_scope(std::string_view text) { return find_in<Scope>(kScopes, text); }

const std::vector<Scope>& all_scopes() {
  static const std::vector<Scope> all = [] {
    std::vector<Scope> scopes;
    for (const auto& [scope, text] : kScopes) scopes.push_back(scope);
    return scopes;
  }();
  return all;
}

bool allows(Role role, Scope scope) {
  switch (role) {
    case Role::admin:
      return true;
    case Role::operate:
      return scope != Scope::trust_read && scope != Scope::trust_write && scope != Scope::config_write;
    case Role::view:
      return scope == Scope::application_read || scope == Scope::instance_read || scope == Scope::node_read ||
             scope == Scope::metrics_read || scope == Scope::events_read;
    case Role::agent:
      return scope == Scope::application_read || scope == Scope::instance_read || scope == Scope::instance_write ||
             scope == Scope::node_read || scope == Scope::events_read;
    case Role::instance:
      return false;  // its two routes require its token
  }
  return false;
}

}  // namespace redan::cloud::trust
