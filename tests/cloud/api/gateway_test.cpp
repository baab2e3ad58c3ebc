#include "cloud/api/gateway.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace redan::cloud::api::test {
namespace {

constexpr WallTime kNow{1'900'000'000};

json::object object(std::string_view text) { return json::parse(text).as_object(); }

Outcome<SessionRequest> request(std::string_view text) { return SessionRequest::parse(object(text)); }

Session session() {
  Session s;
  s.id = "d1k2v9f3pn6a8q46tb00";
  s.account = "web";
  s.wanted = request(R"({"app":"game","app_version":3,"region":"eu-1","joinable":true,"idle_time_min":5,
                         "extra_data":{"a":[1,null]},"screen":{"width":640,"height":480}})")
                 .value();
  s.region = "eu-1";
  s.agent = "agent-1";
  s.instance = "i1";
  s.cluster = "c1";
  s.fence = 3;
  s.number = 17;
  s.status = SessionStatus::active;
  s.status_message = "fine";
  s.clients = 1;
  s.created_at = 10;
  s.updated_at = 20;
  s.joins = 2;
  s.client = "c05h1jj3pn6a8q46taug";
  s.idempotency = std::string(64, 'a');
  s.shares = {"s1", "s2"};
  return s;
}

// Envelopes.

TEST(GatewayEnvelope, SuccessIsLowerCaseAndContainsTheStatus) {
  const json::value body = json::parse(gateway_body(201, json::object{{"id", "x"}}));
  EXPECT_EQ(body, json::parse(R"({"type":"sync","status":"success","status_code":201,"metadata":{"id":"x"}})"));
  EXPECT_EQ(json::parse(gateway_body(202, json::object())).at("type"), "async");
  EXPECT_EQ(json::parse(gateway_body(200, json::array(), 7)).at("total_size"), 7);
}

TEST(GatewayEnvelope, ErrorsHaveAStableCode) {
  const json::value body = json::parse(gateway_error_body(not_found("session")));
  EXPECT_EQ(body.at("type"), "error");
  EXPECT_EQ(body.at("status"), "failed");
  EXPECT_EQ(body.at("status_code"), 404);
  EXPECT_EQ(body.at("error"), "no such session");
  EXPECT_EQ(body.at("metadata").at("code"), "not_found");
}

// Requests.

TEST(GatewayRequest, AbsentMembersHaveTheirDefaults) {
  const auto parsed = request(R"({"app":"game"})");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->app_version, -1);
  EXPECT_EQ(parsed->region, "");
  EXPECT_TRUE(parsed->ephemeral);
  EXPECT_FALSE(parsed->joinable);
  EXPECT_EQ(parsed->idle_time_min, 0);
  EXPECT_EQ(parsed->extra_data, "");
  EXPECT_EQ(parsed->screen, Screen{});
}

TEST(GatewayRequest, TheReferenceExampleIsAccepted) {
  const auto parsed = request(R"({"app":"com.example.demo","region":"","joinable":true,"idle_time_min":5,
      "extra_data":null,"screen":{"width":1280,"height":720,"fps":60,"density":240}})");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->extra_data, "");
  EXPECT_EQ(parsed->screen.fps, 60);
}

TEST(GatewayRequest, ExtraDataMayBeAnyJson) {
  EXPECT_EQ(request(R"({"app":"a","extra_data":"text"})")->extra_data, R"("text")");
  EXPECT_EQ(request(R"({"app":"a","extra_data":[1,{"b":true}]})")->extra_data, R"([1,{"b":true}])");
  EXPECT_EQ(request(R"({"app":"a","extra_data":false})")->extra_data, "false");
}

TEST(GatewayRequest, InvalidMembersAreRefusedByName) {
  const std::pair<const char*, const char*> wrong[] = {{R"({})", "app"},
                                                       {R"({"app":""})", "app"},
                                                       {R"({"app":7})", "app"},
                                                       {R"({"app":"a","app_version":-2})", "app_version"},
                                                       {R"({"app":"a","app_version":"newest"})", "app_version"},
                                                       {R"({"app":"a","region":1})", "region"},
                                                       {R"({"app":"a","joinable":"yes"})", "joinable"},
                                                       {R"({"app":"a","ephemeral":1})", "ephemeral"},
                                                       {R"({"app":"a","idle_time_min":-1})", "idle_time_min"},
                                                       {R"({"app":"a","idle_time_min":527041})", "idle_time_min"},
                                                       {R"({"app":"a","screen":[]})", "screen"},
                                                       {R"({"app":"a","screen":{"width":3841}})", "width"},
                                                       {R"({"app":"a","screen":{"density":71}})", "density"}};
  for (const auto& [text, member] : wrong) {
    const auto parsed = request(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().status, 400U) << text;
    EXPECT_NE(parsed.error().message.find(member), std::string::npos) << parsed.error().message;
  }
  const std::string large = R"({"app":"a","extra_data":")" + std::string(8 * 1024, 'x') + R"("})";
  EXPECT_EQ(request(large).error().status, 400U);
}

