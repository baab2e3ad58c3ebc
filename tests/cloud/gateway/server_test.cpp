// The routes, over TLS and the Unix socket.
#include "net/errors.hpp"
#include "tests/cloud/gateway/server_fixture.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using api::SessionStatus;

std::string text(const json::value& value) { return std::string(value.as_string()); }

class Server : public ServerTest {};

// Sessions.

TEST_F(Server, CreatingASessionReturnsTheDocumentedMembers) {
  add_agent("agent-1");
  for (const char* path : {"/1.0/sessions", "/1.0/sessions/"}) {
    const Answer made = ask("POST", path, R"({"app":"com.example.demo","region":"","joinable":true,"idle_time_min":5,
        "extra_data":null,"screen":{"width":1280,"height":720,"fps":60,"density":240}})");
    ASSERT_EQ(made.status, 201U) << made.raw.body;
    EXPECT_EQ(made.body.at("type"), "sync");
    EXPECT_EQ(made.body.at("status"), "success");
    EXPECT_EQ(made.body.at("status_code"), 201);
    const json::object& metadata = made.metadata().as_object();
    EXPECT_EQ(metadata.size(), 6U);
    EXPECT_EQ(text(metadata.at("id")).size(), 20U);
    EXPECT_EQ(metadata.at("region"), "eu-1");
    EXPECT_EQ(metadata.at("status"), "created");
    EXPECT_EQ(metadata.at("joinable"), true);
    EXPECT_TRUE(text(metadata.at("url")).starts_with("wss://gw.example:4000/1.0/session/"));
    const json::object& server = metadata.at("stun_servers").as_array().at(0).as_object();
    EXPECT_TRUE(server.contains("urls") && server.contains("username") && server.contains("password"));
  }
}

TEST_F(Server, BadBodiesAreRefusedWithAReadableError) {
  add_agent("agent-1");
  for (const char* body : {"", "{}", "nonsense", "[]", R"({"app":1})", R"({"app":"a","app":"b"})"}) {
    const Answer refused = ask("POST", "/1.0/sessions", body);
    EXPECT_EQ(refused.status, 400U) << body;
    EXPECT_EQ(refused.code, "bad_request") << body;
    EXPECT_EQ(refused.body.at("status"), "failed");
  }
  EXPECT_EQ(ask("POST", "/1.0/sessions", R"({"app":"chess"})").code, "app_unknown");
}

TEST_F(Server, ASessionIsShownListedJoinedAndDeletedWithAndWithoutASlash) {
  ScriptedAgent& agent = add_agent("agent-1");
  const std::string id = text(make_session().at("id"));
  for (const std::string slash : {"", "/"}) {
    const Answer shown = ask("GET", "/1.0/sessions/" + id + slash);
    EXPECT_EQ(shown.status, 200U);
    EXPECT_EQ(text(shown.metadata().at("container_id")), "i-" + id);
    const Answer joined = ask("POST", "/1.0/sessions/" + id + "/join" + slash, R"({"screen":{"width":641}})");
    EXPECT_EQ(joined.status, 200U) << joined.raw.body;
    EXPECT_EQ(joined.metadata().as_object().size(), 2U);
    EXPECT_TRUE(joined.metadata().at("stun_servers").is_array());
    EXPECT_EQ(ask("GET", "/1.0/sessions" + slash).metadata(), json::array{json::string(id)});
  }
  EXPECT_EQ(ask("POST", "/1.0/sessions/" + id + "/join").status, 200U) << "no body at all";
  EXPECT_EQ(ask("DELETE", "/1.0/sessions/" + id + "/").status, 200U);
  ASSERT_TRUE(run(agent.report(id, SessionStatus::terminated)).has_value());
  EXPECT_EQ(ask("GET", "/1.0/sessions/" + id).metadata().at("status"), "terminated");
  EXPECT_EQ(ask("POST", "/1.0/sessions/" + id + "/join").status, 400U);
  EXPECT_EQ(ask("GET", "/1.0/sessions/nobody").code, "session_unknown");
}

