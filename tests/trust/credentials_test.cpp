// The matrix of bad credentials with a running AMS: every route with every kind of wrong caller, and the internal
// routes with every kind of wrong token. Each case is refused with the right status and a stable code.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstring>

#include "base/base64.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/routes/routes.hpp"
#include "cloud/store/sqlite.hpp"
#include "cloud/token/jwt.hpp"
#include "net/clock.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::int64_t kYear = 31'536'000;

std::string encode(std::string_view text) { return to_base64(as_bytes(text), Base64::url); }

/// "/1.0/instances/{id}" -> "/1.0/instances/x".
std::string path_of(const ams::Route& route) {
  std::string path(route.pattern);
  for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
    path.replace(at, path.find('}') - at + 1, "x");
  }
  return path;
}

/// One AMS whose secret the test knows, with an identity of every role and a running instance.
class Credentials : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const std::filesystem::path data = folder_->path() / "ams";
    std::filesystem::create_directory(data);
    std::filesystem::permissions(data, std::filesystem::perms::owner_all);
    provider_ = default_provider();
    std::vector<std::uint8_t> secret(64);
    provider_->random(secret);
    {
      boost::asio::io_context io{1};
      auto store = store::sqlite_store(io, data / "ams.sqlite");
      ASSERT_TRUE(store);
      ASSERT_TRUE(wait_for(io, (*store)->put(std::string(ams::keys::kJwtSecret), to_base64(secret))));
    }
    key_.emplace(token::JwtKey::prepare(*provider_, Secret<64>(secret)).value());
    ams_ =
        std::make_unique<AmsProcess>(AmsProcess::Options{.folder = data, .more = {"--requests-per-second", "1000000"}});
    Client admin(ams_->local());
    for (const char* role : {"admin", "operator", "viewer", "agent"}) {
      identities_[role] = make_client(role);
      admin.finish(admin.post("/1.0/certificates", certificate_body(identities_[role], role, role)));
    }
    stranger_ = make_client("stranger");
    for (const char* app : {"app", "app2"})
      admin.post("/1.0/applications", json::serialize(json::object{{"name", app}}));
    Launched victim = launch(admin, "victim", "app");
    id_ = victim.id;
    instance_ = std::move(victim.identity);
    token_ = victim.token;
  }
  static void TearDownTestSuite() {
    std::printf("%d bad credentials refused\n", cases_);
    ams_.reset();
    key_.reset();
    provider_.reset();
    folder_.reset();
  }

  /// A running instance, and its credentials.
  struct Launched {
    std::string id;
    net::TlsIdentity identity;
    std::string token;
  };
  static Launched launch(Client& admin, const std::string& name, const std::string& app) {
    admin.finish(admin.post("/1.0/instances", json::serialize(json::object{{"name", name}, {"app_id", app}})));
    const auto instance = [&] { return admin.get("/1.0/instances/" + name).metadata(); };
    EXPECT_TRUE(eventually([&] { return instance().at("status") == "running"; }));
    Launched launched{.id = std::string(instance().at("id").as_string()), .identity = {}, .token = {}};
    const json::value user_data = json::parse(read_file(ams_->folder() / "instances" / launched.id / "user-data.json"));
    const json::value& ams = user_data.at("ams");
    launched.identity.certificate_der = from_base64(std::string(ams.at("certificate").as_string())).value();
    launched.identity.private_key_der = from_base64(std::string(ams.at("key").as_string())).value();
    launched.token = ams.at("token").as_string();
    return launched;
  }
  /// Paths of existing objects.
  static std::string real_path(const ams::Route& route) {
    std::string path(route.pattern);
    const std::size_t open = path.find('{');
    if (open == std::string::npos) return path;
    const bool internal = path.starts_with("/internal/");
    path.replace(open, path.find('}') - open + 1,
                 internal                                           ? id_
                 : path.find("/instances/") != std::string::npos    ? "victim"
                 : path.find("/certificates/") != std::string::npos ? "viewer"
                 : path.find("/identities/") != std::string::npos   ? "viewer"
                 : path.find("/operations/") != std::string::npos   ? "none"
                                                                    : "app");
    if (const std::size_t version = path.find("{version}"); version != std::string::npos)
      path.replace(version, std::strlen("{version}"), "0");
    return path;
  }

  static void expect(const Answer& answer, unsigned status, std::string_view code, const std::string& what) {
    ++cases_;
    EXPECT_EQ(answer.status, status) << what << ": " << answer.raw.body;
    EXPECT_EQ(answer.code, code) << what;
  }

  static token::JwtClaims good_claims() {
    const WallTime now = net::wall_time();
    token::JwtClaims claims;
    claims.issuer = "ams";
    claims.audience = {"ams-internal"};
    claims.subject = id_;
    claims.issued_at = now;
    claims.not_before = now;
    claims.expires = {now.seconds_since_1970 + kYear};
    claims.id = "7";
    claims.scope = {"artifacts:read", "instance:status"};
    return claims;
  }
  template <class Change>
  static std::string minted(Change change) {
    token::JwtClaims claims = good_claims();
    change(claims);
    return key_->mint(claims).value();
  }
  static std::vector<net::HttpHeader> bearer(const std::string& token, const std::string& scheme = "Bearer") {
    return {{"Authorization", scheme + " " + token}};
  }
  static std::string status_path() { return "/internal/1.0/instances/" + id_; }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Provider> provider_;
  static inline std::optional<token::JwtKey> key_;
  static inline std::unique_ptr<AmsProcess> ams_;
  static inline std::map<std::string, net::TlsIdentity> identities_;
  static inline net::TlsIdentity stranger_, instance_;
  static inline std::string id_, token_;
  static inline int cases_ = 0;
};