TEST(GatewayRequest, OddScreenSizesAreRoundedUpWhenJoining) {
  EXPECT_EQ(*parse_join(object(R"({"screen":{"width":641,"height":481}})")), object(R"({"width":641,"height":481})"));
  EXPECT_TRUE(parse_join(object("{}"))->empty()) << "the session's screen stays";
  EXPECT_FALSE(parse_join(object(R"({"screen":{"width":0}})")).has_value());
  EXPECT_TRUE(parse_join(object(R"({"disconnect_clients":true})")).has_value());
}

TEST(GatewayRequest, TheSameRequestHasTheSameCanonicalText) {
  EXPECT_EQ(canonical(*request(R"({"app":"a","joinable":true})")),
            canonical(*request(R"({"joinable":true,"app":"a"})")));
  EXPECT_NE(canonical(*request(R"({"app":"a"})")), canonical(*request(R"({"app":"b"})")));
}

TEST(GatewayRequest, ABatchMayNameASessionOnlyOnce) {
  EXPECT_EQ(RemovalRequest::parse(object(R"({"ids":["b","a","b"]})"))->ids, (std::vector<std::string>{"a", "b"}));
  for (const char* text : {R"({})", R"({"ids":[]})", R"({"ids":"a"})", R"({"ids":[1]})"}) {
    EXPECT_EQ(RemovalRequest::parse(object(text)).error().status, 400U) << text;
  }
}

TEST(GatewayRequest, SharesExpireWithinThirtyDays) {
  EXPECT_EQ(ShareRequest::parse(object(R"({"type":"view"})"), kNow)->expiry_at, kNow.seconds_since_1970 + kShareLife);
  EXPECT_EQ(ShareRequest::parse(object(R"({"type":"view","expiry_min":2})"), kNow)->expiry_at,
            kNow.seconds_since_1970 + 120);
  EXPECT_EQ(ShareRequest::parse(object(R"({"type":"webrtc"})"), kNow)->type, ShareType::view);
  const std::string late = std::to_string(kNow.seconds_since_1970 + kMaxShareLife + 1);
  EXPECT_EQ(ShareRequest::parse(object(R"({"type":"adb"})"), kNow)->type, ShareType::adb);
  for (const std::string& text :
       {std::string(R"({"type":"tv"})"), std::string(R"({})"), std::string(R"({"type":"view","expiry_at":1})"),
        R"({"type":"view","expiry_at":)" + late + "}",
        std::string(R"({"type":"view","expiry_min":9223372036854775807})")}) {
    EXPECT_EQ(ShareRequest::parse(object(text), kNow).error().status, 400U) << text;
  }
  const auto change = ShareChange::parse(object(R"({"expiry_at":5})"));
  EXPECT_EQ(change->expiry_at, 5);
  EXPECT_FALSE(change->description.has_value());
}

/// The refusal of a body; nullopt: it is accepted.
using Parse = std::function<std::optional<Refusal>(const json::object&, const UnknownMembers&)>;
template <class T>
std::optional<Refusal> refusal_in(const Outcome<T>& outcome) {
  return outcome ? std::nullopt : std::optional(outcome.error());
}

// Each documented body, with each of its members in a wrong type and with a member that is not documented.
TEST(GatewayRequest, WrongTypesAreRefusedByNameAndUnknownMembersAreLogged) {
  const auto create = [](const auto& body, const auto& unknown) {
    return refusal_in(SessionRequest::parse(body, unknown));
  };
  const auto join = [](const auto& body, const auto& unknown) { return refusal_in(parse_join(body, unknown)); };
  const auto remove = [](const auto& body, const auto& unknown) {
    return refusal_in(RemovalRequest::parse(body, unknown));
  };
  const auto share = [](const auto& body, const auto& unknown) {
    return refusal_in(ShareRequest::parse(body, kNow, unknown));
  };
  const auto change = [](const auto& body, const auto& unknown) {
    return refusal_in(ShareChange::parse(body, unknown));
  };
  const std::vector<std::pair<Parse, std::string>> bodies{
      {create, R"({"app":"a","app_version":1,"ephemeral":true,"idle_time_min":1,"joinable":true,"region":"r",
                   "screen":{"width":640,"height":480,"fps":30,"density":160}})"},
      {join, R"({"screen":{"width":640,"height":480,"fps":30,"density":160}})"},
      {remove, R"({"ids":["a"]})"},
      {share, R"({"description":"d","expiry_min":1,"type":"view"})"},
      {change, R"({"description":"d","expiry_at":5})"}};
  for (const auto& [parse, text] : bodies) {
    const json::object body = object(text);
    std::string logged;
    const UnknownMembers ignored{false, [&](std::string_view line) { logged += line; }};
    EXPECT_FALSE(parse(body, ignored)) << text;
    EXPECT_EQ(logged, "");
    for (const auto& member : body) {
      json::object wrong = body;
      wrong[member.key()] = json::array{json::array{1}};
      const auto refused = parse(wrong, ignored);
      ASSERT_TRUE(refused) << member.key();
      EXPECT_EQ(refused->status, 400U);
      EXPECT_NE(refused->message.find(member.key()), std::string::npos) << refused->message;
    }
    json::object newer = body;
    newer["invented"] = 1;
    EXPECT_FALSE(parse(newer, ignored)) << text;
    EXPECT_NE(logged.find("invented"), std::string::npos) << text;
    EXPECT_TRUE(parse(newer, {true, {}})) << text;
  }
  json::object screen = object(R"({"screen":{"depth":8}})");
  EXPECT_EQ(join(screen, UnknownMembers{true, {}})->status, 400U);
}