TEST_F(Server, ListsAreFilteredSortedAndPaged) {
  add_agent("agent-1");
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(text(make_session().at("id")));
  EXPECT_EQ(ask("GET", "/1.0/sessions?limit=2").metadata().as_array().size(), 2U);
  EXPECT_EQ(ask("GET", "/1.0/sessions?limit=2").body.at("total_size"), 3);
  EXPECT_EQ(ask("GET", "/1.0/sessions?offset=2&recursion=1").metadata().at(0).at("status"), "created");
  EXPECT_EQ(ask("GET", "/1.0/sessions?offset=2&recursion=true").metadata().at(0).at("status"), "created");
  EXPECT_TRUE(ask("GET", "/1.0/sessions?recursion=false").metadata().at(0).is_string());
  EXPECT_EQ(ask("GET", "/1.0/sessions?recursion=all").status, 400U);
  EXPECT_EQ(ask("GET", "/1.0/sessions?status=active").metadata().as_array().size(), 0U);
  const auto ascending = ask("GET", "/1.0/sessions?sort_by=id").metadata().as_array();
  auto descending = ask("GET", "/1.0/sessions?sort_by=id&sort_order=desc").metadata().as_array();
  std::reverse(descending.begin(), descending.end());
  EXPECT_EQ(ascending, descending);
  for (const char* query : {"status=happy", "sort_by=password", "sort_order=up", "limit=-1", "offset=x"}) {
    EXPECT_EQ(ask("GET", "/1.0/sessions?" + std::string(query)).status, 400U) << query;
  }
}

TEST_F(Server, ABatchReturnsItsResults) {
  ScriptedAgent& agent = add_agent("agent-1");
  const auto batch = [&](const std::vector<std::string>& ids, const std::string& more = {}) {
    json::array names(ids.begin(), ids.end());
    return ask("DELETE", "/1.0/sessions", R"({"ids":)" + json::serialize(names) + more + "}");
  };
  const std::string one = text(make_session().at("id")), two = text(make_session().at("id"));
  const Answer some = batch({one, "unknown"});
  EXPECT_EQ(some.status, 207U) << some.raw.body;
  EXPECT_EQ(some.metadata().at("deleted_sessions"), json::array{json::string(one)});
  const json::object& error = some.metadata().at("errors").as_array().at(0).as_object();
  EXPECT_EQ(error.at("session_id"), "unknown");
  EXPECT_EQ(error.at("status_code"), 404);
  EXPECT_TRUE(error.at("error_message").is_string());
  EXPECT_EQ(batch({two}).status, 202U);
  ASSERT_TRUE(run(agent.report(two, SessionStatus::terminated)).has_value());
  EXPECT_EQ(batch({two}, R"(,"sync":true)").status, 200U);
  EXPECT_EQ(batch({"unknown"}).status, 404U);
  EXPECT_EQ(batch({}).status, 400U);
  agent.on_command = ScriptedAgent::Manner::is_silent;
  const std::string three = text(make_session().at("id"));
  EXPECT_EQ(batch({three}).status, 500U);
  EXPECT_EQ(batch({three}, R"(,"force":true)").status, 202U);
  EXPECT_EQ(ask("GET", "/1.0/sessions/" + three).metadata().at("status"), "terminated");
  EXPECT_EQ(ask("DELETE", "/1.0/sessions/" + three + "?force=maybe").status, 400U);
}

TEST_F(Server, AnIdempotencyKeyIsReadFromItsHeader) {
  add_agent("agent-1");
  const Headers key{{"Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324"}};
  const std::string body = R"({"app":"com.example.demo"})";
  const Answer first = ask("POST", "/1.0/sessions", body, key);
  const Answer second = ask("POST", "/1.0/sessions", body, key);
  EXPECT_EQ(second.status, 201U);
  EXPECT_EQ(first.metadata().at("id"), second.metadata().at("id"));
  EXPECT_EQ(ask("POST", "/1.0/sessions", R"({"app":"com.example.demo","joinable":true})", key).status, 409U);
}

// Shares.

