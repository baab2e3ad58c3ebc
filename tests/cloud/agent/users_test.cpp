// A session that its user cannot return to ends with the user, and an agent keeps no session that the gateways lack.
#include "tests/cloud/agent/agent_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::User;

class AgentUsers : public AgentTest {
 protected:
  static api::SessionSpec joinable() {
    api::SessionSpec wanted = spec();
    wanted.joinable = true;
    return wanted;
  }
  static api::SessionSpec without_user() {
    api::SessionSpec wanted = spec();
    wanted.user_timeout = 0;
    return wanted;
  }
  bool ended_because(const std::string& reason) {
    return reported(api::SessionStatus::terminated) && reports_.back().message == reason && is_gone();
  }
};

TEST_F(AgentUsers, ASessionEndsWhenItsUserLeaves) {
  begin_session_of(User::present, spec());
  run_for(1500ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
  say(api::SessionStatus::active, 0, User::left);
  EXPECT_TRUE(ended_because("its user has left")) << reports_.back().message;
}

// A viewer may still be connected.
TEST_F(AgentUsers, AViewerDoesNotKeepASession) {
  begin_session_of(User::present, spec());
  say(api::SessionStatus::active, 1, User::left);
  EXPECT_TRUE(ended_because("its user has left"));
}

TEST_F(AgentUsers, AJoinableSessionWithoutAnIdleTimeNeverEndsByItself) {
  api::SessionSpec wanted = joinable();
  wanted.user_timeout = 0;
  begin_session_of(User::awaited, wanted);
  run_for(1500ms);
  say(api::SessionStatus::active, 1, User::present);
  say(api::SessionStatus::active, 0, User::left);
  run_for(1500ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
}

TEST_F(AgentUsers, AnIdleTimeGivesTheUserThatTimeToReturn) {
  api::SessionSpec wanted = spec();
  wanted.idle_time_min = 10;
  begin_session_of(User::present, wanted);
  say(api::SessionStatus::active, 0, User::left);
  run_for(1200ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
  EXPECT_TRUE(ended_because("idle"));
}

TEST_F(AgentUsers, ASessionEndsWhenItsTokenExpiresUnused) {
  begin_session_of(User::awaited, without_user());
  EXPECT_TRUE(ended_because("its user did not come"));
}

TEST_F(AgentUsers, AnAttemptThatFailsMayBeRepeatedWhileTheTokenIsValid) {
  api::SessionSpec wanted = spec();
  wanted.user_timeout = 2;
  begin_session_of(User::present, wanted);
  say(api::SessionStatus::active, 0, User::awaited);
  run_for(1200ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
  EXPECT_TRUE(ended_because("its user did not come"));
}

TEST_F(AgentUsers, ANewTokenGivesTheUserMoreTime) {
  begin_session_of(User::awaited, without_user());
  ASSERT_TRUE(command({api::Command::Kind::join, 1, "s1-c1", false, {}, 60}));
  run_for(2500ms);
  EXPECT_EQ(reports_.back().status, api::SessionStatus::active);
}

TEST_F(AgentUsers, AUserThatLeavesWhileTheAgentIsAwayIsNoticed) {
  begin_session_of(User::present, spec());
  stop_agent();
  announcement_.reset();
  start_agent();
  ASSERT_EQ(attach("s1", "s-s1", token_), 101U);
  say(api::SessionStatus::active, 0, User::left);
  EXPECT_TRUE(ended_because("its user has left"));
}

TEST_F(AgentUsers, ASessionThatTheGatewaysLackEnds) {
  stop_agent();
  confirm_interval_ = 500ms;
  announcement_.reset();
  start_agent();
  begin_session_of(User::present, joinable());
  const std::size_t before = reports_.size();
  ASSERT_TRUE(until([&] { return reports_.size() >= before + 2; })) << "an unchanged session is reported again";
  claimable_ = false;
  EXPECT_TRUE(is_gone());
}

TEST_F(AgentUsers, ACheckIsAnsweredForServedSessionsOnly) {
  begin_session_of(User::present, joinable());
  EXPECT_TRUE(command({api::Command::Kind::check, 1, {}, false, {}}));
  EXPECT_EQ(command({api::Command::Kind::check, 1, {}, false, {}}, "s2").error().code, "bus_no_responders");
}

}  // namespace
}  // namespace redan::cloud::test