TEST_F(Credentials, NoRouteAcceptsACallerWithoutATrustedCertificate) {
  Client nobody(ams_->remote());
  Client stranger(ams_->remote(&stranger_));
  for (const ams::Route& route : ams::routes()) {
    if (std::holds_alternative<ams::Open>(route.access)) continue;
    const bool internal = std::holds_alternative<ams::Internal>(route.access);
    const bool joining = std::holds_alternative<ams::Joining>(route.access);
    const std::string body = joining ? certificate_body(stranger_, "me", "admin") : "";
    const std::string what = std::string(route.method) + " " + path_of(route);
    for (Client* client : {&nobody, &stranger}) {
      const Answer answer = client->call(std::string(route.method), path_of(route), body);
      if (internal) {
        expect(answer, 401, "token_missing", what);
      } else {
        expect(answer, 403, "trust_unknown", what);
      }
    }
  }
}

TEST_F(Credentials, NoRouteAcceptsARoleWithoutPermission) {
  constexpr std::pair<const char*, trust::Role> kRoles[] = {
      {"operator", trust::Role::operate}, {"viewer", trust::Role::view}, {"agent", trust::Role::agent}};
  for (const auto& [name, role] : kRoles) {
    Client client(ams_->remote(&identities_[name]));
    for (const ams::Route& route : ams::routes()) {
      const auto* scope = std::get_if<trust::Scope>(&route.access);
      const bool joining = std::holds_alternative<ams::Joining>(route.access);
      if (!joining && (scope == nullptr || allows(role, *scope))) continue;
      const std::string what = std::string(name) + ": " + std::string(route.method) + " " + path_of(route);
      const std::string body = joining ? certificate_body(stranger_, "me", "admin") : "";
      expect(client.call(std::string(route.method), path_of(route), body), 403, "trust_role", what);
    }
  }
}

TEST_F(Credentials, AnInstancesCertificateAndTokenGrantNothingElse) {
  Client client(ams_->remote(&instance_));
  for (const ams::Route& route : ams::routes()) {
    if (!std::holds_alternative<trust::Scope>(route.access)) continue;
    if (route.method == "PATCH" && route.object == "instance") continue;  // where it reports its status
    expect(client.call(std::string(route.method), path_of(route), {}, bearer(token_)), 403, "trust_unknown",
           std::string(route.method) + " " + path_of(route));
  }
}

