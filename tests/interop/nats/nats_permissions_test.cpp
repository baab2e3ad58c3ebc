// The configuration in docs/protocols/bus.md: each unit can do its part, and nothing else.
#include <fstream>
#include <iterator>

#include "cloud/errors.hpp"
#include "tests/interop/nats/nats_fixture.hpp"

namespace redan::cloud::test {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string documented_configuration() {
  std::ifstream file(std::string(REDAN_TESTS_DIR) + "/../docs/protocols/bus.md");
  const std::string document{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string_view begin_mark = "```conf\n";
  const std::size_t begin = document.find(begin_mark) + begin_mark.size();
  std::string text = document.substr(begin, document.find("```", begin) - begin);
  replace_all(text, "0.0.0.0:4222", "@listen@");
  replace_all(text, "/etc/nats/", "");
  replace_all(text, "PUT-THE-TOKEN-HERE", kToken);
  return text;
}

NatsServers& servers() {
  static const auto only = [] {
    NatsServers::Options options;
    options.whole = documented_configuration();
    return std::make_unique<NatsServers>(1, options);
  }();
  return *only;
}

class NatsPermissions : public NatsFixture {
 protected:
  std::unique_ptr<Unit> join(const std::string& who) {
    bus::NatsConfig config = servers().config(who);
    config.inbox = "_INBOX." + who;
    return connect(std::move(config));
  }
  /// Whether the server has refused this operation of `unit`.
  bool refused(const Unit& unit, const std::string& what) {
    return until([&] {
      return std::any_of(unit.statuses.begin(), unit.statuses.end(), [&](const bus::NatsStatus& status) {
        return status.connected && status.why == errc::bus_refused && status.detail.find(what) != std::string::npos;
      });
    });
  }
  void expect_no_subscription(Unit& unit, const std::string& pattern, const std::string& queue = {}) {
    const auto subscription = unit.bus->subscribe(
        pattern, [](const bus::BusMessage&) {}, queue);
    const std::string behind = queue.empty() ? "" : " using queue \"" + queue + "\"";
    EXPECT_TRUE(refused(unit, "Subscription to \"" + pattern + "\"" + behind)) << pattern << said(unit);
  }
  void expect_no_publication(Unit& unit, const std::string& subject) {
    EXPECT_TRUE(unit.bus->publish(subject, "x"));
    EXPECT_TRUE(refused(unit, "Publish to \"" + subject + "\"")) << subject;
  }
  void expect_heard(Unit& from, const std::string& subject, Unit& to, const std::string& pattern) {
    Heard heard;
    const auto subscription = to.bus->subscribe(pattern, heard.tell());
    EXPECT_TRUE(publish_until(
        *from.bus, subject, [&] { return !heard.messages.empty(); }, 2s))
        << subject << said(from) << said(to);
  }
  void expect_answered(Unit& from, const std::string& subject, Unit& to, const std::string& pattern = {},
                       const std::string& queue = {}) {
    const auto echo = to.bus->subscribe(
        pattern.empty() ? subject : pattern,
        [&](const bus::BusMessage& message) { EXPECT_TRUE(to.bus->publish(message.reply_to, message.payload)); },
        queue);
    run_for(io_, 50ms);
    EXPECT_EQ(wait(ask(io_, *from.bus, subject, "x", 2s)), "x") << subject << said(from) << said(to);
  }
};

TEST_F(NatsPermissions, EveryUnitHasItsPermissions) {
  const auto gateway = join("gateway");
  const auto one = join("agent-1");
  const auto two = join("agent-2");
  expect_heard(*one, "as.v1.agent.agent-1.announce", *gateway, "as.v1.agent.*.announce");
  expect_heard(*one, "as.v1.agent.agent-1.announce", *two, "as.v1.agent.*.announce");
  expect_heard(*gateway, "as.v1.agent.hello", *one, "as.v1.agent.hello");
  expect_answered(*gateway, "as.v1.agent.agent-1.create", *one);
  expect_answered(*gateway, "as.v1.agent.agent-2.create", *two);
  expect_answered(*one, "as.v1.agent.agent-1.claim", *gateway, "as.v1.agent.*.claim", "gateways");
  expect_answered(*two, "as.v1.agent.agent-2.state", *gateway, "as.v1.agent.*.state", "gateways");
  expect_answered(*gateway, "as.v1.session.s1.ctl", *one);
  expect_heard(*gateway, "as.v1.session.s1.down", *one, "as.v1.session.s1.down");
  expect_heard(*one, "as.v1.session.s1.up", *gateway, "as.v1.session.s1.up");
  expect_heard(*one, "as.v1.session.s1.ready", *gateway, "as.v1.session.s1.ready");
  for (const Unit* unit : {gateway.get(), one.get(), two.get()}) EXPECT_EQ(unit->statuses.size(), 1U) << said(*unit);
}

TEST_F(NatsPermissions, AnAgentReceivesNoMessagesForOthers) {
  const auto agent = join("agent-1");
  expect_no_subscription(*agent, ">");
  expect_no_subscription(*agent, "as.v1.>");
  expect_no_subscription(*agent, "_INBOX.>");
  expect_no_subscription(*agent, "_INBOX.gateway.>");
  expect_no_subscription(*agent, "_INBOX.agent-2.>");
  expect_no_subscription(*agent, "as.v1.agent.agent-2.create");
  expect_no_subscription(*agent, "as.v1.agent.*.create");
  expect_no_subscription(*agent, "as.v1.agent.*.claim");
  expect_no_subscription(*agent, "as.v1.agent.*.claim", "gateways");
  expect_no_subscription(*agent, "as.v1.session.s1.up");
  EXPECT_EQ(agent->connections(), 1U);
}

TEST_F(NatsPermissions, AnAgentCannotPublishForOthers) {
  const auto agent = join("agent-1");
  expect_no_publication(*agent, "as.v1.agent.hello");
  expect_no_publication(*agent, "as.v1.agent.agent-2.create");
  for (const char* leaf : {"announce", "claim", "state"}) {
    expect_no_publication(*agent, std::string("as.v1.agent.agent-2.") + leaf);
  }
  expect_no_publication(*agent, "as.v1.session.s1.ctl");
  expect_no_publication(*agent, "as.v1.session.s1.down");
  expect_no_publication(*agent, "_INBOX.gateway.0123.1");
  EXPECT_EQ(agent->connections(), 1U);
}

TEST_F(NatsPermissions, AGatewayMaySubscribeOnlyThroughItsQueue) {
  const auto gateway = join("gateway");
  expect_no_subscription(*gateway, "as.v1.agent.*.claim");
  expect_no_subscription(*gateway, "as.v1.agent.agent-1.create");
  expect_no_subscription(*gateway, "_INBOX.agent-1.>");
  expect_no_publication(*gateway, "as.v1.agent.agent-1.announce");
  expect_no_publication(*gateway, "as.v1.session.s1.up");
}

TEST_F(NatsPermissions, ARequestThatIsNotPermittedIsRefusedAtOnce) {
  const auto agent = join("agent-1");
  const auto begin = SteadyClock::now();
  EXPECT_EQ(wait(ask(io_, *agent->bus, "as.v1.agent.agent-2.create", "", 60s)), refuse(errc::bus_refused));
  EXPECT_LT(SteadyClock::now() - begin, 2s);
  // Only that one.
  EXPECT_EQ(wait(ask(io_, *agent->bus, "as.v1.agent.agent-1.claim", "")), refuse(errc::bus_no_responders));
}

TEST_F(NatsPermissions, OneRequestIsAnsweredOnce) {
  const auto gateway = join("gateway");
  const auto agent = join("agent-1");
  std::string reply_to;
  const auto subscription = agent->bus->subscribe("as.v1.agent.agent-1.create", [&](const bus::BusMessage& message) {
    reply_to = message.reply_to;
    EXPECT_TRUE(agent->bus->publish(reply_to, "answer"));
  });
  run_for(io_, 50ms);
  EXPECT_EQ(wait(ask(io_, *gateway->bus, "as.v1.agent.agent-1.create", "")), "answer");
  EXPECT_TRUE(reply_to.starts_with("_INBOX.gateway."));
  expect_no_publication(*agent, reply_to);
}

TEST_F(NatsPermissions, AUnitCannotReadAnotherUnitsInbox) {
  const auto agent = start(servers().config("agent-1"));
  EXPECT_TRUE(refused(*agent, "Subscription to \"_INBOX."));
  EXPECT_TRUE(until([&] { return agent->bus->is_connected(); }));
  EXPECT_EQ(wait(ask(io_, *agent->bus, "as.v1.agent.agent-1.claim", "", 60s)), refuse(errc::bus_refused));
}

TEST_F(NatsPermissions, ACertificateThatNamesNoUserIsRefused) {
  EXPECT_EQ(failure(servers().config("nobody")).why, errc::bus_refused);
}

TEST_F(NatsPermissions, ACertificateWithoutTheTokenIsRefused) {
  bus::NatsConfig config = servers().config("agent-1");
  config.token = {};
  EXPECT_EQ(failure(std::move(config)).why, errc::bus_refused);
  bus::NatsConfig wrong = servers().config("agent-1");
  wrong.token = Secret<256>(as_bytes("another"));
  EXPECT_EQ(failure(std::move(wrong)).why, errc::bus_refused);
}

}  // namespace

}  // namespace redan::cloud::test
