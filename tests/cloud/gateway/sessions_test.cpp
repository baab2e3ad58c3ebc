// Creating and joining sessions, with agents that follow the protocol and agents that do not.
#include <boost/json/parse.hpp>

#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;
using Manner = ScriptedAgent::Manner;

TEST_F(GatewayTest, ASessionIsCreatedWithItsUrlAndIceServers) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  EXPECT_EQ(grant.session.region, "eu-1");
  EXPECT_TRUE(grant.url.starts_with("wss://gw.example:4000/1.0/session/" + grant.session.id + "/sockets/slave?token="));
  ASSERT_EQ(grant.ice_servers.size(), 1U);
  const api::SessionSpec& spec = agent.specs().at(grant.session.id);
  EXPECT_EQ(spec.fence, 1);
  EXPECT_EQ(spec.app, "com.example.demo");
  EXPECT_EQ(spec.region, "eu-1");
  EXPECT_EQ(grant.ice_servers[0].username, "1893456000:" + spec.client);
  const api::Session session = stored(grant.session.id);
  EXPECT_EQ(session.agent, "agent-1");
  EXPECT_EQ(session.instance, "i-" + session.id);
  EXPECT_EQ(session.cluster, "cluster-1");
  EXPECT_EQ(session.account, gateway::local_account(1000));
}

TEST_F(GatewayTest, SignallingFlowsInBothDirectionsAndAClosedSocketEndsOnlyTheLink) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  Received received;
  const auto client = unit_->relay().attach(admitted(grant).value(), received.port());
  ASSERT_TRUE(client.has_value());
  unit_->relay().receive(*client, R"({"type":"discover"})");
  ASSERT_TRUE(until([&] { return agent.heard().size() == 2; }));
  EXPECT_EQ(api::parse<api::LinkHello>(agent.heard()[0])->order, 1);
  EXPECT_EQ(agent.heard()[1], R"({"type":"discover"})");
  agent.say(grant.session.id, R"({"type":"resp:discover"})");
  ASSERT_TRUE(until([&] { return received.texts.size() == 1; }));
  EXPECT_EQ(received.texts[0], R"({"type":"resp:discover"})");
  unit_->relay().detach(*client);
  ASSERT_TRUE(until([&] { return agent.ended().size() == 1; }));
  EXPECT_EQ(unit_->relay().clients(), 0U);
  EXPECT_EQ(stored(grant.session.id).status, SessionStatus::created);
}

// Choosing an agent.

TEST_F(GatewayTest, NoSessionIsCreatedWithoutAnAgentForTheApplication) {
  EXPECT_EQ(refused_create().status, 404U);
  EXPECT_EQ(refused_create().code, "session_no_agent");
  EXPECT_EQ(refused_create().message, "no agent has reported to this gateway yet");
  add_agent("agent-1");
  api::SessionRequest unknown = request();
  unknown.app = "chess";
  EXPECT_EQ(refused_create(unknown).status, 404U);
  EXPECT_EQ(refused_create(unknown).code, "app_unknown");
  EXPECT_EQ(refused_create(unknown).message, "no agent knows an application named chess");
  api::SessionRequest elsewhere = request();
  elsewhere.region = "mars";
  EXPECT_EQ(refused_create(elsewhere).code, "session_no_agent");
  EXPECT_TRUE(unit_->sessions().empty());
}

TEST_F(GatewayTest, TheNextAgentIsTriedWhenOneIsBusy) {
  ScriptedAgent& busy = add_agent("agent-1");
  ScriptedAgent& other = add_agent("agent-2");
  busy.manner = Manner::refuses_busy;
  const api::SessionGrant grant = created();
  EXPECT_EQ(busy.asked(), 1);
  EXPECT_EQ(other.asked(), 1);
  EXPECT_EQ(stored(grant.session.id).agent, "agent-2");
}

TEST_F(GatewayTest, TheClientMayRetryWhenAllAgentsAreBusy) {
  add_agent("agent-1").manner = Manner::refuses_busy;
  add_agent("agent-2").manner = Manner::refuses_busy;
  const api::Refusal refusal = refused_create();
  EXPECT_EQ(refusal.status, 503U);
  EXPECT_EQ(refusal.code, "agent_busy");
  EXPECT_TRUE(until([&] { return unit_->sessions().empty(); }));
}