/// One kind of caller, and its permissions.
struct WrongCaller {
  const char* what;
  net::Remote remote;
  std::string token{};
  std::function<bool(const ams::Access&)> may = [](const ams::Access&) { return false; };
};

// Where a caller is permitted, the answer does not matter here.
TEST_F(Credentials, NoRouteAcceptsAWrongCaller) {
  Client admin(ams_->local());
  const auto add = [&](const std::string& name, const json::array& scopes) {
    net::TlsIdentity identity = make_client(name);
    json::object body = json::parse(certificate_body(identity, name, "admin")).as_object();
    if (!scopes.empty()) body["scopes"] = scopes;
    admin.finish(admin.post("/1.0/certificates", json::serialize(body)));
    EXPECT_TRUE(eventually([&] { return Client(ams_->remote(&identity)).get("/1.0/instances").status == 200U; }));
    return identity;
  };
  const net::TlsIdentity narrowed = add("narrowed", {"instances:read"});
  const net::TlsIdentity removed = add("removed", {});
  admin.finish(admin.erase("/1.0/certificates/removed"));
  const Launched other = launch(admin, "other", "app2");
  const Launched gone = launch(admin, "gone", "app");
  admin.finish(admin.erase("/1.0/instances/gone"));
  const auto of_role = [](trust::Role role) {
    return [role](const ams::Access& access) {
      const auto* scope = std::get_if<trust::Scope>(&access);
      return scope != nullptr && allows(role, *scope);
    };
  };
  const std::string expired = minted([](token::JwtClaims& c) { c.expires = {c.issued_at->seconds_since_1970 - 1}; });
  const WrongCaller callers[] = {
      {"nobody", ams_->remote()},
      {"stranger", ams_->remote(&stranger_)},
      {"removed", ams_->remote(&removed)},
      {"narrowed", ams_->remote(&narrowed), "",
       [](const ams::Access& access) {
         const auto* scope = std::get_if<trust::Scope>(&access);
         return scope != nullptr && *scope == trust::Scope::instance_read;
       }},
      {"viewer", ams_->remote(&identities_["viewer"]), "", of_role(trust::Role::view)},
      {"other inst.", ams_->remote(&other.identity), other.token},
      {"gone inst.", ams_->remote(&gone.identity), gone.token},
      {"no token", ams_->remote(&instance_)},
      {"expired", ams_->remote(&instance_), expired},
      {"stolen", ams_->remote(&identities_["viewer"]), token_, of_role(trust::Role::view)},
      {"stolen cert", ams_->remote(&instance_), other.token},
  };
  std::printf("%-42s", "");
  for (const WrongCaller& caller : callers) std::printf(" %-11s", caller.what);
  for (const ams::Route& route : ams::routes()) {
    if (std::holds_alternative<ams::Open>(route.access)) continue;
    const std::string shown = std::string(route.method) + " " + std::string(route.pattern);
    std::printf("\n%-42s", shown.c_str());
    for (const WrongCaller& caller : callers) {
      const auto headers = caller.token.empty() ? std::vector<net::HttpHeader>() : bearer(caller.token);
      const bool joining = std::holds_alternative<ams::Joining>(route.access);
      const std::string body = joining ? certificate_body(stranger_, "me", "admin") : "{}";
      const Answer answer = Client(caller.remote).call(std::string(route.method), real_path(route), body, headers);
      std::printf(" %-11u", answer.status);
      ++cases_;
      // An instance may read its own data; another's data appears not to exist.
      const bool instance = &caller == &callers[5] && route.pattern.starts_with("/1.0/artifacts");
      const bool refused = answer.status == 401 || answer.status == 403 || (instance && answer.status == 404);
      EXPECT_EQ(refused, !caller.may(route.access) && !(instance && route.pattern == "/1.0/artifacts"))
          << shown << " " << caller.what << ": " << answer.raw.body;
    }
  }
  std::printf("\n");
  admin.finish(admin.erase("/1.0/instances/other"));
  admin.finish(admin.erase("/1.0/certificates/narrowed"));
  EXPECT_EQ(admin.get("/1.0/instances/victim").metadata().at("status"), "running");
}

