// Every route with every kind of wrong caller.
#include "cloud/gateway/routes.hpp"
#include "tests/cloud/gateway/server_fixture.hpp"

namespace redan::cloud::test {
namespace {

class Callers : public ServerTest {
 protected:
  Callers() {
    add_agent("agent-1");
    session_ = std::string(make_session().at("id").as_string());
    other_ = std::string(make_session().at("id").as_string());
    const Answer made = ask("POST", "/1.0/sessions/" + session_ + "/share", R"({"type":"view"})");
    share_ = std::string(made.metadata().at("id").as_string());
    const std::string url(made.metadata().at("url").as_string());
    share_token_ = url.substr(url.find("token=") + 6);
    const Answer joined = ask("POST", "/1.0/sessions/" + session_ + "/join");
    socket_url_ = joined.metadata().at("url").as_string();
    socket_token_ = socket_url_.substr(socket_url_.find("token=") + 6);
  }
  /// A route's pattern with existing objects in place of the braces.
  [[nodiscard]] std::string path_of(const gateway::Route& route) const {
    std::string path(route.pattern);
    const std::size_t open = path.find('{');
    if (open == std::string::npos) return path;
    const bool of_share = path.find("/shares/") != std::string::npos;
    const bool of_account = path.find("/accounts/") != std::string::npos;
    const std::string value = of_account ? "web" : of_share ? share_ : session_;
    return path.replace(open, path.find('}') - open + 1, value);
  }
  static std::string body_of(const gateway::Route& route) {
    if (route.label == "create_new_session") return R"({"app":"com.example.demo"})";
    if (route.label == "share_session") return R"({"type":"view"})";
    if (route.label == "delete_sessions") return R"({"ids":["x"]})";
    if (route.label == "update_config") return R"({"config":{}})";
    if (route.label == "create_account") return R"({"name":"evil"})";
    return {};
  }
  Answer with(const gateway::Route& route, Headers headers, const std::string& query = {}) {
    return call(std::string(route.method), path_of(route) + query, body_of(route), std::move(headers));
  }
  static std::string describe(const gateway::Route& route) {
    return std::string(route.method) + " " + std::string(route.pattern);
  }
  static Headers macaroon(const std::string& token) { return {{"Authorization", "macaroon root=" + token}}; }

