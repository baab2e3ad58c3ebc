// Separation of accounts, their quotas, and what remains of a deleted one.
#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;
using api::ShareType;

class Tenants : public GatewayTest {
 protected:
  Tenants() : agent_(add_agent("agent-1")) {}

  gateway::ApiCaller account(const std::string& name, std::vector<api::GatewayOperation> allow = {},
                             api::Quota quota = {}) {
    const auto made = run(unit_->create_account(name, std::chrono::hours(1), std::move(allow), quota));
    return unit_->admit(made.value().token).value();
  }
  api::Outcome<api::SessionGrant> create(const gateway::ApiCaller& caller) {
    return run(unit_->create(caller, request(), {}));
  }
  std::string session_of(const gateway::ApiCaller& caller) { return create(caller).value().session.id; }
  api::ShareRequest view() const { return {ShareType::view, "for Bob", wall_time_ + 1000}; }
  api::Share shared(const gateway::ApiCaller& caller, const std::string& session) {
    return run(unit_->share(caller, session, view())).value();
  }
  api::Outcome<api::SessionGrant> connect(gateway::Gateway& unit, const api::Share& share) {
    const std::string url = unit.share_url(share);
    return run(unit.connect(share.session, ShareType::view, url.substr(url.find("token=") + 6)));
  }
  api::Outcome<gateway::Gateway::SocketAdmission> admission(gateway::Gateway& unit, const api::SessionGrant& grant) {
    return run(unit.admit_socket(token_of(grant), grant.session.id));
  }
  static std::string words(const api::Refusal& refusal) {
    return std::to_string(refusal.status) + refusal.code + refusal.message + refusal.hint;
  }
  template <class T>
  static std::string words(const api::Outcome<T>& outcome) {
    return outcome ? "ok" : words(outcome.error());
  }

  ScriptedAgent& agent_;
  const std::string unknown_ = "d1k2v9f3pn6a8q46tb00";
};

TEST_F(Tenants, AnothersSessionAppearsNotToExist) {
  const gateway::ApiCaller alice = account("alice");
  const gateway::ApiCaller bob = account("bob");
  const std::string hers = session_of(alice);
  const auto all = [&](const std::string& id) {
    return words(run(unit_->session(bob, id))) + words(run(unit_->join(bob, id, {}))) +
           words(run(unit_->share(bob, id, view()))) + words(run(unit_->remove(bob, id, {}))) +
           words(run(unit_->remove_all(bob, {id}, {})).front());
  };
  EXPECT_EQ(all(hers), all(unknown_));
  EXPECT_EQ(run(unit_->session(bob, hers)).error().code, "session_unknown");
  EXPECT_TRUE(unit_->visible(bob).empty());
  EXPECT_EQ(unit_->visible(alice).size(), 1U);
  const api::Share share = shared(alice, hers);
  EXPECT_EQ(words(unit_->find_share(bob, api::GatewayOperation::share, share.id)),
            words(unit_->find_share(bob, api::GatewayOperation::share, unknown_)));
  EXPECT_EQ(run(unit_->remove_share(bob, share.id)).error().status, 404U);
  EXPECT_EQ(run(unit_->change_share(bob, share.id, {})).error().status, 404U);
  EXPECT_EQ(stored(hers).joins, 1);
  EXPECT_EQ(stored(hers).status, SessionStatus::created);
}

TEST_F(Tenants, ATokenRestrictedToAnothersSessionFindsNothing) {
  const std::string hers = session_of(account("alice"));
  gateway::ApiCaller bob = account("bob");
  bob.session = hers;
  EXPECT_EQ(run(unit_->session(bob, hers)).error().code, "session_unknown");
  EXPECT_TRUE(unit_->visible(bob).empty());
}

TEST_F(Tenants, AnAdministratorMayUseAllSessionsAndTheSettings) {
  const gateway::ApiCaller alice = account("alice");
  const std::string hers = session_of(alice);
  const gateway::ApiCaller boss = account("boss", {api::GatewayOperation::admin});
  EXPECT_EQ(unit_->visible(boss).size(), 1U);
  EXPECT_TRUE(run(unit_->join(boss, hers, {})).has_value());
  EXPECT_TRUE(run(unit_->share(boss, hers, view())).has_value());
  EXPECT_TRUE(run(unit_->remove(boss, hers, {})).has_value());
  EXPECT_TRUE(boss.may(api::GatewayOperation::admin).has_value());
  EXPECT_FALSE(alice.may(api::GatewayOperation::admin).has_value()) << "everything of its own is not the settings";
}

