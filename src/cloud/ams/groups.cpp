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
constexpr int kMaxAttempts = 20;
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

// Read from the store and not from the verifier's copy: what is written must not undo a removal or an assignment that
// the copy has not seen.
net::Task<Outcome<std::vector<Groups::Member>>> Groups::read_members(std::string group) {
  auto entries = co_await store::list_all(context_.store, std::string(keys::kCertificates));
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  std::vector<Member> found;
  for (const store::Entry& entry : *entries) {
    auto identity = certificate_from_record(entry.value);
    if (!identity || std::find(identity->groups.begin(), identity->groups.end(), group) == identity->groups.end())
      continue;
    found.push_back({std::move(*identity), entry.modified});
  }
  if (found.size() > kMaxMembers) co_return api::refuse(api::conflict("the group has more than 90 members"));
  co_return found;
}

net::Task<Outcome<Groups::Membership>> Groups::membership(std::vector<std::string> names,
                                                          std::optional<api::Group> changed) {
  Membership result;
  result.names = std::move(names);
  for (const std::string& one : result.names) {
    if (changed && changed->name == one) {
      add_scopes(changed->permissions, result.scopes);
    } else if (is_role(one)) {
      add_scopes(role_group(*trust::parse_role(one)).permissions, result.scopes);
    } else {
      REDAN_CO_TRY(const auto group, co_await records_.find(one));
      add_scopes(group.value.permissions, result.scopes);
      result.touched.emplace_back(store::Put{
          keys::at(keys::kGroups, one), api::to_record_text(group.value), store::Unchanged{group.revision}, {}});
    }
  }
  const bool is_one_role = result.names.size() == 1 && is_role(result.names.front());
  result.role = is_one_role             ? *trust::parse_role(result.names.front())
                : result.scopes.empty() ? Role::instance
                                        : Role::admin;
  if (is_one_role) result.scopes.clear();
  co_return result;
}

store::Change Groups::write(Member member, const Membership& membership) const {
  member.identity.role = membership.role;
  member.identity.scopes = membership.scopes;
  member.identity.groups = membership.names;
  return store::Put{keys::at(keys::kCertificates, member.identity.fingerprint),
                    to_record(member.identity),
                    store::Unchanged{member.revision},
                    {}};
}

// Each attempt reads everything that it depends on and expects it to be unchanged.
net::Task<Outcome<api::Operation>> Groups::retry(std::function<net::Task<Outcome<Attempt>>()> attempt) {
  for (int i = 0; i < kMaxAttempts; ++i) {
    REDAN_CO_TRY(auto made, co_await attempt());
    made.changes.push_back(context_.record(made.operation));
    const auto committed = co_await context_.store.commit(std::move(made.changes));
    if (committed) co_return made.operation;
    if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
  }
  co_return api::refuse(api::refusal_of(errc::store_conflict));
}

net::Task<Outcome<Groups::Attempt>> Groups::try_change(std::string name, std::optional<std::string> description,
                                                       std::optional<std::vector<api::Permission>> permissions,
                                                       trust::Caller caller) {
  REDAN_CO_TRY(auto found, co_await records_.find(name));
  api::Group group = std::move(found.value);
  Attempt attempt{context_.completed("Update group", "auth/groups", {name}), {}};
  if (description) group.description = std::move(*description);
  if (permissions) {
    group.permissions = std::move(*permissions);
    std::vector<Scope> scopes;
    add_scopes(group.permissions, scopes);
    if (!scopes.empty()) REDAN_CO_CHECK(check_grant(caller, Role::admin, scopes));
    REDAN_CO_TRY(auto members, co_await read_members(name));
    for (Member& member : members) {
      std::vector<std::string> names = member.identity.groups;
      std::optional<api::Group> changed(group);
      REDAN_CO_TRY(const auto membership, co_await this->membership(std::move(names), std::move(changed)));
      attempt.changes.push_back(write(std::move(member), membership));
    }
  }
  group.updated_at = attempt.operation.created_at;
  attempt.changes.emplace_back(
      store::Put{keys::at(keys::kGroups, name), api::to_record_text(group), store::Unchanged{found.revision}, {}});
  co_return attempt;
}

net::Task<Outcome<api::Operation>> Groups::change(std::string name, std::optional<std::string> description,
                                                  std::optional<std::vector<api::Permission>> permissions,
                                                  trust::Caller caller) {
  if (is_role(name)) co_return api::refuse(api::forbidden("this group is a role; it cannot be changed"));
  if (permissions) REDAN_CO_CHECK(check(*permissions));
  std::function<net::Task<Outcome<Attempt>>()> attempt = [this, name, description, permissions, caller] {
    return try_change(name, description, permissions, caller);
  };
  co_return co_await retry(std::move(attempt));
}

net::Task<Outcome<Groups::Attempt>> Groups::try_remove(std::string name, bool force) {
  REDAN_CO_TRY(const auto found, co_await records_.find(name));
  REDAN_CO_TRY(auto members, co_await read_members(name));
  if (!members.empty() && !force) co_return api::refuse(api::conflict("the group has members; use force"));
  Attempt attempt{context_.completed("Delete group", "auth/groups", {name}), {}};
  for (Member& member : members) {
    std::vector<std::string> left = member.identity.groups;
    std::erase(left, name);
    std::optional<api::Group> unchanged;
    REDAN_CO_TRY(const auto membership, co_await this->membership(std::move(left), std::move(unchanged)));
    attempt.changes.push_back(write(std::move(member), membership));
  }
  attempt.changes.emplace_back(store::Erase{keys::at(keys::kGroups, name), store::Unchanged{found.revision}});
  co_return attempt;
}

net::Task<Outcome<api::Operation>> Groups::remove(std::string name, bool force) {
  if (is_role(name)) co_return api::refuse(api::forbidden("this group is a role; it cannot be deleted"));
  std::function<net::Task<Outcome<Attempt>>()> attempt = [this, name, force] { return try_remove(name, force); };
  co_return co_await retry(std::move(attempt));
}

net::Task<Outcome<Groups::Attempt>> Groups::try_assign(std::string fingerprint, std::vector<std::string> groups,
                                                       trust::Caller caller) {
  auto entry = co_await context_.store.get(keys::at(keys::kCertificates, fingerprint));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  auto identity = *entry ? certificate_from_record((*entry)->value) : std::nullopt;
  if (!identity) co_return api::refuse(api::not_found("identity"));
  std::optional<api::Group> unchanged;
  REDAN_CO_TRY(auto membership, co_await this->membership(std::move(groups), std::move(unchanged)));
  REDAN_CO_CHECK(check_grant(caller, membership.role, membership.scopes));
  Attempt attempt{context_.completed("Update identity", "auth/identities", {fingerprint}), {}};
  // Writes its groups again: a change of one of them that began before conflicts, and is made again with this member.
  attempt.changes = std::move(membership.touched);
  attempt.changes.push_back(write({std::move(*identity), (*entry)->modified}, membership));
  co_return attempt;
}

net::Task<Outcome<api::Operation>> Groups::assign(std::string fingerprint, std::vector<std::string> groups,
                                                  trust::Caller caller) {
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  std::function<net::Task<Outcome<Attempt>>()> attempt = [this, fingerprint, groups, caller] {
    return try_assign(fingerprint, groups, caller);
  };
  co_return co_await retry(std::move(attempt));
}

}  // namespace redan::cloud::ams