  std::string session_, other_, share_, share_token_, socket_url_, socket_token_;
};

TEST_F(Callers, OnlyOpenRoutesAcceptACallerWithoutAToken) {
  for (const gateway::Route& route : gateway::gateway_routes()) {
    const unsigned status = with(route, {}).status;
    if (route.label == "get_service_status") {
      EXPECT_EQ(status, 200U);
    } else if (route.label == "connect_share") {
      EXPECT_EQ(status, 400U);
    } else {
      EXPECT_EQ(status, 401U) << describe(route);
    }
  }
  for (const char* path : {"/", "/1.0", "/nowhere", "/metrics", "/internal/1.0/metrics"}) {
    EXPECT_EQ(call("GET", path, {}, {}).status, 401U) << path << ": strangers do not learn what there is";
  }
}

TEST_F(Callers, NoRouteAcceptsABadToken) {
  std::string tampered = token_;
  tampered[tampered.size() - 3] = tampered[tampered.size() - 3] == 'A' ? 'B' : 'A';
  auto relocated = token::Macaroon::parse(token_).value();
  relocated.location = "anbox-stream-agent";
  auto discharged = token::Macaroon::parse(token_).value();
  discharged.caveats.push_back({"ask", "https://elsewhere", "vid"});
  ASSERT_TRUE(run(unit_->create_account("gone", std::chrono::hours(1), {})).has_value());
  const std::pair<const char*, std::string> bad[] = {
      {"empty", ""},
      {"nonsense", "nonsense"},
      {"tampered", tampered},
      {"another location", relocated.text()},
      {"third party", discharged.text()},
      {"unknown caveat", narrowed(token_, "color=red")},
      {"another instance", narrowed(token_, "instance=i1")},
      {"contradiction", narrowed(narrowed(token_, "op=read"), "op=join")},
      {"expired by its holder", narrowed(token_, "2020-01-01T00:00:00Z")},
      {"a socket's", socket_token_},
      {"a share's", share_token_},
      {"huge", std::string(8000, 'A')}};
  for (const gateway::Route& route : gateway::gateway_routes()) {
    if (route.access == gateway::Access::open) continue;
    for (const auto& [what, token] : bad) {
      EXPECT_EQ(with(route, macaroon(token)).status, 401U) << describe(route) << " " << what;
      EXPECT_EQ(with(route, {}, "?api_token=" + net::percent_encode(token)).status, 401U)
          << describe(route) << " " << what;
    }
    for (const char* scheme : {"Bearer ", "Basic ", "macaroon discharge=", "root=", ""}) {
      EXPECT_EQ(with(route, {{"Authorization", scheme + token_}}).status, 401U) << describe(route) << " " << scheme;
    }
    EXPECT_EQ(with(route, {{"Authorization", "Bearer x"}}, "?api_token=" + token_).status, 401U)
        << "a header that is wrong is not overlooked";
  }
}

TEST_F(Callers, NoRouteAcceptsATokenThatExpiredOrWasRevoked) {
  const std::string gone = run(unit_->create_account("gone", std::chrono::hours(1), {}))->token;
  ASSERT_TRUE(run(unit_->remove_account("gone")).has_value());
  const std::string again = run(unit_->create_account("gone", std::chrono::hours(2), {}))->token;
  const auto all_answer = [&](const std::string& token, unsigned status, const char* what) {
    for (const gateway::Route& route : gateway::gateway_routes()) {
      if (route.access == gateway::Access::token) {
        EXPECT_EQ(with(route, macaroon(token)).status, status) << describe(route) << " " << what;
      }
    }
  };
  all_answer(gone, 401, "deleted, and made anew under the same name");
  wall_time_ += 3600;
  all_answer(token_, 401, "expired");
  EXPECT_EQ(ask_as(again, "GET", "/1.0/sessions").status, 200U);
}

TEST_F(Callers, BothSpellingsOfTheSchemeAndTheQueryAreAccepted) {
  for (const std::string& value : {"macaroon root=" + token_, "Macaroon root=" + token_, "MACAROON ROOT=" + token_,
                                   "macaroon root=\"" + token_ + "\""}) {
    EXPECT_EQ(call("GET", "/1.0/sessions", {}, {{"Authorization", value}}).status, 200U) << value;
  }
  EXPECT_EQ(call("GET", "/1.0/sessions?api_token=" + token_, {}, {}).status, 200U);
}

// The operation that each route requires; routes about a session get this one's id.
TEST_F(Callers, ARestrictedTokenIsAcceptedOnItsRoutesOnly) {
  const std::map<std::string_view, std::string_view> needed{
      {"create_new_session", "create"}, {"get_sessions", "read"},     {"delete_sessions", "delete"},
      {"get_session", "read"},          {"delete_session", "delete"}, {"join_session", "join"},
      {"share_session", "share"},       {"get_shares", "read"},       {"get_share", "share"},
      {"update_share", "share"},        {"delete_share", "share"},    {"get_applications", "read"},
      {"get_regions", "read"},          {"get_config", "read"},       {"update_config", "admin"}};
  for (const gateway::Route& route : gateway::gateway_routes()) {
    if (route.access != gateway::Access::token) continue;
    ASSERT_TRUE(needed.contains(route.label)) << describe(route) << ": say what it needs";
    for (const char* operation : {"read", "create", "join", "share", "delete", "admin", "fly"}) {
      if (operation == needed.at(route.label)) continue;
      const unsigned status = with(route, macaroon(narrowed(token_, "op=" + std::string(operation)))).status;
      // A batch reports the refusal for each session separately.
      EXPECT_TRUE(status == 403 || (route.label == "delete_sessions" && status == 404)) << describe(route) << operation;
    }
  }
  const auto as = [&](const char* operation) { return narrowed(token_, "op=" + std::string(operation)); };
  EXPECT_EQ(ask_as(as("read"), "GET", "/1.0/sessions/" + session_).status, 200U);
  EXPECT_EQ(ask_as(as("join"), "POST", "/1.0/sessions/" + session_ + "/join").status, 200U);
  EXPECT_EQ(ask_as(as("create"), "POST", "/1.0/sessions", R"({"app":"com.example.demo"})").status, 201U);
  EXPECT_EQ(ask_as(as("share"), "POST", "/1.0/sessions/" + session_ + "/share", R"({"type":"view"})").status, 200U);
  EXPECT_EQ(ask_as(as("admin"), "PATCH", "/1.0/config", R"({"config":{}})").status, 403U) << "it is no administrator";
  const std::string boss =
      run(unit_->create_account("boss", std::chrono::hours(1), {api::GatewayOperation::admin}))->token;
  EXPECT_EQ(ask_as(narrowed(boss, "op=admin"), "PATCH", "/1.0/config", R"({"config":{}})").status, 200U);
  EXPECT_EQ(ask_as(as("delete"), "DELETE", "/1.0/sessions", R"({"ids":[")" + other_ + R"("]})").status, 202U);
  EXPECT_EQ(ask_as(as("delete"), "DELETE", "/1.0/sessions/" + session_).status, 200U);
}

TEST_F(Callers, ATokenForOneSessionGivesAccessToNoOther) {
  const std::string mine = narrowed(token_, "session=" + session_);
  EXPECT_EQ(ask_as(mine, "GET", "/1.0/sessions/" + session_).status, 200U);
  EXPECT_EQ(ask_as(mine, "GET", "/1.0/sessions").body.at("total_size"), 1);
  EXPECT_EQ(ask_as(mine, "GET", "/1.0/shares").body.at("total_size"), 1);
  const std::string elsewhere = narrowed(token_, "session=" + other_);
  for (const auto& [method, path] :
       {std::pair("GET", ""), std::pair("DELETE", ""), std::pair("POST", "/join"), std::pair("POST", "/share")}) {
    const Answer refused = ask_as(elsewhere, method, "/1.0/sessions/" + session_ + path, R"({"type":"view"})");
    EXPECT_EQ(refused.status, 403U) << method << path;
    EXPECT_EQ(refused.code, "token_scope");
  }
  EXPECT_EQ(ask_as(elsewhere, "DELETE", "/1.0/sessions", R"({"ids":[")" + session_ + R"("]})").status, 403U);
  EXPECT_EQ(ask_as(elsewhere, "GET", "/1.0/shares/" + share_).status, 404U);
  EXPECT_EQ(ask_as(elsewhere, "GET", "/1.0/shares").body.at("total_size"), 0);
  EXPECT_EQ(ask_as(mine, "POST", "/1.0/sessions", R"({"app":"com.example.demo"})").status, 403U);
  EXPECT_EQ(ask_as(mine, "GET", "/1.0/config").status, 403U);
  EXPECT_EQ(ask_as(mine, "GET", "/metrics").status, 403U);
}

// Sockets.

TEST_F(Callers, ASocketOpensOnlyWithItsOwnToken) {
  const std::string path = "/1.0/session/" + session_ + "/sockets/slave";
  const std::string elsewhere = "/1.0/session/" + other_ + "/sockets/slave";
  std::string tampered = socket_token_;
  tampered[tampered.size() - 3] = tampered[tampered.size() - 3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refused_socket(path), 401U);
  EXPECT_EQ(refused_socket(path + "?token="), 401U);
  EXPECT_EQ(refused_socket(path + "?token=nonsense"), 401U);
  EXPECT_EQ(refused_socket(path + "?token=" + tampered), 401U);
  EXPECT_EQ(refused_socket(path + "?token=" + token_), 401U) << "the API's";
  EXPECT_EQ(refused_socket(path + "?api_token=" + token_), 401U);
  EXPECT_EQ(refused_socket(path + "?token=" + narrowed(narrowed(token_, "session=" + session_), "op=signal")), 401U);
  EXPECT_EQ(refused_socket(path + "?token=" + share_token_), 401U) << "the link's";
  EXPECT_EQ(refused_socket(elsewhere + "?token=" + socket_token_), 403U) << "another session's";
  EXPECT_EQ(refused_socket("/1.0/session/" + session_ + "/sockets/adb?token=" + socket_token_), 403U)
      << "for the stream";
  EXPECT_EQ(refused_socket("/1.0/session/" + session_ + "/sockets/other?token=" + socket_token_), 404U);
  EXPECT_EQ(refused_socket("/1.0/sessions?token=" + socket_token_), 404U);
  EXPECT_EQ(refused_socket(path + "?token=" + socket_token_), 101U);
  wall_time_ += 300;
  EXPECT_EQ(refused_socket(path + "?token=" + socket_token_), 401U) << "expired";
}

TEST_F(Callers, AViewersTokenCannotBecomeAControllers) {
  const std::string viewer = [&] {
    const Answer connected =
        call("GET", "/1.0/sessions/" + session_ + "/connect?type=view&token=" + share_token_, {}, {});
    const std::string url(connected.metadata().at("url").as_string());
    return url.substr(url.find("token=") + 6);
  }();
  const std::string path = "/1.0/session/" + session_ + "/sockets/slave?token=";
  EXPECT_EQ(refused_socket(path + narrowed(viewer, "op=signal")), 403U);
  auto changed = token::Macaroon::parse(viewer).value();
  changed.caveats[1].identifier = "op=signal";
  EXPECT_EQ(refused_socket(path + changed.text()), 401U);
  ASSERT_EQ(refused_socket(path + viewer), 101U);
  ASSERT_TRUE(until([&] { return !agents_[0]->heard().empty(); }));
  EXPECT_EQ(api::parse<api::LinkHello>(agents_[0]->heard()[0])->role, api::LinkHello::Role::viewer);
}

}  // namespace
}  // namespace redan::cloud::test
