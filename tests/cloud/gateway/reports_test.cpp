// Messages from agents: states, claims and fencing tokens.
#include "cloud/errors.hpp"
#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;

class Reports : public GatewayTest {
 protected:
  Reports() : agent_(add_agent("agent-1")), id_(created().session.id) {}
  std::string report(const std::string& agent, std::int64_t fence, std::int64_t number, SessionStatus status) {
    const api::StateReport said{id_, agent, fence, number, status, "so it is", 2};
    return code_of(run(bus_->request(api::subject::agent(said.agent, "state"), api::message_text(said), kTimeout)));
  }
  std::string claim(const std::string& agent, bool attached) {
    const api::Claim said{id_, agent, "i-new", attached};
    return code_of(run(bus_->request(api::subject::agent(said.agent, "claim"), api::message_text(said), kTimeout)));
  }
  std::string announce(const std::string& agent, const std::string& session) {
    const api::Claim claim{session, agent, "game", false,
                           api::Launched{"demo", 3, "eu-1", "cluster-1", {.width = 640}}};
    return code_of(run(bus_->request(api::subject::agent(agent, "claim"), api::message_text(claim), kTimeout)));
  }
  void lose(const std::string& agent) {
    ASSERT_TRUE(run(store_->erase("/gateway/1.0/agents/" + agent)).has_value());
    ASSERT_TRUE(until([&] { return unit_->agents().find(agent) == nullptr; }));
  }
  void sweep_after(int seconds) {
    if (token_.empty()) token_ = run(unit_->create_account("web", std::chrono::hours(1), {})).value().token;
    ahead_ += std::chrono::seconds(seconds);
    ASSERT_TRUE(until([&] { return unit_->admit(token_).has_value(); })) << "the unit's copy of the store is old";
    run_void(unit_->sweep_once());
    run_for(io_, std::chrono::milliseconds(50));
  }
  static constexpr std::chrono::milliseconds kTimeout{2'000};

  ScriptedAgent& agent_;
  const std::string id_;
  std::string token_;
};

TEST_F(Reports, AStateIsStoredWithItsMessageAndClients) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  const api::Session session = stored(id_);
  EXPECT_EQ(session.status, SessionStatus::active);
  EXPECT_EQ(session.status_message, "so it is");
  EXPECT_EQ(session.clients, 2);
}

TEST_F(Reports, ARepeatedStateIsNotStoredAgain) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  const auto before = run(store_->get("/gateway/1.0/sessions/" + id_))->value().modified;
  EXPECT_EQ(report("agent-1", 1, 2, SessionStatus::active), "ok");
  EXPECT_EQ(run(store_->get("/gateway/1.0/sessions/" + id_))->value().modified, before);
}

TEST_F(Reports, AnOlderNumberChangesNothing) {
  EXPECT_EQ(report("agent-1", 1, 5, SessionStatus::active), "ok");
  EXPECT_EQ(report("agent-1", 1, 4, SessionStatus::error), "ok");
  EXPECT_EQ(report("agent-1", 1, 5, SessionStatus::error), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::active);
}

TEST_F(Reports, AnotherFenceOrAnotherAgentIsRefused) {
  EXPECT_EQ(report("agent-1", 0, 1, SessionStatus::active), "session_fenced");
  EXPECT_EQ(report("agent-1", 2, 1, SessionStatus::active), "session_fenced");
  EXPECT_EQ(report("agent-2", 1, 1, SessionStatus::active), "session_fenced");
  EXPECT_EQ(stored(id_).status, SessionStatus::created);
}

TEST_F(Reports, ManySessionsWithoutAnAgentAreFoundInTurn) {
  std::vector<std::string> ids{id_};
  while (ids.size() < 100) ids.push_back(created().session.id);
  for (const std::string& id : ids) agent_.forget(id);
  for (const int seconds : {1, 61, 10, 61, 1}) sweep_after(seconds);
  for (const std::string& id : ids) EXPECT_EQ(stored(id).status, SessionStatus::error) << id;
}

