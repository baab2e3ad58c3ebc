#include "cloud/trust/role.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace redan::cloud::test {
namespace {

constexpr Role kRoles[] = {Role::admin, Role::operate, Role::view, Role::agent, Role::instance};
constexpr Scope kScopes[] = {Scope::trust_read,        Scope::trust_write,   Scope::application_read,
                             Scope::application_write, Scope::instance_read, Scope::instance_write,
                             Scope::node_read,         Scope::config_read,   Scope::config_write,
                             Scope::metrics_read,      Scope::events_read,   Scope::grant_write};

std::set<Scope> scopes_of(Role role) {
  std::set<Scope> all;
  for (const Scope scope : kScopes) {
    if (allows(role, scope)) all.insert(scope);
  }
  return all;
}

TEST(Role, EveryNameIsReadAgain) {
  std::set<std::string_view> names;
  for (const Role role : kRoles) {
    EXPECT_EQ(parse_role(name(role)), role);
    EXPECT_TRUE(names.insert(name(role)).second);
  }
  for (const Scope scope : kScopes) {
    EXPECT_EQ(parse_scope(name(scope)), scope);
    EXPECT_TRUE(names.insert(name(scope)).second);
  }
}

TEST(Role, OtherNamesAreNone) {
  for (const char* text : {"", "Admin", "admin ", "root", "operate", "view"}) EXPECT_FALSE(parse_role(text)) << text;
  for (const char* text : {"", "trust", "trust:", "trust:*", "TRUST:read", "*"})
    EXPECT_FALSE(parse_scope(text)) << text;
}

TEST(Role, WhoeverCarriesSignallingGrantsNothing) {
  EXPECT_TRUE(allows(Role::operate, Scope::grant_write));
  for (const Role role : {Role::agent, Role::view, Role::instance}) EXPECT_FALSE(allows(role, Scope::grant_write));
}

TEST(Role, AnAdminMayEverything) { EXPECT_EQ(scopes_of(Role::admin).size(), std::size(kScopes)); }

TEST(Role, AnInstanceMayNothingByItsCertificateAlone) { EXPECT_TRUE(scopes_of(Role::instance).empty()); }

TEST(Role, OnlyAnAdminTouchesTrustAndConfiguration) {
  for (const Role role : {Role::operate, Role::view, Role::agent, Role::instance}) {
    EXPECT_FALSE(allows(role, Scope::trust_read)) << name(role);
    EXPECT_FALSE(allows(role, Scope::trust_write)) << name(role);
    EXPECT_FALSE(allows(role, Scope::config_write)) << name(role);
  }
}

TEST(Role, AViewerOnlyReads) {
  for (const Scope scope : scopes_of(Role::view)) EXPECT_TRUE(name(scope).ends_with(":read")) << name(scope);
  EXPECT_FALSE(allows(Role::view, Scope::config_read));  // it may hold secrets
}

TEST(Role, AnAgentPlacesInstances) {
  EXPECT_EQ(scopes_of(Role::agent), (std::set{Scope::application_read, Scope::instance_read, Scope::instance_write,
                                              Scope::node_read, Scope::events_read}));
}

TEST(Role, AnUnknownRoleMayNothing) { EXPECT_TRUE(scopes_of(static_cast<Role>(99)).empty()); }

}  // namespace
}  // namespace redan::cloud::test
