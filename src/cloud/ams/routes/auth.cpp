// Groups, and the permissions that there are.
#include <algorithm>
#include <array>

#include "cloud/ams/groups.hpp"
#include "cloud/ams/routes/routes.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::array<std::string_view, 1> kFilters{"name"};
constexpr std::size_t kMaxDescription = 1024;
constexpr std::size_t kMaxPermissions = 256;

json::object shown(Ams& ams, const api::Group& group) {
  return to_json(group, ams.groups().members(group.name), Groups::is_role(group.name));
}

net::Task<Reply> list_groups(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto groups, co_await ams.groups().all());
  json::array objects;
  for (const api::Group& group : groups) objects.emplace_back(shown(ams, group));
  co_return list_reply(call, std::move(objects), "/1.0/auth/groups", "name", kFilters);
}

net::Task<Reply> show_group(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto group, co_await ams.groups().find(call.parameters[0]));
  co_return sync_reply(shown(ams, group));
}

net::Task<Reply> add_group(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  std::string name, description;
  REDAN_CO_CHECK(
      api::Members(body).text("name", name).text("description", description, kMaxDescription).end(call.unknown));
  REDAN_CO_TRY(auto done, co_await ams.groups().add(std::move(name), std::move(description)));
  co_return async_reply(done);
}

Outcome<std::vector<api::Permission>> parse_permissions(const json::array& array, const api::UnknownMembers& unknown) {
  std::vector<api::Permission> permissions;
  for (const json::value& element : array) {
    if (!element.is_object()) return api::refuse(api::bad_request("\"permissions\" is an array of objects"));
    api::Permission permission;
    REDAN_CHECK(api::Members(element.get_object(), "permissions.")
                    .text("entitlement", permission.entitlement)
                    .text("resource", permission.resource)
                    .end(unknown));
    permissions.push_back(std::move(permission));
  }
  return permissions;
}

// What is absent stays as it is.
net::Task<Reply> change_group(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, call.body());
  std::string text;
  json::array list;
  api::Members members(body);
  members.text("description", text, kMaxDescription).array("permissions", list, kMaxPermissions);
  REDAN_CO_CHECK(members.end(call.unknown));
  REDAN_CO_TRY(auto parsed, parse_permissions(list, call.unknown));
  std::optional<std::string> description;
  std::optional<std::vector<api::Permission>> permissions;
  if (members.has("description")) description = std::move(text);
  if (members.has("permissions")) permissions = std::move(parsed);
  trust::Caller caller = *call.caller;
  REDAN_CO_TRY(auto done, co_await ams.groups().change(call.parameters[0], std::move(description),
                                                       std::move(permissions), std::move(caller)));
  co_return async_reply(done);
}

net::Task<Reply> remove_group(Ams& ams, Call call) {
  REDAN_CO_TRY(const bool force, parse_force(call));
  REDAN_CO_TRY(auto done, co_await ams.groups().remove(call.parameters[0], force));
  co_return async_reply(done);
}

// Those of the caller. An identity has the permissions of its groups; others have those of their role and scopes.
net::Task<Reply> list_permissions(Ams& ams, Call call) {
  if (!call.caller) co_return api::refuse(api::refusal_of(errc::trust_unknown));
  std::vector<api::Permission> permissions;
  const auto identity = ams.verifier().all().find(call.caller->trusted_by);
  if (identity != ams.verifier().all().end() && !identity->second.groups.empty()) {
    const std::vector<std::string> names = identity->second.groups;
    for (const std::string& name : names) {
      REDAN_CO_TRY(const auto group, co_await ams.groups().find(name));
      permissions.insert(permissions.end(), group.permissions.begin(), group.permissions.end());
    }
  } else {
    for (const Entitlement& entitlement : entitlements()) {
      const auto may = [&](Scope scope) { return call.caller->may(scope); };
      if (!std::all_of(entitlement.scopes.begin(), entitlement.scopes.end(), may)) continue;
      permissions.push_back({std::string(entitlement.name), "server"});
    }
  }
  json::value list = api::described::write(permissions);
  co_return sync_reply(std::move(list), permissions.size());
}

constexpr std::array kRoutes{
    Route{"GET", "/1.0/auth/groups", Scope::trust_read, "groups", list_groups},
    Route{"POST", "/1.0/auth/groups", Scope::trust_write, "groups", add_group},
    Route{"GET", "/1.0/auth/groups/{name}", Scope::trust_read, "group", show_group},
    Route{"PUT", "/1.0/auth/groups/{name}", Scope::trust_write, "group", change_group},
    Route{"DELETE", "/1.0/auth/groups/{name}", Scope::trust_write, "group", remove_group},
    Route{"GET", "/1.0/auth/permissions", Open{}, "permissions", list_permissions},
};

}  // namespace

std::span<const Route> auth_routes() { return kRoutes; }

}  // namespace redan::cloud::ams
