// Ending sessions, one or many, with and without their agents; and timeouts.
#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;
using Manner = ScriptedAgent::Manner;

class Removal : public GatewayTest {
 protected:
  Removal() : agent_(add_agent("agent-1")) {}
  api::Outcome<void> remove(const std::string& id, gateway::Gateway::RemoveRequest how = {}) {
    return run(unit_->remove(anyone(), id, how));
  }
  static constexpr gateway::Gateway::RemoveRequest kForce{.force = true, .sync = false};

  ScriptedAgent& agent_;
};

TEST_F(Removal, ClientsGetAMessageBeforeTheirSocketsClose) {
  const api::SessionGrant grant = created();
  Received received;
  ASSERT_TRUE(unit_->relay().attach(admitted(grant).value(), received.port()).has_value());
  ASSERT_TRUE(remove(grant.session.id).has_value());
  ASSERT_TRUE(until([&] { return received.closed; }));
  ASSERT_EQ(received.texts.size(), 1U);
  EXPECT_EQ(received.texts[0], R"({"type":"error","message":"it is being deleted"})");
  EXPECT_EQ(agent_.commands().at(0).reason, "deleted by local:1000");
  EXPECT_EQ(stored(grant.session.id).status, SessionStatus::terminating);
}

TEST_F(Removal, WithSyncItReturnsWhenTheSessionHasEnded) {
  const std::string id = created().session.id;
  std::optional<api::Outcome<void>> removed;
  const gateway::Gateway::RemoveRequest sync{.force = false, .sync = true};
  boost::asio::co_spawn(io_, unit_->remove(anyone(), id, sync),
                        [&](const std::exception_ptr&, api::Outcome<void> outcome) { removed = std::move(outcome); });
  ASSERT_TRUE(until([&] { return !agent_.commands().empty(); }));
  run_for(io_, std::chrono::milliseconds(50));
  EXPECT_FALSE(removed.has_value());
  ASSERT_TRUE(run(agent_.report(id, SessionStatus::terminated)).has_value());
  ASSERT_TRUE(until([&] { return removed.has_value(); }));
  EXPECT_TRUE(removed->has_value());
}

TEST_F(Removal, IsIdempotent) {
  const std::string id = created().session.id;
  ASSERT_TRUE(remove(id).has_value());
  ASSERT_TRUE(remove(id).has_value());
  ASSERT_TRUE(run(agent_.report(id, SessionStatus::terminated)).has_value());
  EXPECT_TRUE(remove(id).has_value());
  EXPECT_EQ(remove("d1k2v9f3pn6a8q46tb00").error().status, 404U);
}

TEST_F(Removal, EndsWhenTheAgentIsBackIfItWasAway) {
  const std::string id = created().session.id;
  agent_.on_command = Manner::is_silent;
  const auto refused = remove(id);
  EXPECT_EQ(refused.error().status, 500U);
  EXPECT_NE(refused.error().hint.find("force"), std::string::npos);
  EXPECT_EQ(stored(id).status, SessionStatus::terminating);
  EXPECT_EQ(code_of(run(agent_.claim(id))), "session_unknown");
  EXPECT_EQ(code_of(run(agent_.report(id, SessionStatus::terminated))), "ok");
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
}

TEST_F(Removal, CountsAsEndedWithForceAndFencesTheAgent) {
  const std::string id = created().session.id;
  agent_.on_command = Manner::is_silent;
  ASSERT_TRUE(remove(id, kForce).has_value());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
  EXPECT_EQ(stored(id).fence, 2);
  EXPECT_TRUE(agent_.commands().at(0).force);
  EXPECT_EQ(code_of(run(agent_.report(id, SessionStatus::active))), "session_unknown");
  EXPECT_EQ(code_of(run(agent_.claim(id))), "session_unknown");
}

TEST_F(Removal, ASessionThatTheAgentDoesNotHaveHasEnded) {
  const std::string id = created().session.id;
  agent_.on_command = Manner::refuses_unknown;
  ASSERT_TRUE(remove(id).has_value());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
}

TEST_F(Removal, AFailedSessionIsOnlyRemoved) {
  const std::string id = created().session.id;
  ASSERT_TRUE(run(agent_.report(id, SessionStatus::error)).has_value());
  ASSERT_TRUE(remove(id).has_value());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
  EXPECT_TRUE(agent_.commands().empty());
}

