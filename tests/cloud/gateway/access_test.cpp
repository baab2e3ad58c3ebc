// Access control: every route of the gateway with every kind of caller, as a table.
#include "cloud/gateway/routes.hpp"
#include "tests/cloud/gateway/server_fixture.hpp"

namespace redan::cloud::test {
namespace {

class Access : public ServerTest {
 protected:
  Access() {
    add_agent("agent-1");
    callers_ = {{"no token", ""},
                {"other tenant", token_for("other", std::chrono::hours(2))},
                {"expired", token_for("expired", std::chrono::seconds(60))},
                {"revoked", token_for("revoked", std::chrono::hours(2))},
                {"narrowed", ""},
                {"owner", token_for("owner", std::chrono::hours(2))},
                {"administrator", token_for("boss", std::chrono::hours(2), {api::GatewayOperation::admin})}};
    wall_time_ += 60;
    EXPECT_TRUE(run(unit_->remove_account("revoked")).has_value());
    token_ = callers_[5].second;
    elsewhere_ = make_session().at("id").as_string();
    callers_[4].second = narrowed(token_, "session=" + elsewhere_);
  }
  std::string token_for(const std::string& name, std::chrono::seconds life,
                        std::vector<api::GatewayOperation> allow = {}) {
    return run(unit_->create_account(name, life, std::move(allow), {1000, 1000})).value().token;
  }

  /// Requests the route for a newly created session and share of the owner.
  unsigned status_of(const gateway::Route& route, const std::string& token) {
    const std::string session(make_session().at("id").as_string());
    const Answer made = ask("POST", "/1.0/sessions/" + session + "/share", R"({"type":"view"})");
    std::string path(route.pattern);
    if (const std::size_t open = path.find('{'); open != std::string::npos) {
      const bool of_share = path.find("/shares/") != std::string::npos;
      const bool of_account = path.find("/accounts/") != std::string::npos;
      const std::string share(made.metadata().at("id").as_string());
      path.replace(open, path.find('}') - open + 1, of_account ? "web" : of_share ? share : session);
    }
    Headers headers;
    if (!token.empty()) headers.push_back({"Authorization", "macaroon root=" + token});
    return call(std::string(route.method), path, body_of(route, session), std::move(headers)).status;
  }
  static std::string body_of(const gateway::Route& route, const std::string& session) {
    if (route.label == "create_new_session") return R"({"app":"com.example.demo"})";
    if (route.label == "share_session") return R"({"type":"view"})";
    if (route.label == "delete_sessions") return R"({"ids":[")" + session + R"("]})";
    if (route.label == "update_config") return R"({"config":{}})";
    if (route.label == "create_account") return R"({"name":"evil"})";
    return {};
  }

  std::vector<std::pair<std::string, std::string>> callers_;  ///< kind of caller, and its token
  std::string elsewhere_;
};

/// Whether a route accepts this kind of caller. Lists are open to every token, and contain its own sessions.
bool expects(const gateway::Route& route, const std::string& caller) {
  if (route.label == "get_service_status") return true;
  if (route.access == gateway::Access::local || route.label == "connect_share") return false;
  if (caller == "administrator") return true;
  if (caller == "owner") return route.label != "update_config";
  const bool list = route.label == "get_sessions" || route.label == "get_shares";
  if (caller == "narrowed") return list;
  const bool shared_by_all =
      route.label == "get_applications" || route.label == "get_regions" || route.label == "get_config";
  return caller == "other tenant" && (list || shared_by_all || route.label == "create_new_session");
}

TEST_F(Access, NoCallerGetsAnswersOfAnother) {
  std::printf("%-36s", "");
  for (const auto& [what, token] : callers_) std::printf("  %-13s", what.c_str());
  for (const gateway::Route& route : gateway::gateway_routes()) {
    const std::string shown = std::string(route.method) + " " + std::string(route.pattern);
    std::printf("\n%-36s", shown.c_str());
    for (const auto& [what, token] : callers_) {
      const unsigned status = status_of(route, token);
      std::printf("  %-13u", status);
      EXPECT_EQ(status / 100 == 2, expects(route, what)) << shown << " " << what << ": " << status;
    }
  }
  std::printf("\n");
}

TEST_F(Access, ListsContainOnlyTheCallersSessionsAndShares) {
  ask("POST", "/1.0/sessions/" + elsewhere_ + "/share", R"({"type":"view"})");
  for (const char* list : {"/1.0/sessions", "/1.0/shares"}) {
    EXPECT_EQ(ask_as(callers_[1].second, "GET", list).body.at("total_size"), 0) << list;
    EXPECT_EQ(ask("GET", list).body.at("total_size"), 1) << list;
    EXPECT_EQ(ask_as(callers_[6].second, "GET", list).body.at("total_size"), 1) << list;
    EXPECT_EQ(local("GET", list).body.at("total_size"), 1) << list << ": the Unix socket is an administrator";
  }
}

TEST_F(Access, AnothersSessionAppearsNotToExist) {
  const std::string unknown = "d1k2v9f3pn6a8q46tb00";
  for (const auto& [method, rest] :
       {std::pair("GET", ""), std::pair("DELETE", ""), std::pair("POST", "/join"), std::pair("POST", "/share")}) {
    const std::string path = "/1.0/sessions/";
    const Answer theirs = ask_as(callers_[1].second, method, path + elsewhere_ + rest, R"({"type":"view"})");
    const Answer none = ask_as(callers_[1].second, method, path + unknown + rest, R"({"type":"view"})");
    EXPECT_EQ(theirs.status, 404U) << method << rest;
    EXPECT_EQ(theirs.code, "session_unknown");
    EXPECT_EQ(theirs.raw.body, none.raw.body);
  }
}

TEST_F(Access, AQuotaIsSetWithTheAccountAndShown) {
  const Answer made = local("POST", "/internal/1.0/accounts", R"({"name":"small","max_sessions":1,"max_shares":2})");
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  EXPECT_EQ(made.metadata().at("max_sessions"), 1);
  EXPECT_EQ(made.metadata().at("max_shares"), 2);
  const std::string token(made.metadata().at("token").as_string());
  const std::string body = R"({"app":"com.example.demo"})";
  EXPECT_EQ(ask_as(token, "POST", "/1.0/sessions", body).status, 201U);
  const Answer refused = ask_as(token, "POST", "/1.0/sessions", body);
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(refused.code, "too_many_sessions");
  for (const char* wrong : {"-1", "100001", "\"many\""}) {
    const std::string text = R"({"name":"wrong","max_sessions":)" + std::string(wrong) + "}";
    EXPECT_EQ(local("POST", "/internal/1.0/accounts", text).status, 400U) << wrong;
  }
}

TEST_F(Access, ADeletedAccountsLiveSocketIsClosed) {
  const std::string url(make_session().at("url").as_string());
  const auto socket = open(url);
  ASSERT_TRUE(socket.has_value());
  ASSERT_EQ(local("DELETE", "/internal/1.0/accounts/owner").status, 200U);
  EXPECT_TRUE(until([&] { return (*socket)->closed; }, std::chrono::seconds(1)));
  EXPECT_EQ((*socket)->texts, std::vector{gateway::signalling_error("the account or the share was deleted")});
  EXPECT_EQ(refused_socket(url), 401U);
}

}  // namespace
}  // namespace redan::cloud::test