TEST_F(Reports, AClaimOfALaunchedInstanceMakesItsSession) {
  EXPECT_EQ(announce("agent-1", "launched-1"), "ok");
  const api::Session session = stored("launched-1");
  EXPECT_EQ(session.agent, "agent-1");
  EXPECT_EQ(session.instance, "game");
  EXPECT_EQ(session.region, "eu-1");
  EXPECT_EQ(session.wanted.app, "demo");
  EXPECT_EQ(session.wanted.screen.width, 640);
  EXPECT_TRUE(session.wanted.joinable);
  EXPECT_FALSE(session.wanted.ephemeral);
  EXPECT_EQ(session.fence, 1);
  // Administrators reach it, and other accounts do not.
  EXPECT_TRUE(run(unit_->session(anyone(), "launched-1")));
  EXPECT_EQ(run(unit_->session({"web/1", {}, {}, {}, {}}, "launched-1")).error().code, "session_unknown");
}

TEST_F(Reports, ALaunchedInstanceHasTheSessionOfTheFirstAgentThatClaimsIt) {
  add_agent("agent-2");
  EXPECT_EQ(announce("agent-1", "launched-1"), "ok");
  EXPECT_EQ(announce("agent-2", "launched-1"), "session_fenced");
  EXPECT_EQ(announce("agent-1", "launched-1"), "ok") << "it may repeat its claim";
  EXPECT_EQ(stored("launched-1").agent, "agent-1");
}

TEST_F(Reports, AnAgentAnnouncesNoMoreInstancesThanItHasRoomFor) {
  EXPECT_EQ(announce("unknown", "launched-0"), "session_no_agent");
  EXPECT_EQ(announce("agent-1", "no/name"), "session_no_agent");
  const auto capacity = unit_->agents().find("agent-1")->capacity;
  for (std::int64_t i = 1; i < capacity; ++i) EXPECT_EQ(announce("agent-1", "launched-" + std::to_string(i)), "ok");
  EXPECT_EQ(announce("agent-1", "one-more"), "too_many");
}

TEST_F(Reports, TerminatedIsFinal) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::terminated), "ok");
  EXPECT_EQ(report("agent-1", 1, 2, SessionStatus::active), "session_unknown");
  EXPECT_EQ(report("agent-1", 1, 3, SessionStatus::error), "ok");
  EXPECT_EQ(claim("agent-1", true), "session_unknown");
  EXPECT_EQ(stored(id_).status, SessionStatus::terminated);
}

TEST_F(Reports, ATerminatingSessionDoesNotBecomeActiveAgain) {
  agent_.on_command = ScriptedAgent::Manner::is_silent;
  EXPECT_EQ(run(unit_->remove(anyone(), id_, {})).error().status, 500U);
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::terminating);
  EXPECT_EQ(claim("agent-2", true), "session_unknown") << "its instance may be deleted";
  EXPECT_EQ(stored(id_).status, SessionStatus::terminated) << "which the claimant does now";
  EXPECT_EQ(report("agent-1", 1, 2, SessionStatus::terminated), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::terminated);
}

// An agent first reports that it ends a session, then how it ended.
TEST_F(Reports, AnErrorAfterTerminatingEndsTheSession) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::terminating), "ok");
  EXPECT_EQ(report("agent-1", 1, 2, SessionStatus::error), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::error);
}

TEST_F(Reports, AnUnknownSessionIsRefused) {
  const api::StateReport said{"d1k2v9f3pn6a8q46tb00", "agent-1", 1, 1, SessionStatus::active, "", 0};
  EXPECT_EQ(code_of(run(bus_->request(api::subject::agent(said.agent, "state"), api::message_text(said), kTimeout))),
            "session_unknown");
  const api::Claim claimed{"d1k2v9f3pn6a8q46tb00", "agent-1", "i", true};
  EXPECT_EQ(
      code_of(run(bus_->request(api::subject::agent(claimed.agent, "claim"), api::message_text(claimed), kTimeout))),
      "session_unknown");
}

TEST_F(Reports, MalformedReportsAreNotAnswered) {
  for (const std::string& subject :
       {api::subject::agent("agent-1", "state"), api::subject::agent("agent-1", "claim")}) {
    for (const char* text : {"", "nonsense", "{}", "[]", R"({"session":"x"})"}) {
      const auto reply = run(bus_->request(subject, text, std::chrono::milliseconds(20)));
      EXPECT_EQ(reply.error(), errc::bus_timeout) << text;
    }
  }
  static_cast<void>(bus_->publish(api::subject::agent("agent-1", "announce"), R"({"agent":"a b"})"));
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  EXPECT_EQ(unit_->agents().all().size(), 1U);
}