TEST_F(Tenants, ARecreatedAccountInheritsNothing) {
  const std::string former = session_of(account("alice"));
  ASSERT_TRUE(run(unit_->remove_account("alice")).has_value());
  ++wall_time_;
  const gateway::ApiCaller alice = account("alice");
  EXPECT_EQ(run(unit_->session(alice, former)).error().code, "session_unknown");
}

TEST_F(Tenants, RecordsWithoutReferencesAndQuotasKeepTheirMeaning) {
  const auto account = api::account_from_record(
      R"({"name":"web","created_at":1,"expires_at":2,"allow":[],"token_sha256":"0123456789abcdef0123"})");
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->quota, api::Quota());
  EXPECT_EQ(account->reference(), "web/0123456789abcdef");
  api::Session session;
  session.account = "web";
  EXPECT_TRUE((gateway::ApiCaller{account->reference(), {}, {}, {}, {}}).reaches(session));
  EXPECT_FALSE((gateway::ApiCaller{"website/0123456789abcdef", {}, {}, {}, {}}).reaches(session));
}

// Quotas.

TEST_F(Tenants, AnAccountHasAtMostItsQuotaOfSessions) {
  const gateway::ApiCaller alice = account("alice", {}, {2, 100});
  const std::string first = session_of(alice);
  session_of(alice);
  const auto third = create(alice);
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().status, 403U);
  EXPECT_EQ(third.error().code, "too_many_sessions");
  EXPECT_TRUE(create(account("bob")).has_value()) << "each for itself";
  ASSERT_TRUE(run(agent_.report(first, SessionStatus::terminated)).has_value());
  ASSERT_TRUE(until([&] { return unit_->sessions().at(first).session.over(); }));
  EXPECT_TRUE(create(alice).has_value()) << "what is over does not count";
}

TEST_F(Tenants, SimultaneousRequestsAtTwoUnitsDoNotExceedTheQuotaOfSessions) {
  gateway::Gateway* second = make_unit();
  ASSERT_TRUE(until([&] { return second->agents().find("agent-1") != nullptr; }));
  const gateway::ApiCaller alice = account("alice", {}, {3, 100});
  int made = 0, refused = 0;
  for (int i = 0; i < 12; ++i) {
    boost::asio::co_spawn(
        io_, (i % 2 == 0 ? unit_ : second)->create(alice, request(), {}),
        [&](const std::exception_ptr&, const api::Outcome<api::SessionGrant>& grant) { ++(grant ? made : refused); });
  }
  ASSERT_TRUE(until([&] { return made + refused == 12; }));
  EXPECT_EQ(made, 3);
  EXPECT_TRUE(until([&] { return unit_->visible(alice).size() == 3; })) << "nothing is left of the others";
}

TEST_F(Tenants, AnAccountHasAtMostItsQuotaOfShares) {
  const gateway::ApiCaller alice = account("alice", {}, {100, 3});
  const std::string one = session_of(alice);
  const std::string other = session_of(alice);
  const api::Share first = shared(alice, one);
  int made = 1, refused = 0;
  for (int i = 0; i < 4; ++i) {
    boost::asio::co_spawn(
        io_, unit_->share(alice, i % 2 == 0 ? one : other, view()),
        [&](const std::exception_ptr&, const api::Outcome<api::Share>& share) { ++(share ? made : refused); });
  }
  ASSERT_TRUE(until([&] { return made + refused == 5; }));
  EXPECT_EQ(made, 3);
  EXPECT_EQ(run(unit_->share(alice, other, view())).error().code, "too_many_shares");
  ASSERT_TRUE(run(unit_->remove_share(alice, first.id)).has_value());
  EXPECT_TRUE(run(unit_->share(alice, other, view())).has_value());
}

