// Links that let other people see a session.
#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;
using api::ShareType;

class Shares : public GatewayTest {
 protected:
  Shares() : agent_(add_agent("agent-1")), id_(created().session.id) {}
  api::ShareRequest wanted(ShareType type = ShareType::view, std::int64_t life = 1000) const {
    return {type, "for Bob", wall_time_ + life};
  }
  api::Share shared(ShareType type = ShareType::view, std::int64_t life = 1000) {
    auto made = run(unit_->share(anyone(), id_, wanted(type, life)));
    EXPECT_TRUE(made.has_value());
    return made.value();
  }
  std::string token_of_share(const api::Share& share) {
    const std::string url = unit_->share_url(share);
    return url.substr(url.find("token=") + 6);
  }
  api::Outcome<api::SessionGrant> connect(const api::Share& share, ShareType type = ShareType::view) {
    return run(unit_->connect(id_, type, token_of_share(share)));
  }

  ScriptedAgent& agent_;
  const std::string id_;
};

TEST_F(Shares, TheHolderOfALinkBecomesAViewer) {
  const api::Share share = shared();
  EXPECT_TRUE(
      unit_->share_url(share).starts_with("https://gw.example:4000/1.0/sessions/" + id_ + "/connect?type=view&token="));
  const auto granted = connect(share);
  ASSERT_TRUE(granted.has_value()) << granted.error().message;
  EXPECT_EQ(granted->ice_servers.size(), 1U);
  const auto claims = admitted(*granted);
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->role, api::LinkHello::Role::viewer);
  EXPECT_EQ(claims->share, share.id);
}

TEST_F(Shares, ASessionHasAtMostFive) {
  for (int i = 0; i < 5; ++i) shared();
  const auto sixth = run(unit_->share(anyone(), id_, wanted()));
  EXPECT_EQ(sixth.error().status, 403U);
  ASSERT_TRUE(run(unit_->remove_share(anyone(), unit_->shares().begin()->first)).has_value());
  shared();
}

TEST_F(Shares, TwoUnitsTogetherCreateAtMostFive) {
  gateway::Gateway* second = make_unit();
  int made = 0, refused = 0;
  for (int i = 0; i < 8; ++i) {
    gateway::Gateway* unit = i % 2 == 0 ? unit_ : second;
    boost::asio::co_spawn(
        io_, unit->share(anyone(), id_, wanted()),
        [&](const std::exception_ptr&, const api::Outcome<api::Share>& share) { ++(share ? made : refused); });
  }
  ASSERT_TRUE(until([&] { return made + refused == 8; }));
  EXPECT_EQ(made, 5);
}

TEST_F(Shares, ExpiredOnesMakeRoomAndAdmitNoClient) {
  const api::Share share = shared(ShareType::view, 10);
  for (int i = 0; i < 4; ++i) shared();
  wall_time_ += 10;
  EXPECT_EQ(connect(share).error().code, "token_revoked");
  shared();
  run_void(unit_->sweep_once());
  EXPECT_TRUE(until([&] { return unit_->shares().size() == 5; }));
  EXPECT_EQ(stored(id_).shares.size(), 5U);
}

TEST_F(Shares, AnExpiredOneIsNotRevived) {
  const api::Share share = shared(ShareType::view, 10);
  wall_time_ += 10;
  api::ShareChange later;
  later.expiry_at = wall_time_ + 1000;
  EXPECT_EQ(run(unit_->change_share(anyone(), share.id, later)).error().status, 404U);
  EXPECT_FALSE(connect(share).has_value());
}

TEST_F(Shares, ADeletedOneIsRevokedAndItsSocketsEnd) {
  const api::Share share = shared();
  const auto granted = connect(share);
  Received viewer, controller;
  ASSERT_TRUE(unit_->relay().attach(admitted(*granted).value(), viewer.port()).has_value());
  const auto joined = run(unit_->join(anyone(), id_, {}));
  ASSERT_TRUE(unit_->relay().attach(admitted(*joined).value(), controller.port()).has_value());
  ASSERT_TRUE(run(unit_->remove_share(anyone(), share.id)).has_value());
  EXPECT_TRUE(viewer.closed);
  EXPECT_FALSE(controller.closed);
  EXPECT_EQ(connect(share).error().code, "token_revoked");
  EXPECT_EQ(admitted(*granted).error().code, "token_revoked") << "the socket's token that it led to, too";
  EXPECT_EQ(run(unit_->remove_share(anyone(), share.id)).error().status, 404U);
}

