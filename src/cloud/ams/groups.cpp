#include "cloud/ams/groups.hpp"

#include <algorithm>

#include "cloud/ams/records.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

using trust::Role;
using trust::Scope;

constexpr std::size_t kMaxGroups = 1000;
// All of them, the group and the operation are one commit.
constexpr std::size_t kMaxMembers = 90;
constexpr std::array kRoles{Role::admin, Role::operate, Role::view, Role::agent};

api::Group role_group(Role role) {
  api::Group group{std::string(name(role))};
  group.description = role == Role::admin ? "Administrators" : "The role " + group.name;
  for (const Scope scope : trust::all_scopes()) {
    if (trust::allows(role, scope)) group.permissions.push_back({std::string(name(scope)), "server"});
  }
  return group;
}

const Entitlement* find_entitlement(std::string_view name) {
  const auto& all = entitlements();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Entitlement& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Outcome<void> check(const std::vector<api::Permission>& permissions) {
  for (const api::Permission& permission : permissions) {
    if (permission.resource != "server") {
      return api::refuse({400, "not_implemented",
                          "permissions on a single resource are not implemented: " + permission.resource,
                          "use the resource \"server\"", 0});
    }
    if (find_entitlement(permission.entitlement) == nullptr) {
      return api::refuse({400, "not_implemented", "the entitlement " + permission.entitlement + " is not implemented",
                          "GET /1.0/auth/permissions lists those that are", 0});
    }
  }
  return {};
}

void add_scopes(const std::vector<api::Permission>& permissions, std::vector<Scope>& scopes) {
  for (const api::Permission& permission : permissions) {
    const Entitlement* entitlement = find_entitlement(permission.entitlement);
    if (entitlement == nullptr) continue;
    for (const Scope scope : entitlement->scopes) {
      if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
    }
  }
}

}  // namespace

const std::vector<Entitlement>& entitlements() {
  static const std::vector<Entitlement> all = [] {
    std::vector<Entitlement> list{
        {"admin", "Everything", trust::all_scopes()},
        {"can_view_config", "View the configuration", {Scope::config_read}},
        {"can_edit_config", "Change the configuration", {Scope::config_read, Scope::config_write}},
        {"can_view_metrics", "Read the metrics", {Scope::metrics_read}},
        {"can_view_tasks", "View tasks", {Scope::instance_read}},
        {"can_view_operations", "View operations", {Scope::instance_read}},
    };
    for (const Scope scope : trust::all_scopes()) list.push_back({name(scope), "The scope of this name", {scope}});
    return list;
  }();
  return all;
}

Outcome<void> check_grant(const trust::Caller& caller, Role role, const std::vector<Scope>& scopes) {
  if (role == Role::instance || caller.may_grant(role, scopes)) return {};
  api::Refusal refusal = api::refusal_of(errc::trust_role);
  refusal.message = "a caller cannot grant more than it holds";
  return api::refuse(std::move(refusal));
}

bool Groups::is_role(std::string_view name) {
  const auto role = trust::parse_role(name);
  return role && *role != Role::instance;
}

net::Task<Outcome<std::vector<api::Group>>> Groups::all() {
  REDAN_CO_TRY(auto stored, co_await records_.all());
  for (const Role role : kRoles) stored.push_back(role_group(role));
  co_return stored;
}

net::Task<Outcome<api::Group>> Groups::find(std::string name) {
  if (is_role(name)) co_return role_group(*trust::parse_role(name));
  REDAN_CO_TRY(auto found, co_await records_.find(std::move(name)));
  co_return std::move(found.value);
}

std::vector<std::string> Groups::members(std::string_view group) const {
  std::vector<std::string> found;
  for (const auto& [fingerprint, identity] : verifier_.all()) {
    const auto& groups = identity.groups;
    const bool by_role = groups.empty() && identity.scopes.empty() && name(identity.role) == group;
    if (by_role || std::find(groups.begin(), groups.end(), group) != groups.end()) found.push_back(fingerprint);
  }
  return found;
}

net::Task<Outcome<api::Operation>> Groups::add(std::string name, std::string description) {
  if (!api::is_name(name)) co_return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  if (trust::parse_role(name)) co_return api::refuse(api::conflict("there is already one of this name: " + name));
  REDAN_CO_TRY(const auto stored, co_await records_.all());
  if (stored.size() >= kMaxGroups) co_return api::refuse(api::refusal_of(Errc::too_many));
  api::Operation done = context_.completed("Create group", "auth/groups", {name});
  api::Group group{std::move(name), std::move(description)};
  group.created_at = group.updated_at = done.created_at;
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.add(std::move(group), std::move(also)));
  co_return done;
}

