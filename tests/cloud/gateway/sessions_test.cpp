// Creating, joining and ending sessions, with agents that keep to the protocol and agents that do not.
#include <boost/json/parse.hpp>

#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using api::SessionStatus;
using Manner = ScriptedAgent::Manner;

TEST_F(GatewayTest, ASessionIsGivenWithItsUrlAndIceServers) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  EXPECT_EQ(grant.session.region, "eu-1");
  EXPECT_TRUE(grant.url.starts_with("wss://gw.example:4000/1.0/session/" + grant.session.id + "/sockets/slave?token="));
  ASSERT_EQ(grant.ice_servers.size(), 1U);
  const api::SessionSpec& spec = agent.specs().at(grant.session.id);
  EXPECT_EQ(spec.fence, 1);
  EXPECT_EQ(spec.app, "com.example.demo");
  EXPECT_EQ(grant.ice_servers[0].username, "1893456000:" + spec.client);
  const api::Session session = stored(grant.session.id);
  EXPECT_EQ(session.agent, "agent-1");
  EXPECT_EQ(session.instance, "i-" + session.id);
  EXPECT_EQ(session.cluster, "cluster-1");
}

TEST_F(GatewayTest, SignallingGoesBothWaysAndAClosedSocketEndsOnlyTheLink) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  const auto claims = admitted(grant);
  ASSERT_TRUE(claims.has_value()) << claims.error().message;
  Received received;
  const auto client = unit_->relay().attach(*claims, received.port());
  ASSERT_TRUE(client.has_value());
  unit_->relay().receive(*client, R"({"type":"discover"})");
  ASSERT_TRUE(until([&] { return agent.heard().size() == 2; }));
  EXPECT_EQ(api::parse<api::LinkHello>(agent.heard()[0])->role, api::LinkHello::Role::controller);
  EXPECT_EQ(agent.heard()[1], R"({"type":"discover"})");
  agent.say(grant.session.id, R"({"type":"resp:discover"})");
  ASSERT_TRUE(until([&] { return received.texts.size() == 1; }));
  EXPECT_EQ(received.texts[0], R"({"type":"resp:discover"})");
  unit_->relay().detach(*client);
  ASSERT_TRUE(until([&] { return agent.ended().size() == 1; }));
  EXPECT_EQ(unit_->relay().clients(), 0U);
  EXPECT_EQ(stored(grant.session.id).status, SessionStatus::created);
}

TEST_F(GatewayTest, ADeletedSessionTellsItsClientsBeforeTheirSocketsClose) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  const auto claims = admitted(grant);
  Received received;
  ASSERT_TRUE(unit_->relay().attach(*claims, received.port()).has_value());
  ASSERT_TRUE(run(unit_->remove(anyone(), grant.session.id, {})).has_value());
  ASSERT_TRUE(until([&] { return received.closed; }));
  ASSERT_EQ(received.texts.size(), 1U);
  EXPECT_EQ(boost::json::parse(received.texts[0]).at("type"), "error");
  EXPECT_EQ(agent.commands().at(0).kind, api::Command::Kind::remove);
  ASSERT_TRUE(run(agent.report(grant.session.id, SessionStatus::terminated)).has_value());
  EXPECT_EQ(stored(grant.session.id).status, SessionStatus::terminated);
}

TEST_F(GatewayTest, JoiningGivesFreshCredentialsToAnotherClient) {
  ScriptedAgent& agent = add_agent("agent-1");
  const api::SessionGrant grant = created();
  const auto joined = run(unit_->join(anyone(), grant.session.id, {640, 480, 30, 160}));
  ASSERT_TRUE(joined.has_value()) << joined.error().message;
  EXPECT_NE(joined->ice_servers[0].username, grant.ice_servers[0].username);
  const auto claims = admitted(*joined);
  ASSERT_TRUE(claims.has_value());
  EXPECT_EQ(claims->screen.width, 640);
  EXPECT_EQ(claims->client, agent.commands().at(0).client);
}

TEST_F(GatewayTest, AnAgentThatDoesNotAnswerIsNotFollowedByAnother) {
  ScriptedAgent& silent = add_agent("agent-1");
  ScriptedAgent& other = add_agent("agent-2");
  silent.manner = Manner::is_silent;
  other.announcement().sessions = 5;
  other.announce();
  ASSERT_TRUE(until([&] { return unit_->agents().find("agent-2")->sessions == 5; }));
  const auto granted = run(unit_->create(anyone(), request(), {}));
  ASSERT_FALSE(granted.has_value());
  EXPECT_EQ(granted.error().status, 503U);
  EXPECT_EQ(silent.asked(), 1);
  EXPECT_EQ(other.asked(), 0);
  ASSERT_EQ(silent.specs().size(), 1U);
  const api::Session session = stored(silent.specs().begin()->first);
  EXPECT_EQ(session.status, SessionStatus::error);
  EXPECT_EQ(session.fence, 2);
  // What it did too late is refused, and it is told to end it.
  const auto late = run(silent.report(session.id, SessionStatus::active));
  EXPECT_EQ(api::parse_reply(*late).error().code, "session_unknown");
  const auto claimed = run(silent.claim(session.id));
  EXPECT_EQ(api::parse_reply(*claimed).error().code, "session_unknown");
  ASSERT_TRUE(until([&] { return !silent.commands().empty(); }));
  EXPECT_EQ(silent.commands()[0].kind, api::Command::Kind::remove);
  EXPECT_EQ(silent.commands()[0].fence, 1);
}

}  // namespace
}  // namespace redan::cloud::test