TEST_F(GatewayTest, AnApplicationUnknownToAnAmsIsNotRequestedThereAgain) {
  ScriptedAgent& first = add_agent("agent-1");
  ScriptedAgent& same = add_agent("agent-2");
  ScriptedAgent& other = add_agent("agent-3", "eu-1", "cluster-2");
  first.manner = same.manner = Manner::refuses_unknown;
  const api::SessionGrant grant = created();
  EXPECT_EQ(first.asked() + same.asked(), 1);
  EXPECT_EQ(stored(grant.session.id).agent, "agent-3");
  other.manner = Manner::refuses_unknown;
  EXPECT_EQ(refused_create().code, "session_no_agent");
}

TEST_F(GatewayTest, TheNextAgentIsTriedWhenOneHasGone) {
  add_agent("agent-1");
  add_agent("agent-2");
  agents_.erase(agents_.begin());  // it announced itself, and is away: no unit answers there
  EXPECT_EQ(stored(created().session.id).agent, "agent-2");
}

// Failures whose outcome is unknown.

TEST_F(GatewayTest, NoOtherAgentIsTriedWhenOneDoesNotAnswer) {
  ScriptedAgent& silent = add_agent("agent-1");
  ScriptedAgent& other = add_agent("agent-2");
  silent.manner = Manner::is_silent;
  const api::Refusal refusal = refused_create();
  EXPECT_EQ(refusal.status, 503U);
  EXPECT_EQ(silent.asked(), 1);
  EXPECT_EQ(other.asked(), 0);
  ASSERT_EQ(silent.specs().size(), 1U);
  const api::Session session = stored(silent.specs().begin()->first);
  EXPECT_EQ(session.status, SessionStatus::error);
  EXPECT_EQ(session.fence, 2);
  // Its late reports are refused, and it is instructed to end the session.
  EXPECT_EQ(code_of(run(silent.report(session.id, SessionStatus::active))), "session_unknown");
  EXPECT_EQ(code_of(run(silent.claim(session.id))), "session_unknown");
  ASSERT_TRUE(until([&] { return !silent.commands().empty(); }));
  EXPECT_EQ(silent.commands()[0].kind, api::Command::Kind::remove);
  EXPECT_EQ(silent.commands()[0].fence, 1) << "the one that it knows";
}

TEST_F(GatewayTest, NoOtherAgentIsTriedWhenOneFailsOrSendsAnInvalidReply) {
  for (const auto& [region, manner] : {std::pair("eu-1", Manner::fails), std::pair("us-1", Manner::answers_nonsense)}) {
    ScriptedAgent& failing = add_agent("agent-1-" + std::string(region), region);
    ScriptedAgent& other = add_agent("agent-2-" + std::string(region), region);
    failing.manner = manner;
    api::SessionRequest wanted = request();
    wanted.region = region;
    EXPECT_EQ(refused_create(wanted).status, 500U);
    EXPECT_EQ(failing.asked(), 1);
    EXPECT_EQ(other.asked(), 0);
  }
  ASSERT_EQ(unit_->sessions().size(), 2U);
  for (const auto& [id, known] : unit_->sessions()) EXPECT_EQ(known.session.status, SessionStatus::error);
}

// Races.

TEST_F(GatewayTest, AStatusThatArrivesBeforeTheReplyIsKept) {
  ScriptedAgent& agent = add_agent("agent-1");
  agent.before_reply = [&](const api::SessionSpec& spec) {
    const api::StateReport report{spec.session, "agent-1", spec.fence, 1, SessionStatus::active, "", 0};
    static_cast<void>(bus_->publish(api::subject::agent(report.agent, "state"), api::message_text(report)));
  };
  const api::SessionGrant grant = created();
  EXPECT_TRUE(until([&] { return stored(grant.session.id).status == SessionStatus::active; }));
  EXPECT_EQ(stored(grant.session.id).instance, "i-" + grant.session.id);
}