net::Task<Outcome<trust::TrustedCertificate>> Groups::with_groups(trust::TrustedCertificate identity,
                                                                  std::vector<std::string> names,
                                                                  std::optional<api::Group> changed) {
  std::vector<Scope> scopes;
  for (const std::string& one : names) {
    if (changed && changed->name == one) {
      add_scopes(changed->permissions, scopes);
      continue;
    }
    REDAN_CO_TRY(const auto group, co_await find(one));
    add_scopes(group.permissions, scopes);
  }
  const bool is_one_role = names.size() == 1 && is_role(names.front());
  identity.role = is_one_role ? *trust::parse_role(names.front()) : scopes.empty() ? Role::instance : Role::admin;
  identity.scopes = is_one_role ? std::vector<Scope>{} : std::move(scopes);
  identity.groups = std::move(names);
  co_return identity;
}

net::Task<Outcome<api::Operation>> Groups::change(std::string name, std::optional<std::string> description,
                                                  std::optional<std::vector<api::Permission>> permissions,
                                                  trust::Caller caller) {
  if (is_role(name)) co_return api::refuse(api::forbidden("this group is a role; it cannot be changed"));
  REDAN_CO_TRY(auto found, co_await records_.find(name));
  api::Group group = std::move(found.value);
  api::Operation done = context_.completed("Update group", "auth/groups", {name});
  if (description) group.description = std::move(*description);
  std::vector<store::Change> changes;
  if (permissions) {
    REDAN_CO_CHECK(check(*permissions));
    group.permissions = std::move(*permissions);
    std::vector<Scope> scopes;
    add_scopes(group.permissions, scopes);
    if (!scopes.empty()) REDAN_CO_CHECK(check_grant(caller, Role::admin, scopes));
    const std::vector<std::string> members = this->members(name);
    if (members.size() > kMaxMembers) co_return api::refuse(api::conflict("the group has more than 90 members"));
    for (const std::string& fingerprint : members) {
      const auto known = verifier_.all().find(fingerprint);
      if (known == verifier_.all().end()) continue;
      REDAN_CO_TRY(const auto identity, co_await with_groups(known->second, known->second.groups, group));
      changes.emplace_back(
          store::Put{keys::at(keys::kCertificates, fingerprint), to_record(identity), store::Anything{}, {}});
    }
  }
  group.updated_at = done.created_at;
  changes.emplace_back(
      store::Put{keys::at(keys::kGroups, name), api::to_record_text(group), store::Unchanged{found.revision}, {}});
  changes.push_back(context_.record(done));
  const auto committed = co_await context_.store.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return done;
}

net::Task<Outcome<api::Operation>> Groups::remove(std::string name, bool force) {
  if (is_role(name)) co_return api::refuse(api::forbidden("this group is a role; it cannot be deleted"));
  const std::vector<std::string> members = this->members(name);
  if (!members.empty() && !force) co_return api::refuse(api::conflict("the group has members; use force"));
  if (members.size() > kMaxMembers) co_return api::refuse(api::conflict("the group has more than 90 members"));
  api::Operation done = context_.completed("Delete group", "auth/groups", {name});
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  for (const std::string& fingerprint : members) {
    const auto known = verifier_.all().find(fingerprint);
    if (known == verifier_.all().end()) continue;
    std::vector<std::string> left = known->second.groups;
    std::erase(left, name);
    REDAN_CO_TRY(const auto identity, co_await with_groups(known->second, std::move(left), std::nullopt));
    also.emplace_back(
        store::Put{keys::at(keys::kCertificates, fingerprint), to_record(identity), store::Anything{}, {}});
  }
  REDAN_CO_CHECK(co_await records_.remove(std::move(name), std::move(also)));
  co_return done;
}

net::Task<Outcome<api::Operation>> Groups::assign(std::string fingerprint, std::vector<std::string> groups,
                                                  trust::Caller caller) {
  const std::string key = keys::at(keys::kCertificates, fingerprint);
  auto entry = co_await context_.store.get(key);
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  const auto known = *entry ? certificate_from_record((*entry)->value) : std::nullopt;
  if (!known) co_return api::refuse(api::not_found("identity"));
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  REDAN_CO_TRY(const auto identity, co_await with_groups(*known, std::move(groups), std::nullopt));
  REDAN_CO_CHECK(check_grant(caller, identity.role, identity.scopes));
  api::Operation done = context_.completed("Update identity", "auth/identities", {fingerprint});
  std::vector<store::Change> changes;
  // Writes its groups again, so that a change of one of them that began before is made again, with this member.
  for (const std::string& group : identity.groups) {
    if (is_role(group)) continue;
    REDAN_CO_TRY(const auto found, co_await records_.find(group));
    changes.emplace_back(store::Put{
        keys::at(keys::kGroups, group), api::to_record_text(found.value), store::Unchanged{found.revision}, {}});
  }
  changes.emplace_back(store::Put{key, to_record(identity), store::Unchanged{(*entry)->modified}, {}});
  changes.push_back(context_.record(done));
  const auto committed = co_await context_.store.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return done;
}

}  // namespace redan::cloud::ams