TEST_F(Server, ASharesLinkIsUsedWithoutAnAccount) {
  add_agent("agent-1");
  const std::string id = text(make_session().at("id"));
  const Answer made = ask("POST", "/1.0/sessions/" + id + "/share", R"({"type":"view","description":"for Bob"})");
  ASSERT_EQ(made.status, 200U) << made.raw.body;
  EXPECT_EQ(made.metadata().as_object().size(), 5U);
  EXPECT_EQ(made.metadata().at("expiry_min"), 12 * 60);
  const std::string url = text(made.metadata().at("url"));
  const std::string path = url.substr(url.find("/1.0"));
  const Answer connected = call("GET", path, {}, {});
  ASSERT_EQ(connected.status, 200U) << connected.raw.body;
  EXPECT_TRUE(text(connected.metadata().at("url")).starts_with("wss://"));
  EXPECT_TRUE(connected.metadata().at("stun_servers").is_array());

  const std::string share = text(made.metadata().at("id"));
  const json::value listed = ask("GET", "/1.0/shares?session_id=" + id).metadata().at(0);
  EXPECT_EQ(listed.at("id"), json::string(share));
  EXPECT_FALSE(listed.as_object().contains("url"));
  EXPECT_EQ(ask("GET", "/1.0/shares?session_id=other").body.at("total_size"), 0);
  EXPECT_EQ(text(ask("GET", "/1.0/shares/" + share).metadata().at("url")), url);
  EXPECT_EQ(ask("GET", "/1.0/shares?recursion=true").metadata().at(0).at("description"), "for Bob");
  const Answer changed = ask("PATCH", "/1.0/shares/" + share, R"({"description":"for Eve"})");
  EXPECT_EQ(changed.metadata(), ask("GET", "/1.0/shares/" + share).metadata());
  EXPECT_EQ(changed.metadata().at("description"), "for Eve");
  EXPECT_EQ(ask("PATCH", "/1.0/shares/" + share, R"({"expiry_at":1})").status, 400U);
  EXPECT_EQ(ask("DELETE", "/1.0/shares/" + share + "?sync=true").status, 200U);
  EXPECT_EQ(ask("GET", "/1.0/shares/" + share).status, 404U);
  EXPECT_EQ(call("GET", path, {}, {}).code, "token_revoked");
  EXPECT_EQ(call("GET", "/1.0/sessions/" + id + "/connect?type=view", {}, {}).code, "token_missing");
  EXPECT_EQ(call("GET", "/1.0/sessions/" + id + "/connect?type=tv&token=x", {}, {}).status, 400U);
}

// Listings.

TEST_F(Server, UnauthenticatedCallersLearnOnlyThatItRuns) {
  add_agent("agent-1");
  const Answer stranger = call("GET", "/1.0/status", {}, {});
  EXPECT_EQ(stranger.status, 200U);
  EXPECT_EQ(stranger.metadata().as_object().size(), 1U);
  const Answer known = ask("GET", "/1.0/status/");
  EXPECT_EQ(stranger.metadata().at("status"), "healthy");
  EXPECT_EQ(known.metadata(), json::parse(R"({"status":"healthy","agents":1,"database_nodes":1})"));
  ahead_ += std::chrono::seconds(61);
  EXPECT_EQ(call("GET", "/1.0/status", {}, {}).metadata().at("status"), "unhealthy") << "the store is not heard";
}

TEST_F(Server, ApplicationsAndRegionsAreThoseOfTheAgents) {
  EXPECT_EQ(ask("GET", "/1.0/applications").metadata(), json::array());
  add_agent("agent-1", "eu-1");
  add_agent("agent-2", "us-1");
  EXPECT_EQ(ask("GET", "/1.0/applications").metadata(), json::parse(R"([{"name":"com.example.demo"}])"));
  EXPECT_EQ(ask("GET", "/1.0/regions").metadata(), json::parse(R"([{"name":"eu-1"},{"name":"us-1"}])"));
}

TEST_F(Server, SettingsAreShownAndChanged) {
  EXPECT_EQ(ask("GET", "/1.0/config").metadata().at("config").at("core.socket_token_lifetime"), 300);
  EXPECT_EQ(local("PATCH", "/1.0/config", R"({"config":{"core.socket_token_lifetime":60}})").status, 200U);
  EXPECT_EQ(ask("GET", "/1.0/config").metadata().at("config").at("core.socket_token_lifetime"), 60);
  EXPECT_EQ(local("PATCH", "/1.0/config", R"({"config":{"core.nothing":60}})").status, 400U);
}