TEST_F(Reports, MessagesInAnotherAgentsNameAreIgnored) {
  const api::StateReport state{id_, "agent-1", 1, 1, SessionStatus::error, "", 0};
  const auto reply = run(
      bus_->request(api::subject::agent("agent-2", "state"), api::message_text(state), std::chrono::milliseconds(20)));
  EXPECT_EQ(reply.error(), errc::bus_timeout);
  const api::Claim claimed{id_, "agent-1", "i-new", true};
  EXPECT_EQ(run(bus_->request(api::subject::agent("agent-2", "claim"), api::message_text(claimed),
                              std::chrono::milliseconds(20)))
                .error(),
            errc::bus_timeout);
  api::Announcement goodbye = agent_.announcement();
  goodbye.draining = true;
  static_cast<void>(bus_->publish(api::subject::agent("agent-2", "announce"), api::message_text(goodbye)));
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  EXPECT_EQ(stored(id_).fence, 1);
  EXPECT_FALSE(unit_->agents().find("agent-1")->draining);
}

TEST_F(Reports, TheNumberOfAgentsIsLimited) {
  for (int i = 0; i < 400; ++i) {
    api::Announcement one = agent_.announcement();
    one.agent = "made-up-" + std::to_string(i);
    static_cast<void>(bus_->publish(api::subject::agent(one.agent, "announce"), api::message_text(one)));
    if (i % 20 == 0) {
      EXPECT_TRUE(run(unit_->session(anyone(), id_)));
    }
  }
  EXPECT_TRUE(until([&] { return unit_->agents().all().size() >= 256; }));
  EXPECT_LT(unit_->agents().all().size(), 300U);
}

TEST_F(Reports, StateIsWrittenAtALimitedRate) {
  std::map<std::string, int> outcomes;
  for (int number = 1; number <= 50; ++number) {
    const api::StateReport said{id_, "agent-1", 1, number, SessionStatus::active, std::string(450'000, 'x'), number};
    ++outcomes[code_of(run(bus_->request(api::subject::agent("agent-1", "state"), api::message_text(said), kTimeout)))];
  }
  EXPECT_LE(outcomes["ok"], 6);
  EXPECT_EQ(outcomes["ok"] + outcomes["too_many_reports"], 50);
  EXPECT_EQ(stored(id_).status_message, std::string(1024, 'x'));
  EXPECT_EQ(report("agent-1", 1, 51, SessionStatus::terminated), "ok") << "an end is taken at once";
}

// Claims.

TEST_F(Reports, AClaimRaisesTheFenceAndExcludesTheFormerAgent) {
  EXPECT_EQ(claim("agent-2", true), "ok");
  const api::Session session = stored(id_);
  EXPECT_EQ(session.fence, 2);
  EXPECT_EQ(session.agent, "agent-2");
  EXPECT_EQ(session.instance, "i-new");
  EXPECT_EQ(report("agent-1", 1, 9, SessionStatus::error), "session_fenced");
  EXPECT_EQ(report("agent-2", 2, 1, SessionStatus::active), "ok");
}

TEST_F(Reports, TheClaimantReceivesTheSessionsSpec) {
  const api::Claim said{id_, "agent-2", "i-new", true};
  const auto reply = run(bus_->request(api::subject::agent(said.agent, "claim"), api::message_text(said), kTimeout));
  const auto spec = api::parse<api::SessionSpec>(*api::parse_reply(*reply));
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->fence, 2);
  EXPECT_EQ(spec->app, "com.example.demo");
  EXPECT_TRUE(spec->joinable);
  EXPECT_EQ(spec->region, "eu-1");
}

TEST_F(Reports, AnAgentWithoutTheRuntimeMayClaimOnlyAnUnservedSession) {
  EXPECT_EQ(claim("agent-2", false), "session_fenced");
  EXPECT_EQ(claim("agent-1", false), "ok") << "it has come back";
  EXPECT_EQ(stored(id_).fence, 2);
  lose("agent-1");
  EXPECT_EQ(claim("agent-2", false), "ok");
  EXPECT_EQ(stored(id_).agent, "agent-2");
}

TEST_F(Reports, OneOfTwoSimultaneousClaimsSucceeds) {
  int answered = 0;
  for (const char* agent : {"agent-2", "agent-3"}) {
    const api::Claim said{id_, agent, "i", true};
    boost::asio::co_spawn(io_,
                          bus_->request(api::subject::agent(said.agent, "claim"), api::message_text(said), kTimeout),
                          [&](const std::exception_ptr&, const Result<std::string>&) { ++answered; });
  }
  ASSERT_TRUE(until([&] { return answered == 2; }));
  const api::Session session = stored(id_);
  EXPECT_EQ(session.fence, 3);
  const std::string winner = session.agent, loser = winner == "agent-2" ? "agent-3" : "agent-2";
  EXPECT_EQ(report(loser, 2, 1, SessionStatus::active), "session_fenced");
  EXPECT_EQ(report(winner, 3, 1, SessionStatus::active), "ok");
}

// Lost agents.

TEST_F(Reports, ASessionWithoutItsAgentReportsItAndFailsAfterAMinute) {
  lose("agent-1");
  EXPECT_EQ(unit_->agents().unresponsive({wall_time_}), 1U);
  EXPECT_EQ(unit_->shown(stored(id_)).status_message, "its agent is lost");
  EXPECT_EQ(stored(id_).status, SessionStatus::created);
  wall_time_ += 59;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id_).status, SessionStatus::created);
  wall_time_ += 1;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id_).status, SessionStatus::error);
  EXPECT_EQ(stored(id_).fence, 1) << "its agent may come back";
}