TEST_F(GatewayTest, ASessionDeletedDuringItsCreationIsEndedAtItsAgent) {
  ScriptedAgent& agent = add_agent("agent-1");
  agent.before_reply = [&](const api::SessionSpec& spec) {
    api::Session session = unit_->sessions().at(spec.session).session;
    session.status = SessionStatus::terminating;
    boost::asio::co_spawn(io_, store_->put("/gateway/1.0/sessions/" + spec.session, to_record(session)),
                          boost::asio::detached);
  };
  const api::Refusal refusal = refused_create();
  EXPECT_EQ(refusal.status, 409U);
  ASSERT_EQ(agent.commands().size(), 1U);
  EXPECT_EQ(agent.commands()[0].kind, api::Command::Kind::remove);
}

TEST_F(GatewayTest, ASessionClaimedDuringItsCreationBelongsToTheOtherAgent) {
  ScriptedAgent& agent = add_agent("agent-1");
  agent.before_reply = [&](const api::SessionSpec& spec) {
    const api::Claim claim{spec.session, "agent-2", "i-elsewhere", true};
    static_cast<void>(bus_->publish(api::subject::agent(claim.agent, "claim"), api::message_text(claim)));
    api::Session session = unit_->sessions().at(spec.session).session;
    session.fence = 2;
    session.agent = "agent-2";
    boost::asio::co_spawn(io_, store_->put("/gateway/1.0/sessions/" + spec.session, to_record(session)),
                          boost::asio::detached);
  };
  EXPECT_EQ(created().session.agent, "agent-2") << "its client gets in there";
  EXPECT_EQ(stored(agent.specs().begin()->first).agent, "agent-2");
}

// Repeated requests.