TEST_F(Server, HeadIsGetWithoutABodyAndOtherMethodsAreRefused) {
  const Answer head = ask("HEAD", "/1.0/sessions");
  EXPECT_EQ(head.status, 200U);
  EXPECT_TRUE(head.raw.body.empty());
  const Answer wrong = ask("PUT", "/1.0/sessions");
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(wrong.code, "method_not_allowed");
  EXPECT_EQ(ask("GET", "/1.0/nowhere").code, "not_found");
}

TEST_F(Server, MetricsCountTheRequests) {
  ScriptedAgent& agent = add_agent("agent-1");
  const std::string id = text(make_session().at("id"));
  make_session();
  ASSERT_TRUE(run(agent.report(id, SessionStatus::active)).has_value());
  call("GET", "/1.0/sessions", {}, {});
  const auto socket = open(text(make_session().at("url")));
  ASSERT_TRUE(socket.has_value());
  (*socket)->socket->send(R"({"type":"discover"})");
  ASSERT_TRUE(until([&] { return agent.heard().size() == 2; }));
  for (const char* path : {"/metrics", "/internal/1.0/metrics"}) {
    const std::string page = ask("GET", path).raw.body;
    for (const char* line :
         {"anbox_stream_gateway_sessions_total{status=\"active\"} 1",
          "anbox_stream_gateway_sessions_total{status=\"created\"} 2", "anbox_stream_gateway_accounts_total 1",
          "anbox_stream_gateway_agents_total 1", "anbox_stream_gateway_agents_unresponsive 0",
          "anbox_stream_gateway_clients 1", "anbox_stream_gateway_signalling_messages_total{from=\"client\"} 1",
          "anbox_stream_gateway_http_requests_total{handler=\"create_new_session\",code=\"201\"} 3",
          "anbox_stream_gateway_http_requests_total{handler=\"get_sessions\",code=\"401\"} 1",
          "anbox_stream_gateway_http_requests_total{handler=\"streaming_websocket_slave\",code=\"101\"} 1",
          "anbox_stream_gateway_http_refusals_total{code=\"token_missing\"} 1",
          "anbox_stream_gateway_http_request_duration_seconds_count{handler=\"create_new_session\"} 3"}) {
      EXPECT_NE(page.find(std::string(line) + "\n"), std::string::npos) << line << "\n" << page;
    }
  }
  EXPECT_EQ(call("GET", "/metrics", {}, {}).status, 401U);
  EXPECT_EQ(local("GET", "/metrics").status, 200U);
}

// CORS.

TEST_F(Server, PagesOfOtherOriginsMayReadAnswersByDefault) {
  const Headers page{{"Origin", "https://app.example"}};
  const Answer preflight = call("OPTIONS", "/1.0/sessions/", {},
                                {{"Origin", "https://app.example"},
                                 {"Access-Control-Request-Method", "POST"},
                                 {"Access-Control-Request-Headers", "authorization,content-type"}});
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "*");
  EXPECT_NE(preflight.header("Access-Control-Allow-Headers").find("Authorization"), std::string::npos);
  EXPECT_NE(preflight.header("Access-Control-Allow-Methods").find("DELETE"), std::string::npos);
  EXPECT_EQ(ask("GET", "/1.0/sessions", {}, page).header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(call("GET", "/1.0/sessions", {}, page).header("Access-Control-Allow-Origin"), "*") << "on 401";
  EXPECT_EQ(ask("GET", "/1.0/nowhere", {}, page).header("Access-Control-Allow-Origin"), "*") << "on 404";
  EXPECT_EQ(ask("POST", "/1.0/sessions", std::string(2 << 20, 'x'), page).header("Access-Control-Allow-Origin"), "*")
      << "on what never reaches a route";
}