// What callers see.

TEST(GatewaySession, ClientsSeeTheMembersOfTheReference) {
  const json::value shown = to_json(session());
  EXPECT_EQ(shown, json::parse(R"({"id":"d1k2v9f3pn6a8q46tb00","app":"game","cluster_id":"c1","container_id":"i1",
      "joinable":true,"region":"eu-1","status":"active","status_message":"fine"})"));
}

TEST(GatewaySession, AGrantAlwaysHasAnArrayOfServers) {
  const json::object grant = to_json(SessionGrant{session(), "wss://gw/x", {}});
  EXPECT_EQ(grant.at("stun_servers"), json::array());
  EXPECT_EQ(grant.at("url"), "wss://gw/x");
  const json::object with = to_json(SessionGrant{session(), "", {{{"turn:t"}, "u", "p"}, {{"stun:s"}, "", ""}}});
  EXPECT_EQ(with.at("stun_servers"),
            json::parse(R"([{"urls":["turn:t"],"username":"u","password":"p"},{"urls":["stun:s"]}])"));
}

TEST(GatewaySession, AnAccountsHashIsNotShown) {
  const Account account{"web", 1, 2, {GatewayOperation::read}, "hash"};
  EXPECT_EQ(json::serialize(to_json(account)).find("hash"), std::string::npos);
  EXPECT_EQ(to_json(account).at("allow"), json::parse(R"(["read"])"));
}

// Lists.

std::vector<Session> three() {
  std::vector<Session> all(3);
  const char* apps[] = {"b", "a", "b"};
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].id = "id" + std::to_string(i);
    all[i].wanted.app = apps[i];
    all[i].created_at = static_cast<std::int64_t>(10 - i);
  }
  all[2].status = SessionStatus::error;
  return all;
}

std::string ids(const std::vector<Session>& sessions) {
  std::string text;
  for (const Session& one : sessions) text += one.id;
  return text;
}

TEST(SessionList, IsFilteredSortedAndPaged) {
  SessionList list;
  EXPECT_EQ(ids(cut(three(), list).first), "id2id1id0");
  list.sort_by = *parse_sort_key("app");
  EXPECT_EQ(ids(cut(three(), list).first), "id1id0id2");
  list.descending = true;
  EXPECT_EQ(ids(cut(three(), list).first), "id2id0id1");
  list.limit = 1;
  list.offset = 1;
  EXPECT_EQ(ids(cut(three(), list).first), "id0");
  EXPECT_EQ(cut(three(), list).second, 3U);
  list.offset = 9;
  EXPECT_TRUE(cut(three(), list).first.empty());
  list = {};
  list.status = SessionStatus::error;
  EXPECT_EQ(ids(cut(three(), list).first), "id2");
  EXPECT_EQ(cut(three(), list).second, 1U);
  EXPECT_FALSE(parse_sort_key("password").has_value());
}

// Records.

TEST(GatewayRecord, RoundTripsThroughTheStoredForm) {
  EXPECT_EQ(session_from_record(to_record(session())), session());
  const Account account{"web", 1, 2, {GatewayOperation::read, GatewayOperation::remove}, std::string(64, 'b')};
  EXPECT_EQ(account_from_record(to_record(account)), account);
  const Share share{"s1", "d1k2v9f3pn6a8q46tb00", ShareType::adb, "for \"Bob\"", 1, 2};
  EXPECT_EQ(share_from_record(to_record(share)), share);
  const IdempotencyRecord record{"d1", "ff", 9};
  EXPECT_EQ(idempotency_from_record(to_record(record))->created_at, 9);
}

TEST(GatewayRecord, ADamagedRecordDoesNotParse) {
  const std::string good = to_record(session());
  for (const char* member : {"id", "fence", "status", "wanted", "screen", "agent_lost", "joins", "shares"}) {
    std::string bad = good;
    const std::size_t at = bad.find("\"" + std::string(member) + "\"");
    ASSERT_NE(at, std::string::npos) << member;
    bad[at + 1] = '?';
    EXPECT_FALSE(session_from_record(bad).has_value()) << member;
  }
  EXPECT_FALSE(session_from_record("").has_value());
  EXPECT_FALSE(session_from_record("[]").has_value());
  EXPECT_FALSE(account_from_record(R"({"name":"a","created_at":1,"expires_at":2,"allow":["fly"],"token_sha256":""})")
                   .has_value());
}

}  // namespace
}  // namespace redan::cloud::api::test