TEST_F(Reports, AClaimRevivesASessionWhoseAgentWasLost) {
  lose("agent-1");
  wall_time_ += 60;
  run_void(unit_->sweep_once());
  ASSERT_EQ(stored(id_).status, SessionStatus::error);
  EXPECT_EQ(claim("agent-2", true), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::active);
  EXPECT_FALSE(stored(id_).agent_lost);
}

TEST_F(Reports, TheLostAgentItselfMayResumeReporting) {
  lose("agent-1");
  wall_time_ += 60;
  run_void(unit_->sweep_once());
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::active);
}

TEST_F(Reports, ASessionThatFailedByItselfIsNotRevived) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::error), "ok");
  EXPECT_EQ(claim("agent-2", true), "session_unknown");
  EXPECT_EQ(report("agent-1", 1, 2, SessionStatus::active), "session_unknown");
  EXPECT_EQ(stored(id_).status, SessionStatus::error);
}

// Its instance ended while the agent was away, so the agent has nothing to report.
TEST_F(Reports, ASessionThatItsAgentDoesNotServeFailsAfterAMinute) {
  EXPECT_EQ(report("agent-1", 1, 1, SessionStatus::active), "ok");
  run_void(unit_->sweep_once());
  sweep_after(61);
  EXPECT_EQ(agent_.commands().size(), 1U) << "served";
  agent_.forget(id_);
  sweep_after(61);
  EXPECT_EQ(stored(id_).status, SessionStatus::active) << "it may still be adopting its sessions";
  sweep_after(59);
  EXPECT_EQ(stored(id_).status, SessionStatus::active);
  sweep_after(1);
  EXPECT_EQ(stored(id_).status, SessionStatus::error);
  EXPECT_EQ(claim("agent-1", true), "ok");
  EXPECT_EQ(stored(id_).status, SessionStatus::active) << "a late claim revives it";
}

TEST_F(Reports, ASilentAgentKeepsItsSessions) {
  agent_.on_command = ScriptedAgent::Manner::is_silent;
  run_void(unit_->sweep_once());
  for (int i = 0; i < 3; ++i) {
    sweep_after(61);
    run_for(io_, std::chrono::milliseconds(350));
  }
  EXPECT_EQ(agent_.commands().size(), 3U);
  EXPECT_EQ(stored(id_).status, SessionStatus::created);
}

TEST_F(Reports, ALostAgentThatAnnouncesItselfIsAvailableAgain) {
  lose("agent-1");
  agent_.announce();
  ASSERT_TRUE(until([&] { return unit_->agents().find("agent-1") != nullptr; }));
  EXPECT_EQ(unit_->agents().unresponsive({wall_time_}), 0U);
  wall_time_ += 120;
  run_void(unit_->sweep_once());
  EXPECT_EQ(stored(id_).status, SessionStatus::created);
}

}  // namespace
}  // namespace redan::cloud::test