TEST_F(GatewayTest, TheSameKeyReturnsTheSameSessionWithNewCredentials) {
  ScriptedAgent& agent = add_agent("agent-1");
  const auto first = run(unit_->create(anyone(), request(), "key-1"));
  const auto second = run(unit_->create(anyone(), request(), "key-1"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->session.id, second->session.id);
  EXPECT_EQ(agent.asked(), 1);
  EXPECT_EQ(admitted(*first)->client, admitted(*second)->client) << "the client that asks again is the same one";
  EXPECT_EQ(second->ice_servers.size(), 1U);
  const auto other_key = run(unit_->create(anyone(), request(), "key-2"));
  EXPECT_NE(other_key->session.id, first->session.id);
  gateway::ApiCaller someone_else = anyone();
  someone_else.account = "someone-else";
  EXPECT_NE(run(unit_->create(someone_else, request(), "key-1"))->session.id, first->session.id);
}

TEST_F(GatewayTest, TheAgentKnowsHowLongTheUsersTokenIsValid) {
  ScriptedAgent& agent = add_agent("agent-1");
  const auto first = run(unit_->create(anyone(), request(), "key-1"));
  const std::string id = first->session.id;
  EXPECT_EQ(agent.specs().at(id).user_timeout, 300);
  wall_time_ += 100;
  const auto claimed = api::parse_reply(*run(agent.claim(id)));
  EXPECT_EQ(api::parse<api::SessionSpec>(*claimed)->user_timeout, 200);
  ASSERT_TRUE(run(unit_->create(anyone(), request(), "key-1")).has_value());
  EXPECT_EQ(agent.commands().back().user_timeout, 300) << "a repeated request has a new token";
  EXPECT_EQ(stored(id).user_until, wall_time_ + 300);
}

TEST_F(GatewayTest, AKeyUsedForAnotherRequestIsRefused) {
  add_agent("agent-1");
  ASSERT_TRUE(run(unit_->create(anyone(), request(), "key-1")).has_value());
  EXPECT_EQ(run(unit_->create(anyone(), request(false), "key-1")).error().status, 409U);
}

TEST_F(GatewayTest, AKeyIsValidForTenMinutes) {
  add_agent("agent-1");
  const auto first = run(unit_->create(anyone(), request(), "key-1"));
  wall_time_ += 599;
  EXPECT_EQ(run(unit_->create(anyone(), request(), "key-1"))->session.id, first->session.id);
  wall_time_ += 1;
  EXPECT_NE(run(unit_->create(anyone(), request(), "key-1"))->session.id, first->session.id);
}

TEST_F(GatewayTest, AKeyMayBeReusedWhenItsSessionFailed) {
  ScriptedAgent& agent = add_agent("agent-1");
  for (const Manner manner : {Manner::is_silent, Manner::fails, Manner::refuses_busy, Manner::refuses_unknown}) {
    agent.manner = manner;
    ASSERT_FALSE(run(unit_->create(anyone(), request(), "key-1")).has_value());
  }
  agent.manner = Manner::creates;
  const auto granted = run(unit_->create(anyone(), request(), "key-1"));
  ASSERT_TRUE(granted.has_value()) << granted.error().message;
  EXPECT_EQ(run(unit_->create(anyone(), request(), "key-1"))->session.id, granted->session.id);
}

TEST_F(GatewayTest, TwoUnitsCreateOneSessionForSimultaneousRequestsWithOneKey) {
  ScriptedAgent& agent = add_agent("agent-1");
  gateway::Gateway* second = make_unit();
  ASSERT_TRUE(until([&] { return second->agents().find("agent-1") != nullptr; }));
  std::vector<std::string> ids;
  for (gateway::Gateway* unit : {unit_, second, unit_, second}) {
    boost::asio::co_spawn(io_, unit->create(anyone(), request(), "key-1"),
                          [&](const std::exception_ptr&, api::Outcome<api::SessionGrant> granted) {
                            ids.push_back(granted ? granted->session.id : granted.error().message);
                          });
  }
  ASSERT_TRUE(until([&] { return ids.size() == 4; }));
  EXPECT_EQ(ids, std::vector<std::string>(4, ids[0]));
  EXPECT_EQ(agent.asked(), 1);
}

TEST_F(GatewayTest, AnInvalidKeyIsRefused) {
  add_agent("agent-1");
  for (const std::string& key :
       {std::string("a b"), std::string(256, 'x'), std::string("a\x7f"), std::string("\xc3")}) {
    EXPECT_EQ(run(unit_->create(anyone(), request(), key)).error().status, 400U);
  }
}

// Joining.

TEST_F(GatewayTest, JoiningReturnsNewCredentialsForAnotherClient) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  const auto joined = run(unit_->join(anyone(), grant.session.id, {{"width", 640}, {"height", 480}}));
  ASSERT_TRUE(joined.has_value()) << joined.error().message;
  EXPECT_NE(joined->ice_servers[0].username, grant.ice_servers[0].username);
  const auto claims = admitted(*joined);
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->screen, (api::Screen{640, 480, grant.session.wanted.screen.fps, 240}));
  EXPECT_EQ(claims->order, 2);
  EXPECT_EQ(claims->client, agent.commands().at(0).client);
  const auto third = admitted(*run(unit_->join(anyone(), grant.session.id, {})));
  EXPECT_EQ(third->order, 3);
  EXPECT_EQ(third->screen, claims->screen) << "without a screen the session keeps its size";
}

TEST_F(GatewayTest, JoiningIsRefusedWhenNotJoinable) {
  ScriptedAgent& agent = add_agent("agent-1");
  EXPECT_EQ(run(unit_->join(anyone(), "d1k2v9f3pn6a8q46tb00", {})).error().code, "session_unknown");
  EXPECT_EQ(run(unit_->join(anyone(), "no such id/..", {})).error().status, 404U);
  EXPECT_EQ(run(unit_->join(anyone(), created(false).session.id, {})).error().status, 400U);
  const std::string id = created().session.id;
  for (const SessionStatus status : {SessionStatus::terminating, SessionStatus::terminated}) {
    ASSERT_TRUE(run(agent.report(id, status)).has_value());
    EXPECT_EQ(run(unit_->join(anyone(), id, {})).error().status, 400U) << name(status);
  }
  EXPECT_TRUE(agent.commands().empty());
}

