// Accounts, settings and stores, with one unit and with two that share a store.
#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "tests/cloud/gateway/gateway_fixture.hpp"

namespace redan::cloud::test {
namespace {

using std::chrono::seconds;

class Units : public GatewayTest {
 protected:
  gateway::Gateway::NewAccount account(const std::string& name, std::vector<api::GatewayOperation> allow = {}) {
    auto made = run(unit_->create_account(name, seconds(3600), std::move(allow)));
    if (!made) throw std::runtime_error("no account: " + made.error().message);
    return *made;
  }
  static std::string verdict(const Result<gateway::ApiCaller>& caller) {
    return caller ? "admitted " + std::string(api::account_name(caller->account)) : std::string(name(caller.error()));
  }
};

TEST_F(Units, ATokenIsValidAtOnceUntilItsAccountIsDeleted) {
  const std::string token = account("web").token;
  EXPECT_EQ(verdict(unit_->admit(token)), "admitted web");
  ASSERT_TRUE(run(unit_->remove_account("web")).has_value());
  EXPECT_EQ(verdict(unit_->admit(token)), "token_revoked");
  EXPECT_EQ(run(unit_->remove_account("web")).error().status, 404U);
  EXPECT_EQ(run(unit_->remove_account("../sessions/x")).error().status, 404U);
}

TEST_F(Units, ATokenOfAFormerAccountOfTheSameNameIsRefused) {
  const std::string former = account("web").token;
  ASSERT_TRUE(run(unit_->remove_account("web")).has_value());
  const std::string token = account("web").token;
  EXPECT_EQ(verdict(unit_->admit(former)), "token_revoked");
  EXPECT_EQ(verdict(unit_->admit(token)), "admitted web");
}

TEST_F(Units, ATokenExpires) {
  const std::string token = account("web").token;
  wall_time_ += 3600;
  EXPECT_EQ(verdict(unit_->admit(token)), "token_expired");
}

TEST_F(Units, AnAccountIsCreatedOnceWithAValidNameAndLifetime) {
  account("web");
  EXPECT_EQ(run(unit_->create_account("web", seconds(60), {})).error().status, 409U);
  for (const char* wrong : {"", "a/b", "-a", "a b"}) {
    EXPECT_EQ(run(unit_->create_account(wrong, seconds(60), {})).error().status, 400U) << wrong;
  }
  EXPECT_EQ(run(unit_->create_account("x", seconds(0), {})).error().status, 400U);
  EXPECT_EQ(run(unit_->create_account("x", std::chrono::hours(24 * 366 * 11), {})).error().status, 400U);
}

TEST_F(Units, AnAccountMayBeRestricted) {
  const auto caller = unit_->admit(account("web", {api::GatewayOperation::read}).token);
  ASSERT_TRUE(caller.has_value());
  EXPECT_TRUE(caller->may(api::GatewayOperation::read).has_value());
  EXPECT_FALSE(caller->may(api::GatewayOperation::create).has_value());
}

TEST_F(Units, AllUnitsLearnOfAnAccountAndItsDeletion) {
  gateway::Gateway* second = make_unit();
  const std::string token = account("web").token;
  ASSERT_TRUE(until([&] { return second->accounts().contains("web"); }));
  EXPECT_EQ(verdict(second->admit(token)), "admitted web") << "the root key is the same";
  ASSERT_TRUE(run(second->remove_account("web")).has_value());
  ASSERT_TRUE(until([&] { return unit_->accounts().empty(); }));
  EXPECT_EQ(verdict(unit_->admit(token)), "token_revoked");
}

TEST_F(Units, NoCallerIsAdmittedWhenTheStoreIsStale) {
  const std::string token = account("web").token;
  ahead_ += seconds(58);
  EXPECT_EQ(verdict(unit_->admit(token)), "admitted web");
  ahead_ += seconds(3);
  EXPECT_EQ(verdict(unit_->admit(token)), "trust_stale");
  EXPECT_TRUE(until([&] { return unit_->admit(token).has_value(); })) << "the store is heard again";
}

TEST_F(Units, ADamagedAccountRecordAdmitsNoCaller) {
  const std::string token = account("web").token;
  ASSERT_TRUE(run(store_->put("/gateway/1.0/accounts/web", "{damaged")).has_value());
  EXPECT_TRUE(until([&] { return verdict(unit_->admit(token)) == "token_revoked"; }));
}

TEST_F(Units, AUnitDoesNotStartWithADamagedRootKey) {
  ASSERT_TRUE(run(store_->put("/gateway/1.0/secrets/root", "c2hvcnQ=")).has_value());
  gateway::Config config;
  gateway::Gateway unit(io_, config, *store_, *bus_, *provider_);
  EXPECT_EQ(run(unit.start()).error(), errc::store_failed);
  EXPECT_FALSE(unit.started());
}

TEST_F(Units, TheRootKeyIsSealedInTheStore) {
  const auto entry = run(store_->get("/gateway/1.0/secrets/root"));
  ASSERT_TRUE(entry && *entry);
  EXPECT_TRUE((*entry)->value.starts_with("sealed:")) << (*entry)->value;
}

TEST_F(Units, APlaintextRootKeyIsSealedAndItsTokensStayValid) {
  const std::string token = account("web").token;
  const auto sealed = run(store_->get("/gateway/1.0/secrets/root"));
  const Secret<64> root = secrets_key_->open("/gateway/1.0/secrets/root", (*sealed)->value).value();
  ASSERT_TRUE(run(store_->put("/gateway/1.0/secrets/root", to_base64(root.expose()))).has_value());
  unit_->stop();
  unit_ = make_unit();
  EXPECT_EQ(verdict(unit_->admit(token)), "admitted web");
  EXPECT_TRUE((*run(store_->get("/gateway/1.0/secrets/root")))->value.starts_with("sealed:"));
}

TEST_F(Units, AUnitWithAnotherSecretsKeyDoesNotStart) {
  gateway::Config config;
  std::string said;
  config.log = [&](std::string_view line) { said += line; };
  gateway::Gateway unit(io_, config, *store_, *bus_, *provider_);
  EXPECT_EQ(run(unit.start()).error(), errc::store_failed);
  EXPECT_NE(said.find("give it the key file that the other units have"), std::string::npos) << said;
}

TEST_F(Units, ARestartKeepsAccountsSessionsAndSettings) {
  add_agent("agent-1");
  const std::string token = account("web").token;
  const api::SessionGrant grant = created();
  const api::json::object change{{"core.socket_token_lifetime", 60}};
  ASSERT_TRUE(run(unit_->set_config(anyone(), change)).has_value());
  unit_->stop();
  unit_ = make_unit();
  EXPECT_EQ(verdict(unit_->admit(token)), "admitted web");
  EXPECT_EQ(unit_->config().number(gateway::setting::kSocketTokenLife), 60);
  EXPECT_TRUE(admitted(grant).has_value());
  EXPECT_TRUE(run(unit_->join(anyone(), grant.session.id, {})).has_value());
}

TEST_F(Units, EveryUnitServesEverySession) {
  ScriptedAgent& agent = add_agent("agent-1");
  gateway::Gateway* second = make_unit();
  const api::SessionGrant grant = created();
  const auto joined = run(second->join(anyone(), grant.session.id, {}));
  ASSERT_TRUE(joined.has_value());
  const auto admission = run(second->admit_socket(token_of(grant), grant.session.id));
  ASSERT_TRUE(admission.has_value()) << "the first unit's token";
  Received received;
  const auto client = second->relay().attach(admission->claims, received.port());
  second->relay().receive(*client, "discover");
  ASSERT_TRUE(until([&] { return agent.heard().size() == 2; }));
  agent.say(grant.session.id, "resp");
  ASSERT_TRUE(until([&] { return !received.texts.empty(); }));
  ASSERT_TRUE(run(unit_->remove(anyone(), grant.session.id, {})).has_value());
  ASSERT_TRUE(until([&] { return received.closed; })) << "deleted at the first unit";
}

TEST_F(Units, SettingsAreValidatedAndShared) {
  gateway::Gateway* second = make_unit();
  const auto set = [&](const api::json::object& change) { return run(unit_->set_config(anyone(), change)); };
  EXPECT_EQ(set({{"core.nothing", 1}}).error().status, 400U);
  EXPECT_EQ(set({{"core.socket_token_lifetime", 5}}).error().status, 400U);
  EXPECT_EQ(set({{"core.https_allowed_origin", "https://a\r\n"}}).error().status, 400U);
  ASSERT_TRUE(
      set({{"core.https_allowed_origin", "https://a.example"}, {"core.socket_token_lifetime", 60}}).has_value());
  EXPECT_TRUE(until([&] { return second->config().allowed_origin("https://a.example") == "https://a.example"; }));
  ASSERT_TRUE(set({{"core.https_allowed_origin", ""}}).has_value());
  EXPECT_EQ(unit_->config().allowed_origin("https://b.example"), "*");
  EXPECT_EQ(unit_->config().number(gateway::setting::kSocketTokenLife), 60);
}

TEST_F(Units, AStoppingUnitNotifiesItsClientsAndAcceptsNoSession) {
  add_agent("agent-1");
  const api::SessionGrant grant = created();
  Received received;
  ASSERT_TRUE(unit_->relay().attach(admitted(grant).value(), received.port()).has_value());
  unit_->stop();
  EXPECT_TRUE(received.closed);
  ASSERT_EQ(received.texts.size(), 1U);
  EXPECT_NE(received.texts[0].find("stopping"), std::string::npos);
  EXPECT_EQ(refused_create().status, 503U);
  EXPECT_FALSE(run(unit_->admit_socket(token_of(grant), grant.session.id))->over.empty());
}

}  // namespace
}  // namespace redan::cloud::test