TEST_F(Tenants, SimultaneousRequestsAtTwoUnitsDoNotExceedTheQuotaOfShares) {
  gateway::Gateway* second = make_unit();
  const gateway::ApiCaller alice = account("alice", {}, {100, 3});
  std::vector<std::string> sessions;
  for (int i = 0; i < 8; ++i) sessions.push_back(session_of(alice));
  ASSERT_TRUE(until([&] { return second->sessions().size() == sessions.size(); }));
  int made = 0, refused = 0;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    boost::asio::co_spawn(
        io_, (i % 2 == 0 ? unit_ : second)->share(alice, sessions[i], view()),
        [&](const std::exception_ptr&, const api::Outcome<api::Share>& share) { ++(share ? made : refused); });
  }
  ASSERT_TRUE(until([&] { return made + refused == 8; }));
  EXPECT_LE(made, 3);
  EXPECT_TRUE(until([&] { return unit_->shares().size() == static_cast<std::size_t>(made); }));
}

// What ends with an account.

TEST_F(Tenants, ADeletedAccountsSocketsEndAtEveryUnit) {
  gateway::Gateway* second = make_unit();
  const auto alices = create(account("alice"));
  const auto bobs = create(account("bob"));
  ASSERT_TRUE(until([&] { return second->sessions().size() == 2; }));
  Received hers, his;
  ASSERT_TRUE(second->relay().attach(admission(*second, *alices)->claims, hers.port()).has_value());
  ASSERT_TRUE(second->relay().attach(admission(*second, *bobs)->claims, his.port()).has_value());
  ASSERT_TRUE(run(unit_->remove_account("alice")).has_value());
  EXPECT_TRUE(until([&] { return hers.closed; }, std::chrono::seconds(1)));
  EXPECT_FALSE(his.closed);
  EXPECT_TRUE(until([&] { return agent_.revoked().size() == 1; })) << "its runtime is told";
  for (gateway::Gateway* unit : {unit_, second}) {
    EXPECT_EQ(admission(*unit, *alices).error().code, "token_revoked");
    EXPECT_TRUE(admission(*unit, *bobs).has_value());
  }
  account("alice");
  EXPECT_EQ(admission(*unit_, *alices).error().code, "token_revoked") << "another account of that name";
  second->stop();  // tells `his` while it is there
}

TEST_F(Tenants, ADeletedAccountsSharesEnd) {
  const gateway::ApiCaller alice = account("alice");
  const api::Share share = shared(alice, session_of(alice));
  const auto viewer = connect(*unit_, share);
  ASSERT_TRUE(viewer.has_value());
  Received socket;
  ASSERT_TRUE(unit_->relay().attach(admission(*unit_, *viewer)->claims, socket.port()).has_value());
  ASSERT_TRUE(run(unit_->remove_account("alice")).has_value());
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(connect(*unit_, share).error().code, "token_revoked");
  EXPECT_EQ(admission(*unit_, *viewer).error().code, "token_revoked");
  EXPECT_TRUE(until([&] { return unit_->shares().empty(); }));
}

TEST_F(Tenants, UsersOfTheUnixSocketHaveNoAccount) {
  const auto granted = created();
  account("local");
  ASSERT_TRUE(run(unit_->remove_account("local")).has_value());
  EXPECT_TRUE(admission(*unit_, granted).has_value());
}

TEST_F(Tenants, AViewerWhoseSocketHasClosedIsRevokedWithTheShare) {
  const gateway::ApiCaller alice = account("alice");
  const api::Share share = shared(alice, session_of(alice));
  Received socket;
  const auto client = unit_->relay().attach(admission(*unit_, *connect(*unit_, share))->claims, socket.port());
  ASSERT_TRUE(until([&] { return agent_.heard().size() == 1; }));
  unit_->relay().detach(*client);
  ASSERT_TRUE(until([&] { return unit_->relay().clients() == 0; }));
  EXPECT_TRUE(agent_.revoked().empty());
  ASSERT_TRUE(run(unit_->remove_share(alice, share.id)).has_value());
  EXPECT_TRUE(until([&] { return agent_.revoked().size() == 1; }));
}

}  // namespace
}  // namespace redan::cloud::test