TEST_F(Shares, AnotherUnitsSocketsEndToo) {
  const api::Share share = shared();
  gateway::Gateway* second = make_unit();
  const auto granted = connect(share);
  const auto admission = run(second->admit_socket(token_of(*granted), id_));
  ASSERT_TRUE(admission.has_value());
  Received viewer;
  ASSERT_TRUE(second->relay().attach(admission->claims, viewer.port()).has_value());
  ASSERT_TRUE(run(unit_->remove_share(anyone(), share.id)).has_value());
  EXPECT_TRUE(until([&] { return viewer.closed; }));
}

TEST_F(Shares, ItsTimeCanBeMovedWithinThirtyDays) {
  const api::Share share = shared();
  EXPECT_EQ(run(unit_->change_share(anyone(), share.id, {{}, wall_time_})).error().status, 400U);
  EXPECT_EQ(run(unit_->change_share(anyone(), share.id, {{}, wall_time_ + api::kMaxShareLife + 1})).error().status,
            400U);
  ASSERT_TRUE(run(unit_->change_share(anyone(), share.id, {"for Eve", wall_time_ + 5000})).has_value());
  EXPECT_EQ(unit_->shares().at(share.id).description, "for Eve");
  wall_time_ += 4999;
  EXPECT_TRUE(connect(share).has_value());
  wall_time_ += 1;
  EXPECT_EQ(connect(share).error().code, "token_revoked");
}

TEST_F(Shares, TheTokenIsOnlyForItsSessionAndType) {
  const api::Share share = shared();
  const std::string other = created().session.id;
  EXPECT_EQ(run(unit_->connect(other, ShareType::view, token_of_share(share))).error().code, "token_scope");
  EXPECT_EQ(connect(share, ShareType::adb).error().status, 400U);
  EXPECT_EQ(run(unit_->connect(id_, ShareType::view, "nonsense")).error().status, 401U);
  EXPECT_EQ(connect(shared(ShareType::adb)).error().status, 400U);
}

TEST_F(Shares, AShareForAdbAdmitsToTheTunnelOnly) {
  const auto granted = connect(shared(ShareType::adb), ShareType::adb);
  ASSERT_TRUE(granted.has_value());
  EXPECT_NE(granted->url.find("/sockets/adb?token="), std::string::npos) << granted->url;
  const auto claims = admitted(*granted);
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->role, api::LinkHello::Role::adb);
}

TEST_F(Shares, AnEndedSessionHasNoViewersAndNoShares) {
  const api::Share share = shared();
  ASSERT_TRUE(run(agent_.report(id_, SessionStatus::terminated)).has_value());
  EXPECT_EQ(connect(share).error().status, 400U);
  EXPECT_EQ(run(unit_->share(anyone(), id_, wanted())).error().status, 400U);
  EXPECT_EQ(run(unit_->share(anyone(), "d1k2v9f3pn6a8q46tb00", wanted())).error().status, 404U);
  wall_time_ += 3600;
  run_void(unit_->sweep_once());
  EXPECT_TRUE(until([&] { return unit_->shares().empty() && unit_->sessions().empty(); }));
}

TEST_F(Shares, ACallerWithoutPermissionCanNeitherChangeNorFindThem) {
  const api::Share share = shared();
  gateway::ApiCaller reader = anyone();
  reader.operation = "read";
  EXPECT_EQ(unit_->find_share(reader, api::GatewayOperation::share, share.id).error().code, "token_scope");
  EXPECT_EQ(run(unit_->remove_share(reader, share.id)).error().code, "token_scope");
  EXPECT_EQ(run(unit_->change_share(reader, share.id, {})).error().code, "token_scope");
  gateway::ApiCaller elsewhere = anyone();
  elsewhere.session = "another";
  EXPECT_EQ(run(unit_->remove_share(elsewhere, share.id)).error().status, 404U);
}

}  // namespace
}  // namespace redan::cloud::test