TEST_F(Credentials, EventsRequireTheirScope) {
  boost::asio::io_context io{1};
  const auto status = [&](const net::TlsIdentity* identity, const std::string& target) {
    net::WebSocketClientConfig config{.server = ams_->remote(identity), .target = target};
    ++cases_;
    auto socket = wait_for(io, net::open_websocket(std::move(config)));
    return socket ? 101U : socket.error().status;
  };
  EXPECT_EQ(status(&identities_["viewer"], "/1.0/events"), 101U);
  --cases_;
  EXPECT_EQ(status(nullptr, "/1.0/events"), 403U);
  EXPECT_EQ(status(&stranger_, "/1.0/events"), 403U);
  EXPECT_EQ(status(nullptr, "/1.0/events?token=" + token_), 401U) << "a token for something else";
  EXPECT_EQ(status(nullptr, "/1.0/events?token=x"), 401U);
}

TEST_F(Credentials, TokensOfTheWrongFormAreRefused) {
  Client client(ams_->remote(&instance_));
  const std::string header = token_.substr(0, token_.find('.'));
  const std::string payload = token_.substr(header.size() + 1, token_.rfind('.') - header.size() - 1);
  const std::string signature = token_.substr(token_.rfind('.') + 1);
  const auto with_header = [&](std::string_view text) { return encode(text) + "." + payload + "." + signature; };
  const std::string big(9000, 'a');
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += R"({"a":)";
  const std::tuple<const char*, std::string, const char*> kCases[] = {
      {"alg none", with_header(R"({"alg":"none","typ":"JWT"})"), "token_algorithm"},
      {"alg None", with_header(R"({"alg":"None"})"), "token_algorithm"},
      {"alg NONE without a signature", encode(R"({"alg":"NONE"})") + "." + payload + ".", "token_algorithm"},
      {"alg nOnE", with_header(R"({"alg":"nOnE"})"), "token_algorithm"},
      {"alg empty", with_header(R"({"alg":""})"), "token_algorithm"},
      {"alg RS256", with_header(R"({"alg":"RS256","typ":"JWT"})"), "token_algorithm"},
      {"alg ES256", with_header(R"({"alg":"ES256"})"), "token_algorithm"},
      {"alg PS256", with_header(R"({"alg":"PS256"})"), "token_algorithm"},
      {"alg EdDSA", with_header(R"({"alg":"EdDSA"})"), "token_algorithm"},
      {"alg HS384", with_header(R"({"alg":"HS384"})"), "token_algorithm"},
      {"alg HS512", with_header(R"({"alg":"HS512"})"), "token_algorithm"},
      {"alg hs256", with_header(R"({"alg":"hs256"})"), "token_algorithm"},
      {"no alg", with_header(R"({"typ":"JWT"})"), "token_algorithm"},
      {"alg a number", with_header(R"({"alg":256})"), "token_algorithm"},
      {"alg a list", with_header(R"({"alg":["HS256"]})"), "token_algorithm"},
      {"alg twice", with_header(R"({"alg":"HS256","alg":"none"})"), "token_syntax"},
      {"kid a path", with_header(R"({"alg":"HS256","kid":"../../../../dev/null"})"), "token_header"},
      {"kid a query", with_header(R"({"alg":"HS256","kid":"x' UNION SELECT 'y"})"), "token_header"},
      {"jku", with_header(R"({"alg":"HS256","jku":"https://192.0.2.1/keys"})"), "token_header"},
      {"x5u", with_header(R"({"alg":"HS256","x5u":"https://192.0.2.1/cert"})"), "token_header"},
      {"jwk", with_header(R"({"alg":"HS256","jwk":{"kty":"oct","k":"AA"}})"), "token_header"},
      {"crit", with_header(R"({"alg":"HS256","crit":["exp"]})"), "token_header"},
      {"header no object", with_header("[]"), "token_syntax"},
      {"header no JSON", with_header("HS256"), "token_syntax"},
      {"header empty", "." + payload + "." + signature, "token_syntax"},
      {"header deep", with_header(deep), "token_syntax"},
      {"no signature", header + "." + payload + ".", "token_syntax"},
      {"two parts", header + "." + payload, "token_syntax"},
      {"four parts", token_ + ".x", "token_syntax"},
      {"five parts", token_ + ".x.y", "token_syntax"},
      {"padding", token_ + "=", "token_syntax"},
      {"other base64", header + "." + payload + ".+/" + signature.substr(2), "token_syntax"},
      {"longer signature", token_ + "AAAA", "token_syntax"},
      {"huge", token_ + big, "token_too_large"},
      {"a macaroon", "MDAxY2xvY2F0aW9uIGFtcwowMDBmaWRlbnRpZmllciB4Cg", "token_syntax"},
      {"claims swapped", header + "." + encode(R"({"sub":"x","exp":99999999999})") + "." + signature,
       "token_bad_signature"},
      {"claims empty", header + ".." + signature, "token_bad_signature"},
  };
  for (const auto& [what, token, code] : kCases) {
    expect(client.call("PATCH", status_path(), R"({"status":"running"})", bearer(token)), 401, code, what);
  }
  for (const char* scheme : {"Basic", "Digest", "macaroon", "Negotiate"}) {
    expect(client.call("PATCH", status_path(), R"({"status":"running"})", bearer(token_, scheme)), 401, "token_syntax",
           scheme);
  }
}

TEST_F(Credentials, TokensWithOtherClaimsAreRefused) {
  Client client(ams_->remote(&instance_));
  const std::int64_t now = net::wall_time().seconds_since_1970;
  const std::tuple<const char*, std::string, unsigned, const char*> kCases[] = {
      {"expired", minted([&](token::JwtClaims& c) { c.expires = {now - 1}; }), 401, "token_expired"},
      {"expired long ago", minted([&](token::JwtClaims& c) { c.expires = {0}; }), 401, "token_expired"},
      {"not yet", minted([&](token::JwtClaims& c) { c.not_before = {now + 3600}; }), 401, "token_not_yet_valid"},
      {"issued in the future", minted([&](token::JwtClaims& c) { c.issued_at = {now + 3600}; }), 401,
       "token_not_yet_valid"},
      {"another audience", minted([](token::JwtClaims& c) { c.audience = {"gateway"}; }), 401, "token_claims"},
      {"the events' audience", minted([](token::JwtClaims& c) { c.audience = {"ams-events"}; }), 401, "token_claims"},
      {"no audience", minted([](token::JwtClaims& c) { c.audience.clear(); }), 401, "token_claims"},
      {"another issuer", minted([](token::JwtClaims& c) { c.issuer = "gateway"; }), 401, "token_claims"},
      {"no issuer", minted([](token::JwtClaims& c) { c.issuer.clear(); }), 401, "token_claims"},
      {"another subject", minted([](token::JwtClaims& c) { c.subject = "dc0o2te4vvjqjnm6osc0"; }), 401, "token_claims"},
      {"no subject", minted([](token::JwtClaims& c) { c.subject.clear(); }), 401, "token_claims"},
      {"a path as subject", minted([](token::JwtClaims& c) { c.subject = "../config/x"; }), 401, "token_claims"},
      {"no scope", minted([](token::JwtClaims& c) { c.scope.clear(); }), 403, "token_scope"},
      {"another scope", minted([](token::JwtClaims& c) { c.scope = {"artifacts:read"}; }), 403, "token_scope"},
      {"a longer scope", minted([](token::JwtClaims& c) { c.scope = {"instance:status:more"}; }), 403, "token_scope"},
  };
  for (const auto& [what, token, status, code] : kCases) {
    expect(client.call("PATCH", status_path(), R"({"status":"running"})", bearer(token)), status, code, what);
  }
  // Correct in every respect, but with another key.
  std::vector<std::uint8_t> other(64, 1);
  token::JwtKey key = token::JwtKey::prepare(*provider_, Secret<64>(other)).value();
  expect(client.call("PATCH", status_path(), "{}", bearer(key.mint(good_claims()).value())), 401, "token_bad_signature",
         "another key");
  // The same claims with the right key are accepted, so each case above fails for its own reason.
  const std::string good = minted([](token::JwtClaims&) {});
  EXPECT_EQ(client.call("PATCH", status_path(), R"({"status":"running"})", bearer(good)).status, 200U);
}

TEST_F(Credentials, ATokenWithOneBitChangedAnywhereIsRefused) {
  Client client(ams_->remote(&instance_));
  for (std::size_t at = 0; at < token_.size(); ++at) {
    std::string token = token_;
    token[at] = static_cast<char>(token[at] ^ 1);
    const Answer answer = client.call("GET", "/1.0/artifacts", {}, bearer(token));
    ++cases_;
    EXPECT_EQ(answer.status, 401U) << at;
    EXPECT_TRUE(answer.code.starts_with("token_")) << at << answer.code;
  }
}

TEST_F(Credentials, ATruncatedTokenIsRefused) {
  Client client(ams_->remote(&instance_));
  for (std::size_t length = 1; length < token_.size(); length += 3) {
    const Answer answer = client.call("GET", "/1.0/artifacts", {}, bearer(token_.substr(0, length)));
    ++cases_;
    EXPECT_EQ(answer.status, 401U) << length;
  }
}

TEST_F(Credentials, ATokenWithoutItsCertificateIsRefused) {
  Client stranger(ams_->remote(&stranger_));
  Client nobody(ams_->remote());
  for (const char* path : {"/1.0/artifacts", "/1.0/artifacts/app"}) {
    expect(stranger.call("GET", path, {}, bearer(token_)), 403, "trust_unknown", path);
    expect(nobody.call("GET", path, {}, bearer(token_)), 403, "forbidden", path);
  }
  expect(stranger.call("PATCH", status_path(), "{}", bearer(token_)), 403, "trust_unknown", "status");
  expect(nobody.call("PATCH", status_path(), "{}", bearer(token_)), 403, "forbidden", "status");
}

TEST_F(Credentials, JoinTokensThatWereNotMadeHereAreRefused) {
  Client client(ams_->remote(&stranger_));
  Client admin(ams_->local());
  const std::string good(admin.post("/1.0/auth/tokens", R"({"name":"new"})").metadata().at("token").as_string());
  const auto attempt = [&](const std::string& token, const std::string& what) {
    const std::string body = json::serialize(json::object{{"trust_token", token}});
    expect(client.post("/1.0/certificates", body), 403, "trust_join_token", what);
  };
  const auto bytes = from_base64(good, Base64::url);
  ASSERT_TRUE(bytes);
  const std::string text(bytes->begin(), bytes->end());
  json::object token = json::parse(text).as_object();
  const std::string secret(token.at("secret").as_string());
  for (const std::string& other : {std::string(secret.size(), '0'), secret.substr(1), std::string()}) {
    json::object changed = token;
    changed["secret"] = other;
    attempt(encode(json::serialize(changed)), "secret " + other);
  }
  attempt("x", "no base64");
  attempt(encode("[]"), "no object");
  attempt(encode("{}"), "no members");
  attempt(good.substr(0, good.size() / 2), "cut");
  for (std::size_t at = 0; at < good.size(); at += 20) {
    std::string changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    const std::string body = json::serialize(json::object{{"trust_token", changed}});
    const Answer answer = client.post("/1.0/certificates", body);
    // A change outside the secret leaves the token valid, because only the secret counts; then it is used up.
    if (answer.status == 202) break;
    ++cases_;
    EXPECT_EQ(answer.code, "trust_join_token");
  }
}

}  // namespace
}  // namespace redan::cloud::test