TEST_F(Server, OnlyListedOriginsAreAllowedIfThereIsAList) {
  ASSERT_EQ(local("PATCH", "/1.0/config", R"({"config":{"core.https_allowed_origin":"https://a.example"}})").status,
            200U);
  const Answer listed = ask("GET", "/1.0/sessions", {}, {{"Origin", "https://a.example"}});
  EXPECT_EQ(listed.header("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(listed.header("Vary"), "Origin");
  const Answer other = ask("GET", "/1.0/sessions", {}, {{"Origin", "https://b.example"}});
  EXPECT_EQ(other.header("Access-Control-Allow-Origin"), "(none)");
  EXPECT_EQ(other.header("Vary"), "Origin");
}

// Limits.

TEST_F(Server, ACallerWithTooManyRequestsIsRateLimited) {
  serve(5);
  const auto flood = [&](auto ask_once) {
    int refused = 0;
    for (int i = 0; i < 40; ++i) refused += ask_once().status == 429 ? 1 : 0;
    return refused;
  };
  EXPECT_GT(flood([&] { return ask("GET", "/1.0/sessions"); }), 20);
  EXPECT_GT(flood([&] { return call("GET", "/1.0/status", {}, {}); }), 20);
  EXPECT_GT(flood([&] { return call("OPTIONS", "/1.0/sessions", {}, {}); }), 20);
  EXPECT_EQ(flood([&] { return local("GET", "/1.0/sessions"); }), 0);
  const Answer refused = ask("GET", "/1.0/sessions");
  EXPECT_EQ(refused.code, "rate_limited");
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(local("PATCH", "/1.0/config", R"({"config":{"core.max_http_requests_per_second":100000}})").status, 200U);
  run_for(io_, std::chrono::milliseconds(20));
  EXPECT_EQ(flood([&] { return ask("GET", "/1.0/sessions"); }), 0);
}

// Accounts on the Unix socket.

TEST_F(Server, AccountsAreCreatedOnlyOnTheUnixSocket) {
  const Answer made = local("POST", "/internal/1.0/accounts", R"({"name":"cli","expires_in":60,"allow":["read"]})");
  ASSERT_EQ(made.status, 201U) << made.raw.body;
  const std::string token = text(made.metadata().at("token"));
  EXPECT_EQ(ask_as(token, "GET", "/1.0/sessions").status, 200U);
  EXPECT_EQ(ask_as(token, "POST", "/1.0/sessions", R"({"app":"com.example.demo"})").code, "token_scope");
  EXPECT_EQ(local("GET", "/internal/1.0/accounts").metadata().as_array().size(), 2U);
  EXPECT_EQ(local("GET", "/internal/1.0/accounts").raw.body.find("sha256"), std::string::npos);
  EXPECT_EQ(local("POST", "/internal/1.0/accounts", R"({"name":"x","allow":["fly"]})").status, 400U);
  for (const char* method : {"GET", "POST"}) {
    EXPECT_EQ(ask(method, "/internal/1.0/accounts", R"({"name":"evil"})").status, 403U);
  }
  EXPECT_EQ(ask("DELETE", "/internal/1.0/accounts/cli").status, 403U);
  EXPECT_EQ(local("DELETE", "/internal/1.0/accounts/cli").status, 200U);
  EXPECT_EQ(ask_as(token, "GET", "/1.0/sessions").code, "token_revoked");
}

// Sockets.

TEST_F(Server, SignallingWorksWithEverySpellingOfTheSocketsPath) {
  ScriptedAgent& agent = add_agent("agent-1");
  const json::value session = make_session();
  const std::string id = text(session.at("id")), url = text(session.at("url"));
  const std::string token = url.substr(url.find('?'));
  std::size_t expected = 0;
  for (const char* path : {"session/@/sockets/slave", "sessions/@/sockets/slave", "session/@/sockets/master",
                           "sessions/@/sockets/master"}) {
    std::string target = "/1.0/" + std::string(path);
    target.replace(target.find('@'), 1, id);
    const auto socket = open(target + token);
    ASSERT_TRUE(socket.has_value()) << path;
    (*socket)->socket->send(R"({"type":"discover"})");
    expected += 2;
    EXPECT_TRUE(until([&] { return agent.heard().size() == expected; })) << path;
    agent.say(id, R"({"type":"resp:discover"})");
    EXPECT_TRUE(until([&] { return !(*socket)->texts.empty(); })) << path;
    (*socket)->socket->close();
    EXPECT_TRUE(until([&] { return unit_->relay().clients() == 0; })) << path;
  }
}

TEST_F(Server, AClosedSocketDoesNotChangeTheSession) {
  ScriptedAgent& agent = add_agent("agent-1");
  const json::value session = make_session();
  ASSERT_TRUE(run(agent.report(text(session.at("id")), SessionStatus::active)).has_value());
  const auto socket = open(text(session.at("url")));
  ASSERT_TRUE(socket.has_value());
  (*socket)->socket->send(R"({"type":"answer","sdp":"dj0w"})");
  (*socket)->socket->close();
  EXPECT_TRUE(until([&] { return agent.ended().size() == 1; }));
  EXPECT_EQ(agent.heard().back(), R"({"type":"answer","sdp":"dj0w"})");
  EXPECT_EQ(ask("GET", "/1.0/sessions/" + text(session.at("id"))).metadata().at("status"), "active");
}

TEST_F(Server, EverySocketThatEndsEarlyGetsTheReasonFirst) {
  ScriptedAgent& agent = add_agent("agent-1");
  const auto ends_with_a_word = [&](const std::string& url, const std::function<void(Socket&)>& act) {
    const auto socket = open(url);
    ASSERT_TRUE(socket.has_value());
    act(**socket);
    EXPECT_TRUE(until([&] { return (*socket)->closed; }));
    ASSERT_FALSE((*socket)->texts.empty());
    EXPECT_EQ(json::parse((*socket)->texts.back()).at("type"), "error") << (*socket)->texts.back();
  };
  const json::value one = make_session(), two = make_session(), three = make_session();
  ends_with_a_word(text(one.at("url")), [&](Socket&) { ask("DELETE", "/1.0/sessions/" + text(one.at("id"))); });
  ends_with_a_word(text(one.at("url")), [](Socket&) {});  // it has already ended
  ends_with_a_word(text(two.at("url")), [&](Socket& socket) {
    socket.socket->send("x");
    EXPECT_TRUE(until([&] { return agent.heard().size() >= 3; }));
    agent.end_links(text(two.at("id")), "displaced");
  });
  ends_with_a_word(text(three.at("url")), [](Socket& socket) { socket.socket->send(std::string(70'000, 'x')); });
  ends_with_a_word(text(three.at("url")), [](Socket& socket) {
    for (int i = 0; i < 600; ++i) socket.socket->send("x");
  });
  ends_with_a_word(text(three.at("url")), [this](Socket&) { unit_->stop(); });
}

TEST_F(Server, ASharesSocketEndsWithTheShare) {
  add_agent("agent-1");
  const std::string id = text(make_session().at("id"));
  const Answer made = ask("POST", "/1.0/sessions/" + id + "/share", R"({"type":"view"})");
  const std::string url = text(made.metadata().at("url"));
  const Answer connected = call("GET", url.substr(url.find("/1.0")), {}, {});
  const std::string socket_url = text(connected.metadata().at("url"));
  const auto socket = open(socket_url);
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(ask("DELETE", "/1.0/shares/" + text(made.metadata().at("id"))).status, 202U);
  EXPECT_TRUE(until([&] { return (*socket)->closed; }));
  EXPECT_EQ((*socket)->texts.back(), R"({"type":"error","message":"the share was deleted"})");
  EXPECT_EQ(refused_socket(socket_url), 401U);
}

// Termination.

TEST_F(Server, ADrainAnswersPendingRequestsOnly) {
  ScriptedAgent& agent = add_agent("agent-1");
  agent.manner = ScriptedAgent::Manner::is_silent;
  std::optional<unsigned> status;
  net::HttpRequest request;
  request.method = "POST";
  request.path = "/1.0/sessions";
  request.headers.push_back({"Authorization", "macaroon root=" + token_});
  request.body = R"({"app":"com.example.demo"})";
  net::HttpClient client(io_, {.server = remote()});
  boost::asio::co_spawn(
      io_, client.request(std::move(request)),
      [&](const std::exception_ptr&, net::HttpResult result) { status = result ? result->status : 0; });
  ASSERT_TRUE(until([&] { return agent.asked() == 1; }));
  bool drained = false;
  unit_->stop();
  server_->drain([&] { drained = true; });
  run_for(io_, std::chrono::milliseconds(20));
  EXPECT_FALSE(drained);
  net::HttpClient late(io_, {.server = remote()});
  net::HttpRequest another;
  another.method = "GET";
  another.path = "/1.0/status";
  EXPECT_EQ(run(late.request(another)).error().code, net::errc::connect_failed);
  ASSERT_TRUE(until([&] { return drained; }));
  EXPECT_EQ(status, 503U);
}

}  // namespace
}  // namespace redan::cloud::test
