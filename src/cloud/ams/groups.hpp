// Groups of identities and what they may do.
//
// A permission is an entitlement on a resource. AMS checks scopes (trust::Scope), so the entitlements are those that
// are exactly one or more scopes: the names of the scopes themselves ("instances:write") and the documented ones of
// `entitlements()`. All are on the resource "server". The roles are groups that cannot be changed.
//
// The role and scopes of an identity are computed from its groups when the identity or one of its groups changes, in
// the same commit: every unit checks only the identity's record.
#pragma once

#include "cloud/ams/context.hpp"
#include "cloud/api/catalogue.hpp"
#include "cloud/trust/verifier.hpp"
#include "cloud/unit/records.hpp"

namespace redan::cloud::ams {

struct Entitlement {
  std::string_view name;
  std::string_view description;
  std::vector<trust::Scope> scopes;
};
/// On the resource "server".
const std::vector<Entitlement>& entitlements();

/// 403: a caller cannot grant more than it holds.
Outcome<void> check_grant(const trust::Caller& caller, trust::Role role, const std::vector<trust::Scope>& scopes);

class Groups {
 public:
  Groups(Context& context, const trust::Verifier& verifier)
      : context_(context), verifier_(verifier), records_(context.store, keys::kGroups, "group") {}

  /// With those that are roles.
  [[nodiscard]] net::Task<Outcome<std::vector<api::Group>>> all();
  [[nodiscard]] net::Task<Outcome<api::Group>> find(std::string name);
  [[nodiscard]] static bool is_role(std::string_view name);
  /// Fingerprints.
  [[nodiscard]] std::vector<std::string> members(std::string_view group) const;

  [[nodiscard]] net::Task<Outcome<api::Operation>> add(std::string name, std::string description);
  /// What is absent stays. `caller` may not grant what it lacks.
  [[nodiscard]] net::Task<Outcome<api::Operation>> change(std::string name, std::optional<std::string> description,
                                                          std::optional<std::vector<api::Permission>> permissions,
                                                          trust::Caller caller);
  /// 409 while it has members, unless `force`: then they lose it.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove(std::string name, bool force);
  /// Replaces the groups of the identity with this fingerprint.
  [[nodiscard]] net::Task<Outcome<api::Operation>> assign(std::string fingerprint, std::vector<std::string> groups,
                                                          trust::Caller caller);

 private:
  struct Member {
    trust::TrustedCertificate identity;
    store::Revision revision{};
  };
  /// What an identity may do as a member of these groups.
  struct Membership {
    std::vector<std::string> names;
    trust::Role role = trust::Role::instance;
    std::vector<trust::Scope> scopes;
    std::vector<store::Change> touched;  ///< writes the groups again, as they were read
  };
  struct Attempt {
    api::Operation operation;
    std::vector<store::Change> changes;
  };
  [[nodiscard]] net::Task<Outcome<std::vector<Member>>> read_members(std::string group);
  /// `changed` replaces the stored group of its name.
  [[nodiscard]] net::Task<Outcome<Membership>> membership(std::vector<std::string> names,
                                                          std::optional<api::Group> changed);
  [[nodiscard]] store::Change write(Member member, const Membership& membership) const;
  [[nodiscard]] net::Task<Outcome<api::Operation>> retry(std::function<net::Task<Outcome<Attempt>>()> attempt);
  [[nodiscard]] net::Task<Outcome<Attempt>> try_change(std::string name, std::optional<std::string> description,
                                                       std::optional<std::vector<api::Permission>> permissions,
                                                       trust::Caller caller);
  [[nodiscard]] net::Task<Outcome<Attempt>> try_remove(std::string name, bool force);
  [[nodiscard]] net::Task<Outcome<Attempt>> try_assign(std::string fingerprint, std::vector<std::string> groups,
                                                       trust::Caller caller);
  Context& context_;
  const trust::Verifier& verifier_;
  unit::Records<api::Group> records_;
};

}  // namespace redan::cloud::ams