TEST_F(Removal, ABatchReportsEachSessionSeparately) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) {
    agent_.announcement().capacity = 100;
    ids.push_back(created().session.id);
  }
  ids.insert(ids.begin() + 3, "d1k2v9f3pn6a8q46tb00");
  const auto outcomes = run(unit_->remove_all(anyone(), ids, {}));
  ASSERT_EQ(outcomes.size(), 41U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].has_value(), i != 3) << i;
  EXPECT_EQ(agent_.commands().size(), 40U);
}

TEST_F(Removal, ABatchWithASilentAgentDoesNotDelayTheOthers) {
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(created().session.id);
  agent_.on_command = Manner::is_silent;
  const auto begin = std::chrono::steady_clock::now();
  const auto outcomes = run(unit_->remove_all(anyone(), ids, {}));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.error().status, 500U);
}

// Time.

TEST_F(Removal, AnEndedSessionIsKeptForAnHour) {
  const std::string id = created().session.id;
  ASSERT_TRUE(run(agent_.report(id, SessionStatus::terminated)).has_value());
  wall_time_ += 3599;
  run_void(unit_->sweep_once());
  EXPECT_TRUE(run(unit_->session(anyone(), id)).has_value());
  wall_time_ += 1;
  run_void(unit_->sweep_once());
  EXPECT_EQ(run(unit_->session(anyone(), id)).error().code, "session_unknown");
}

TEST_F(Removal, APendingRemovalEndsAMinuteAfterTheAgentIsLost) {
  const std::string id = created().session.id;
  agent_.on_command = Manner::is_silent;
  ASSERT_FALSE(remove(id).has_value());
  ASSERT_TRUE(run(store_->erase("/gateway/1.0/agents/agent-1")).has_value());
  ASSERT_TRUE(until([&] { return unit_->agents().find("agent-1") == nullptr; }));
  wall_time_ += 60;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
  EXPECT_EQ(stored(id).fence, 2);
}

// For example, its agent restarted and does not know it.
TEST_F(Removal, ASessionThatItsAgentDoesNotListenToHasEnded) {
  const std::string id = created().session.id;
  agent_.forget(id);
  ASSERT_TRUE(remove(id).has_value());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
}

TEST_F(Removal, ASessionWhoseEndIsNeverReportedEndsAfterTwoMinutes) {
  const std::string id = created().session.id;
  ASSERT_TRUE(remove(id).has_value());
  ASSERT_EQ(stored(id).status, SessionStatus::terminating);
  wall_time_ += 119;
  agent_.announce();
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id).status, SessionStatus::terminating);
  wall_time_ += 1;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id).status, SessionStatus::terminated);
  EXPECT_EQ(stored(id).fence, 1) << "its agent may still remove the instance";
  EXPECT_EQ(code_of(run(agent_.report(id, SessionStatus::terminated))), "ok");
}

TEST_F(Removal, ACreationInterruptedByACrashFinallyFails) {
  api::Session session;
  session.id = "d1k2v9f3pn6a8q46tb00";
  session.wanted = request();
  session.fence = 1;
  session.created_at = session.updated_at = wall_time_;
  ASSERT_TRUE(run(store_->put("/gateway/1.0/sessions/" + session.id, to_record(session))).has_value());
  ASSERT_TRUE(until([&] { return unit_->sessions().contains(session.id); }));
  wall_time_ += 149;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(session.id).status, SessionStatus::created);
  wall_time_ += 1;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(session.id).status, SessionStatus::error);
  EXPECT_EQ(stored(session.id).fence, 2);
}

TEST_F(Removal, KeysExpireAndTwoSweepersDoNotConflict) {
  ASSERT_TRUE(run(unit_->create(anyone(), request(), "key-1")).has_value());
  gateway::Gateway* second = make_unit();
  const auto keys = [&] { return run(store_->list("/gateway/1.0/idempotency/", {}, 10))->entries.size(); };
  EXPECT_EQ(keys(), 1U);
  wall_time_ += 600;
  run_void(unit_->sweep_once());
  run_void(second->sweep_once());
  EXPECT_EQ(keys(), 0U);
}

}  // namespace
}  // namespace redan::cloud::test
