// Groups of identities: what their members may do.
#include "tests/cloud/ams/ams_fixture.hpp"

namespace redan::cloud::test {
namespace {

class Groups : public AmsFixture {
 protected:
  Groups() {
    trust("client", trust::Role::admin);
    trust("other", trust::Role::instance);  // may do nothing
    EXPECT_EQ(ask("client", "POST", "/1.0/auth/groups", {{"name", "watchers"}}).status, 202U);
  }
  std::string other() { return to_hex(net::test::identity("other").fingerprint.digest.bytes()); }
  unsigned permit(std::initializer_list<std::string_view> entitlements, const std::string& who = "client") {
    json::array permissions;
    for (const std::string_view one : entitlements) {
      permissions.emplace_back(json::object{{"entitlement", one}, {"resource", "server"}});
    }
    return ask(who, "PUT", "/1.0/auth/groups/watchers", {{"permissions", permissions}}).status;
  }
  unsigned assign(const json::array& groups, const std::string& who = "client") {
    return ask(who, "PUT", "/1.0/auth/identities/" + other(), {{"groups", groups}}).status;
  }
  /// The trust store is a copy that follows the commit.
  bool becomes(const std::string& path, unsigned status) {
    return until([&] { return ask("other", "GET", path).status == status; });
  }
};

TEST_F(Groups, AMemberMayDoWhatItsGroupPermitsAndNothingElse) {
  EXPECT_EQ(permit({"can_view_config"}), 202U);
  EXPECT_EQ(ask("other", "GET", "/1.0/config").status, 403U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 200));
  EXPECT_EQ(ask("other", "GET", "/1.0/instances").status, 403U);
  EXPECT_EQ(ask("other", "PATCH", "/1.0/config", {{"name", "application.auto_publish"}, {"value", "false"}}).status,
            403U);
}

TEST_F(Groups, AChangeOfTheGroupChangesItsMembers) {
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_EQ(permit({"can_view_config"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 200));
  EXPECT_EQ(permit({"instances:read"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 403));
  EXPECT_TRUE(becomes("/1.0/instances", 200));
}

TEST_F(Groups, AnIdentityThatLosesItsGroupsMayDoNothing) {
  EXPECT_EQ(permit({"can_view_config"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 200));
  EXPECT_EQ(assign({}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 403));
  EXPECT_EQ(ask("other", "GET", "/1.0/certificates").status, 403U);
}

TEST_F(Groups, ARoleIsAGroupThatCannotBeChanged) {
  EXPECT_EQ(assign({"viewer"}), 202U);
  EXPECT_TRUE(becomes("/1.0/instances", 200));
  EXPECT_EQ(ask("client", "PUT", "/1.0/auth/groups/viewer", {{"description", "x"}}).status, 403U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/auth/groups/viewer").status, 403U);
  EXPECT_EQ(ask("client", "POST", "/1.0/auth/groups", {{"name", "viewer"}}).status, 409U);
}

TEST_F(Groups, AGroupWithMembersIsDeletedOnlyByForce) {
  EXPECT_EQ(permit({"can_view_config"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 200));
  EXPECT_EQ(ask("client", "DELETE", "/1.0/auth/groups/watchers").status, 409U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/auth/groups/watchers", {{"force", true}}).status, 202U);
  EXPECT_TRUE(becomes("/1.0/config", 403));
}

TEST_F(Groups, NoCallerGivesAGroupMoreThanItHolds) {
  EXPECT_EQ(permit({"trust:write", "trust:read"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/certificates", 200));
  EXPECT_EQ(permit({"config:write"}, "other"), 403U);
  EXPECT_EQ(assign({"admin"}, "other"), 403U);
  EXPECT_EQ(permit({"trust:read"}, "other"), 202U);
}

TEST_F(Groups, ANewIdentityMayDoNothing) {
  EXPECT_EQ(ask("client", "DELETE", "/1.0/auth/identities/" + other()).status, 202U);
  const json::object body{{"authentication_method", "tls"},
                          {"name", "other"},
                          {"certificate", to_base64(net::test::identity("other").certificate_der)}};
  EXPECT_EQ(ask("client", "POST", "/1.0/auth/identities", body).status, 202U);
  EXPECT_TRUE(until([&] { return ask("client", "GET", "/1.0/auth/identities/" + other()).status == 200; }));
  EXPECT_EQ(ask("client", "GET", "/1.0/auth/identities/" + other()).metadata().at("groups"), json::array());
  EXPECT_EQ(ask("other", "GET", "/1.0/instances").status, 403U);
}

TEST_F(Groups, AMemberThatMayNoLongerListenHearsNoMoreEvents) {
  EXPECT_EQ(permit({"events:read"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(until([&] { return ask("other", "POST", "/1.0/events/auth").status == 200; }));
  net::WebSocketClientConfig config{.server = remote(&net::test::identity("other")), .target = "/1.0/events"};
  auto listener = run(net::open_websocket(std::move(config)));
  ASSERT_TRUE(listener);
  bool closed = false;
  (*listener)->on_close = [&] { closed = true; };
  EXPECT_EQ(assign({}), 202U);
  EXPECT_TRUE(until([&] { return closed; }));
}

TEST_F(Groups, AChangeDoesNotBringBackARemovedIdentity) {
  EXPECT_EQ(permit({"can_view_config"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/config", 200));
  EXPECT_EQ(ask("client", "DELETE", "/1.0/auth/identities/" + other()).status, 202U);
  EXPECT_EQ(permit({"can_view_config", "instances:read"}), 202U);
  EXPECT_TRUE(until([&] { return ask("client", "GET", "/1.0/auth/identities/" + other()).status == 404; }));
  EXPECT_EQ(ask("other", "GET", "/1.0/config").status, 403U);
}

TEST_F(Groups, ApplicationsWriteAloneDeletesNoInstances) {
  launch();
  EXPECT_EQ(permit({"applications:write", "applications:read"}), 202U);
  EXPECT_EQ(assign({"watchers"}), 202U);
  EXPECT_TRUE(becomes("/1.0/applications", 200));
  EXPECT_EQ(ask("other", "DELETE", "/1.0/applications/demo", {{"force", true}}).status, 403U);
  EXPECT_EQ(ask("other", "DELETE", "/1.0/applications/demo").status, 409U);
  EXPECT_EQ(ask("client", "DELETE", "/1.0/applications/demo", {{"force", true}}).status, 202U);
  EXPECT_TRUE(until([&] { return ask("client", "GET", "/1.0/instances/i1").status == 404; }));
}

TEST_F(Groups, UnknownEntitlementsAndSingleResourcesAreRefusedByName) {
  EXPECT_EQ(permit({"can_fly"}), 400U);
  const json::array one{json::object{{"entitlement", "can_view"}, {"resource", "instance:a"}}};
  EXPECT_EQ(ask("client", "PUT", "/1.0/auth/groups/watchers", {{"permissions", one}}).status, 400U);
  EXPECT_EQ(assign({"unheard-of"}), 404U);
}

}  // namespace
}  // namespace redan::cloud::test
