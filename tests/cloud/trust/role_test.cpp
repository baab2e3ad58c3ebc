#include "cloud/trust/role.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace redan::cloud::test {
namespace {

constexpr trust::Role kRoles[] = {trust::Role::admin, trust::Role::operate, trust::Role::view, trust::Role::agent,
                                  trust::Role::instance};
constexpr trust::Scope kScopes[] = {
    trust::Scope::trust_read,        trust::Scope::trust_write,   trust::Scope::application_read,
    trust::Scope::application_write, trust::Scope::instance_read, trust::Scope::instance_write,
    trust::Scope::node_read,         trust::Scope::config_read,   trust::Scope::config_write,
    trust::Scope::metrics_read,      trust::Scope::events_read,   trust::Scope::grant_write};

std::set<trust::Scope> scopes_of(trust::Role role) {
  std::set<trust::Scope> all;
  for (const trust::Scope scope : kScopes) {
    if (allows(role, scope)) all.insert(scope);
  }
  return all;
}

TEST(Role, EveryNameParses) {
  std::set<std::string_view> names;
  for (const trust::Role role : kRoles) {
    EXPECT_EQ(trust::parse_role(name(role)), role);
    EXPECT_TRUE(names.insert(name(role)).second);
  }
  for (const trust::Scope scope : kScopes) {
    EXPECT_EQ(trust::parse_scope(name(scope)), scope);
    EXPECT_TRUE(names.insert(name(scope)).second);
  }
}

TEST(Role, OtherNamesDoNotParse) {
  for (const char* text : {"", "Admin", "admin ", "root", "operate", "view"})
    EXPECT_FALSE(trust::parse_role(text)) << text;
  for (const char* text : {"", "trust", "trust:", "trust:*", "TRUST:read", "*"})
    EXPECT_FALSE(trust::parse_scope(text)) << text;
}

TEST(Role, UnitsThatCarrySignallingMayNotGrant) {
  EXPECT_TRUE(allows(trust::Role::operate, trust::Scope::grant_write));
  for (const trust::Role role : {trust::Role::agent, trust::Role::view, trust::Role::instance})
    EXPECT_FALSE(allows(role, trust::Scope::grant_write));
}

TEST(Role, AnAdminMayDoEverything) { EXPECT_EQ(scopes_of(trust::Role::admin).size(), std::size(kScopes)); }

TEST(Role, AnInstancesCertificateAloneGrantsNothing) { EXPECT_TRUE(scopes_of(trust::Role::instance).empty()); }

TEST(Role, OnlyAnAdminMayChangeTrustAndConfiguration) {
  for (const trust::Role role : {trust::Role::operate, trust::Role::view, trust::Role::agent, trust::Role::instance}) {
    EXPECT_FALSE(allows(role, trust::Scope::trust_read)) << name(role);
    EXPECT_FALSE(allows(role, trust::Scope::trust_write)) << name(role);
    EXPECT_FALSE(allows(role, trust::Scope::config_write)) << name(role);
  }
}

TEST(Role, AViewerOnlyReads) {
  for (const trust::Scope scope : scopes_of(trust::Role::view))
    EXPECT_TRUE(name(scope).ends_with(":read")) << name(scope);
  EXPECT_FALSE(allows(trust::Role::view, trust::Scope::config_read));  // it may contain secrets
}

TEST(Role, AnAgentPlacesInstances) {
  EXPECT_EQ(scopes_of(trust::Role::agent),
            (std::set{trust::Scope::application_read, trust::Scope::instance_read, trust::Scope::instance_write,
                      trust::Scope::node_read, trust::Scope::events_read}));
}

TEST(Role, AnUnknownRoleMayDoNothing) { EXPECT_TRUE(scopes_of(static_cast<trust::Role>(99)).empty()); }

}  // namespace
}  // namespace redan::cloud::test