TEST_F(GatewayTest, JoiningFailsWhenTheAgentIsAwayOrRefuses) {
  ScriptedAgent& agent = add_agent("agent-1");
  const std::string id = created().session.id;
  agent.on_command = Manner::is_silent;
  EXPECT_EQ(run(unit_->join(anyone(), id, {})).error().code, "bus_timeout");
  agent.on_command = Manner::fails;
  EXPECT_EQ(run(unit_->join(anyone(), id, {})).error().status, 500U);
  agents_.clear();
  EXPECT_EQ(run(unit_->join(anyone(), id, {})).error().code, "bus_no_responders");
}

// Sockets.

TEST_F(GatewayTest, ASocketOfAnEndedSessionGetsTheReason) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  ASSERT_TRUE(run(agent.report(grant.session.id, SessionStatus::terminated)).has_value());
  const auto admission = run(unit_->admit_socket(token_of(grant), grant.session.id));
  ASSERT_TRUE(admission.has_value());
  EXPECT_EQ(admission->over, "the session is terminated");
}

TEST_F(GatewayTest, ASocketNeedsTheTokenOfItsSession) {
  add_agent("agent-1");
  const api::SessionGrant one = created(), other = created();
  EXPECT_EQ(run(unit_->admit_socket(token_of(one), other.session.id)).error().status, 403U);
  EXPECT_EQ(run(unit_->admit_socket("nonsense", one.session.id)).error().status, 401U);
  wall_time_ += 300;
  EXPECT_EQ(run(unit_->admit_socket(token_of(one), one.session.id)).error().code, "token_expired");
}

TEST_F(GatewayTest, ASessionThatWasErasedHasNoSockets) {
  add_agent("agent-1");
  const api::SessionGrant grant = created();
  Received received;
  ASSERT_TRUE(unit_->relay().attach(admitted(grant).value(), received.port()).has_value());
  ASSERT_TRUE(run(store_->erase("/gateway/1.0/sessions/" + grant.session.id)).has_value());
  ASSERT_TRUE(until([&] { return received.closed; }));
  EXPECT_EQ(run(unit_->admit_socket(token_of(grant), grant.session.id)).error().code, "session_unknown");
}

// Permissions of callers.

TEST_F(GatewayTest, ARestrictedCallerMayDoOnlyWhatItsTokenNames) {
  add_agent("agent-1");
  const std::string mine = created().session.id, other = created().session.id;
  gateway::ApiCaller joiner = anyone();
  joiner.operation = "join";
  joiner.session = mine;
  EXPECT_TRUE(run(unit_->join(joiner, mine, {})).has_value());
  EXPECT_EQ(run(unit_->join(joiner, other, {})).error().code, "token_scope");
  EXPECT_EQ(run(unit_->remove(joiner, mine, {})).error().code, "token_scope");
  EXPECT_EQ(run(unit_->create(joiner, request(), {})).error().code, "token_scope");
  EXPECT_EQ(run(unit_->share(joiner, mine, {})).error().code, "token_scope");
  EXPECT_EQ(run(unit_->set_config(joiner, {})).error().code, "token_scope");
  EXPECT_EQ(unit_->visible(joiner).size(), 1U);

  gateway::ApiCaller regional = anyone();
  regional.region = "eu-1";
  EXPECT_TRUE(run(unit_->create(regional, request(), {})).has_value());
  api::SessionRequest elsewhere = request();
  elsewhere.region = "us-1";
  EXPECT_EQ(run(unit_->create(regional, elsewhere, {})).error().code, "token_scope");
  EXPECT_EQ(unit_->visible(regional).size(), 3U);
  regional.region = "us-1";
  EXPECT_EQ(run(unit_->join(regional, mine, {})).error().code, "token_scope");
  EXPECT_TRUE(unit_->visible(regional).empty());

  gateway::ApiCaller reader = anyone();
  reader.allow = {api::GatewayOperation::read};
  EXPECT_TRUE(run(unit_->session(reader, mine)).has_value());
  EXPECT_EQ(run(unit_->remove(reader, mine, {})).error().code, "token_scope");
}

}  // namespace
}  // namespace redan::cloud::test
