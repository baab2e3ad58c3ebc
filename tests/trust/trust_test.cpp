// AMS from its users' view: TLS, the trust store, join tokens, instances and their tokens.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <fstream>

#include "base/base64.hpp"
#include "cloud/store/sqlite.hpp"
#include "cloud/token/jwt.hpp"
#include "net/clock.hpp"
#include "net/errors.hpp"
#include "tests/cloud/store/contract.hpp"
#include "tests/trust/ams_process.hpp"

namespace redan::cloud::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), n);
  ::pclose(pipe);
  return text;
}

/// One AMS for all tests: its RSA key takes a second or two.
class Trust : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    ::setenv("A_SECRET_OF_AMS", "x", 1);  // for AnInstancesEnvironmentContainsNoSecret
    ams_ = std::make_unique<AmsProcess>(AmsProcess::Options{.folder = folder_->path() / "ams"});
    Client admin(ams_->local());
    ASSERT_EQ(admin.post("/1.0/applications", R"({"name":"pong"})").status, 202U);
  }
  static void TearDownTestSuite() {
    ams_.reset();
    folder_.reset();
  }

  static json::value launch(Client& client, const std::string& name) {
    const Answer launched = client.post("/1.0/instances", R"({"name":")" + name + R"(","app_id":"pong"})");
    const json::value operation = client.finish(launched);
    EXPECT_EQ(operation.at("status"), "Success") << operation;
    EXPECT_TRUE(eventually([&] { return status_of(client, name) == "running"; })) << status_of(client, name);
    return client.get("/1.0/instances/" + name).metadata();
  }
  static std::string status_of(Client& client, const std::string& name) {
    const Answer answer = client.get("/1.0/instances/" + name);
    return answer.status == 200 ? std::string(answer.metadata().at("status").as_string()) : answer.code;
  }
  static json::value user_data(const json::value& instance) {
    const fs::path file = ams_->folder() / "instances" / std::string(instance.at("id").as_string()) / "user-data.json";
    return json::parse(read_file(file));
  }
  static net::TlsIdentity identity_of(const json::value& data) {
    net::TlsIdentity identity;
    identity.certificate_der = from_base64(std::string(data.at("ams").at("certificate").as_string())).value();
    identity.private_key_der = from_base64(std::string(data.at("ams").at("key").as_string())).value();
    return identity;
  }
  static std::string s_client(const std::string& more) {
    return output_of("echo | timeout 10 openssl s_client -connect 127.0.0.1:" + std::to_string(ams_->port()) + " " +
                     more + " 2>&1");
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<AmsProcess> ams_;
};

// TLS.

TEST_F(Trust, NothingOlderThanTls13IsAccepted) {
  EXPECT_NE(s_client("-tls1_3").find("TLSv1.3"), std::string::npos);
  const std::string older = s_client("-tls1_2");
  EXPECT_NE(older.find("protocol version"), std::string::npos) << older;
  EXPECT_EQ(older.find("BEGIN CERTIFICATE"), std::string::npos);
}

TEST_F(Trust, PlainHttpGetsNoAnswer) {
  const std::string answer =
      output_of("curl -s -i --max-time 5 http://127.0.0.1:" + std::to_string(ams_->port()) + "/1.0 2>&1");
  EXPECT_EQ(answer.find("HTTP/1"), std::string::npos) << answer;
}

TEST_F(Trust, TheKeyIsRsa4096AndPrivate) {
  const std::string shown = output_of("openssl x509 -noout -text -in " + (ams_->folder() / "tls.pem").string());
  EXPECT_NE(shown.find("Public-Key: (4096 bit)"), std::string::npos) << shown;
  EXPECT_NE(shown.find("Exponent: 65537"), std::string::npos);
  for (const char* name : {"tls.pem", "ams.sqlite"}) {
    struct stat status {};
    ASSERT_EQ(::stat((ams_->folder() / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
}

TEST_F(Trust, ASmallerKeyIsRefusedAtTheStart) {
  const TemporaryFolder other;
  const std::string pem = (other.path() / "tls.pem").string();
  output_of("openssl req -x509 -newkey rsa:2048 -nodes -keyout " + pem + ".key -out " + pem +
            ".crt -subj /CN=small -days 2 2>&1 && cat " + pem + ".key " + pem + ".crt > " + pem + " && chmod 600 " +
            pem);
  ASSERT_FALSE(read_file(pem).empty());
  const fs::path log = other.path() / "log";
  Process small({redan_program(), "ams", "--data-dir", other.path().string(), "--listen", "127.0.0.1:0"}, log);
  EXPECT_EQ(small.wait(10s), 1);
  EXPECT_NE(read_file(log).find("4096"), std::string::npos) << read_file(log);
}

TEST_F(Trust, AServerOfTheSameNameWithAnotherCertificateIsRefusedBeforeARequest) {
  net::Remote remote = ams_->remote();
  Digest& pin = std::get<net::PinnedSha256>(std::get<net::TlsRemote>(remote).trust).digest;
  const Answer good = Client(remote).get("/1.0");
  EXPECT_EQ(good.status, 200U);
  std::string text = net::pin_text(pin);
  text.back() = text.back() == '0' ? '1' : '0';
  pin = net::parse_pin(text).value();
  Client admin(ams_->local());
  const auto requests = [&] { return admin.get("/1.0/metrics").raw.body; };
  const std::string counter = "ams_http_requests_total{handler=\"https_service_GET\"";
  const auto count = [&](const std::string& page) {
    const std::size_t at = page.find(counter);
    return page.substr(at, page.find('\n', at) - at);
  };
  const std::string before = count(requests());
  EXPECT_EQ(Client(remote).get("/1.0").failure, net::errc::tls_pin_mismatch);
  EXPECT_EQ(count(requests()), before);
}

// The trust store.

TEST_F(Trust, AnUnknownClientLearnsOnlyThatItIsUntrusted) {
  const net::TlsIdentity stranger = make_client("stranger");
  for (const net::TlsIdentity* identity : {&stranger, static_cast<const net::TlsIdentity*>(nullptr)}) {
    Client client(ams_->remote(identity));
    const Answer service = client.get("/1.0");
    EXPECT_EQ(service.status, 200U);
    EXPECT_EQ(service.metadata().at("auth"), "untrusted");
    EXPECT_EQ(client.get("/1.0/instances").status, 403U);
    EXPECT_EQ(client.get("/1.0/instances").code, "trust_unknown");
    EXPECT_EQ(client.post("/1.0/certificates", certificate_body(stranger, "me", "admin")).status, 403U);
  }
}

TEST_F(Trust, ACertificateIsTrustedWhileStoredAndItsConnectionEndsWithIt) {
  const net::TlsIdentity alice = make_client("alice");
  Client admin(ams_->local());
  admin.finish(admin.post("/1.0/certificates", certificate_body(alice, "alice", "admin")));
  EXPECT_EQ(admin.post("/1.0/certificates", certificate_body(alice, "alice", "admin")).status, 409U);
  Client client(ams_->remote(&alice));
  EXPECT_EQ(client.get("/1.0").metadata().at("auth"), "trusted");
  EXPECT_EQ(client.get("/1.0/instances").status, 200U);
  const std::string fingerprint = net::pin_text(alice.fingerprint.digest);
  EXPECT_EQ(client.get("/1.0/certificates/" + fingerprint).metadata().at("name"), "alice");

  // An idle socket is the hardest case, because no request is made on it.
  net::WebSocketClientConfig config{.server = ams_->remote(&alice), .target = "/1.0/events"};
  bool closed = false;
  auto socket = wait_for(client.io(), net::open_websocket(std::move(config)));
  ASSERT_TRUE(socket);
  (*socket)->on_close = [&closed] { closed = true; };
  admin.finish(admin.erase("/1.0/certificates/" + fingerprint));
  const auto removed = std::chrono::steady_clock::now();
  EXPECT_TRUE(run_until(
      client.io(), [&] { return closed; }, 1s))
      << "the idle socket lives on";
  EXPECT_LT(std::chrono::steady_clock::now() - removed, 1s);
  const Answer after = client.get("/1.0/instances");
  EXPECT_EQ(after.status, 403U);
  EXPECT_EQ(Client(ams_->remote(&alice)).get("/1.0/instances").code, "trust_unknown");
}

TEST_F(Trust, CertificatesOfATrustedAuthorityAreTrustedWithItsRole) {
  const std::string at = folder_->path().string() + "/";
  const std::string fresh = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  const std::string made =
      output_of("cd " + at + " && (for ca in ca other; do " + fresh +
                "-x509 -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 2; " + fresh +
                "-keyout of-$ca.key -out of-$ca.csr -subj /CN=of-$ca; printf 'extendedKeyUsage=clientAuth' > ext; " +
                "openssl x509 -req -in of-$ca.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -out of-$ca.pem -days 2 "
                "-extfile ext; "
                "done) 2>&1");
  Client admin(ams_->local());
  const std::string body = json::serialize(
      json::object{{"certificate", read_file(at + "ca.pem")}, {"name", "ca"}, {"type", "ca"}, {"role", "operator"}});
  const Answer added = admin.post("/1.0/certificates", body);
  ASSERT_EQ(added.status, 202U) << added.raw.body << made;
  auto known = net::load_tls_identity(read_file(at + "of-ca.pem"), read_file(at + "of-ca.key"));
  auto unknown = net::load_tls_identity(read_file(at + "of-other.pem"), read_file(at + "of-other.key"));
  ASSERT_TRUE(known && unknown) << made;
  Client client(ams_->remote(&*known));
  EXPECT_EQ(client.get("/1.0/instances").status, 200U);
  EXPECT_EQ(client.get("/1.0").metadata().at("auth_role"), "operator");
  EXPECT_EQ(client.get("/1.0/certificates").code, "trust_role");
  EXPECT_EQ(Client(ams_->remote(&*unknown)).get("/1.0/instances").code, "trust_unknown");
  admin.finish(admin.erase("/1.0/certificates/ca"));
  EXPECT_TRUE(eventually([&] { return client.get("/1.0/instances").code == "trust_unknown"; }));
}

TEST_F(Trust, TrustSurvivesARestart) {
  const net::TlsIdentity bob = make_client("bob");
  Client admin(ams_->local());
  admin.finish(admin.post("/1.0/certificates", certificate_body(bob, "bob", "viewer")));
  EXPECT_EQ(ams_->stop(), 0);
  ams_->start();
  Client client(ams_->remote(&bob));
  EXPECT_EQ(client.get("/1.0/instances").status, 200U);
  EXPECT_EQ(client.post("/1.0/applications", R"({"name":"x"})").code, "trust_role");
  EXPECT_EQ(client.get("/1.0").metadata().at("auth_role"), "viewer");
}

TEST_F(Trust, AJoinTokenAddsOneCertificateOnce) {
  Client admin(ams_->local());
  const Answer made = admin.post("/1.0/auth/tokens", R"({"name":"carol","role":"operator"})");
  ASSERT_EQ(made.status, 200U) << made.raw.body;
  const std::string token(made.metadata().at("token").as_string());
  const std::string body = json::serialize(json::object{{"trust_token", token}, {"role", "admin"}});
  const net::TlsIdentity carol = make_client("carol");
  const net::TlsIdentity mallory = make_client("mallory");
  EXPECT_EQ(Client(ams_->remote(&carol)).post("/1.0/certificates", body).status, 202U);
  const Answer again = Client(ams_->remote(&mallory)).post("/1.0/certificates", body);
  EXPECT_EQ(again.status, 403U);
  EXPECT_EQ(again.code, "trust_join_token");
  // The role is the token's, not the one that its holder requests.
  EXPECT_EQ(Client(ams_->remote(&carol)).get("/1.0").metadata().at("auth_role"), "operator");
}

TEST_F(Trust, OneOfManySimultaneousUsesOfAJoinTokenSucceeds) {
  Client admin(ams_->local());
  const Answer made = admin.post("/1.0/auth/tokens", R"({"name":"race","role":"viewer"})");
  const std::string body = json::serialize(json::object{{"trust_token", made.metadata().at("token")}});
  boost::asio::io_context io{1};
  std::vector<net::TlsIdentity> identities;
  std::vector<std::unique_ptr<net::HttpClient>> clients;
  std::map<unsigned, int> statuses;
  int ended = 0;
  for (int i = 0; i < 8; ++i) identities.push_back(make_client("racer-" + std::to_string(i)));
  for (const net::TlsIdentity& identity : identities) {
    clients.push_back(std::make_unique<net::HttpClient>(io, net::HttpClientConfig{.server = ams_->remote(&identity)}));
    net::HttpRequest request{"POST", "/1.0/certificates", "", {}, body};
    boost::asio::co_spawn(io, clients.back()->request(std::move(request)),
                          [&](const std::exception_ptr&, const net::HttpResult& result) {
                            ++statuses[result ? result->status : 0];
                            ++ended;
                          });
  }
  EXPECT_TRUE(run_until(io, [&] { return ended == 8; }));
  EXPECT_EQ(statuses[202], 1);
  EXPECT_EQ(statuses[403], 7);
}

TEST_F(Trust, AnExpiredJoinTokenIsRefused) {
  Client admin(ams_->local());
  const Answer made = admin.post("/1.0/auth/tokens", R"({"name":"late","expires_in":1})");
  std::this_thread::sleep_for(2100ms);
  const net::TlsIdentity late = make_client("late");
  const std::string body = json::serialize(json::object{{"trust_token", made.metadata().at("token")}});
  EXPECT_EQ(Client(ams_->remote(&late)).post("/1.0/certificates", body).code, "trust_join_token");
}

TEST_F(Trust, ATrustPasswordAdmitsItsHolder) {
  Client admin(ams_->local());
  const net::TlsIdentity dave = make_client("dave");
  Client client(ams_->remote(&dave));
  const auto body = [](const char* password) {
    return std::string(R"({"name":"dave","role":"viewer","trust-password":")") + password + "\"}";
  };
  EXPECT_EQ(client.post("/1.0/certificates", body("sesame-and-lilies")).status, 403U);
  ASSERT_EQ(admin.patch("/1.0/config", R"({"config":{"core.trust_password":"sesame-and-lilies"}})").status, 202U);
  EXPECT_TRUE(
      eventually([&] { return admin.get("/1.0/config").metadata().at("config").at("core.trust_password") == true; }));
  EXPECT_EQ(client.post("/1.0/certificates", body("opensesame-and-lilies")).status, 403U);
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(client.post("/1.0/certificates", body("sesame-and-lilies")).status, 202U);
  ASSERT_EQ(admin.patch("/1.0/config", R"({"config":{"core.trust_password":""}})").status, 202U);
}

TEST_F(Trust, TheCertificateChangesWithoutARestart) {
  Client held(ams_->remote());
  EXPECT_EQ(held.get("/1.0").status, 200U);
  const std::string pem = (ams_->folder() / "tls.pem").string();
  const std::string old = read_file(pem);
  output_of("openssl req -x509 -newkey rsa:4096 -nodes -keyout " + pem + ".k -out " + pem +
            ".c -subj /CN=rotated -days 2 2>&1 && cat " + pem + ".k " + pem + ".c > " + pem + ".n && chmod 600 " + pem +
            ".n && mv " + pem + ".n " + pem);
  ams_->reload();
  EXPECT_TRUE(eventually([&] { return Client(ams_->remote()).get("/1.0").failure == net::errc::tls_pin_mismatch; }));
  EXPECT_EQ(held.get("/1.0").status, 200U) << "the open connection ended";
  std::ofstream(pem, std::ios::trunc) << old;
  ams_->reload();
  EXPECT_TRUE(eventually([&] { return Client(ams_->remote()).get("/1.0").status == 200U; }));
}

// Instances and their tokens.

TEST_F(Trust, ARestrictedIdentityGrantsNoMoreThanItHolds) {
  Client admin(ams_->local());
  const auto narrowed = [&](const std::string& name, const std::string& scopes) {
    net::TlsIdentity identity = make_client(name);
    json::value body = json::parse(certificate_body(identity, name, "admin"));
    body.as_object()["scopes"] = json::parse(scopes);
    admin.finish(admin.post("/1.0/certificates", json::serialize(body)));
    EXPECT_TRUE(
        eventually([&] { return Client(ams_->remote(&identity)).get("/1.0").metadata().at("auth") == "trusted"; }));
    return identity;
  };
  const net::TlsIdentity granter = narrowed("granter", R"(["trust:write","instances:read"])");
  Client grants(ams_->remote(&granter));
  const net::TlsIdentity puppet = make_client("puppet");
  for (const char* role : {"admin", "operator", "viewer", "agent"}) {
    EXPECT_EQ(grants.post("/1.0/certificates", certificate_body(puppet, "puppet", role)).code, "trust_role") << role;
    EXPECT_EQ(grants.post("/1.0/auth/tokens", std::string(R"({"name":"p","role":")") + role + "\"}").status, 403U);
  }
  json::value same = json::parse(certificate_body(puppet, "puppet", "admin"));
  same.as_object()["scopes"] = json::array{"instances:read"};
  EXPECT_EQ(grants.post("/1.0/certificates", json::serialize(same)).status, 202U);
  const net::TlsIdentity setter = narrowed("setter", R"(["config:read","config:write"])");
  Client sets(ams_->remote(&setter));
  const std::string password = R"({"config":{"core.trust_password":"sixteen-characters-long"}})";
  EXPECT_EQ(sets.patch("/1.0/config", password).code, "trust_role");
  EXPECT_EQ(sets.patch("/1.0/config", R"({"config":{"core.trust_password":""}})").code, "trust_role");
  EXPECT_EQ(sets.patch("/1.0/config", R"({"config":{"core.max_requests_per_second":"900"}})").status, 202U);
  for (const char* name : {"granter", "setter", "puppet"})
    admin.finish(admin.erase(std::string("/1.0/certificates/") + name));
}

TEST_F(Trust, AnInstanceRunsReportsItAndDisappearsWhenDeleted) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "one");
  const json::value data = user_data(instance);
  EXPECT_EQ(data.at("ams").at("fingerprint").as_string(), ams_->fingerprint());
  // The instance writes its line after AMS has answered it, so the line may come after the status.
  std::string log;
  EXPECT_TRUE(eventually([&] {
    log = admin.get("/1.0/instances/one/log").raw.body;
    return log.find("AMS knows that this instance runs") != std::string::npos;
  })) << log;
  admin.finish(admin.patch("/1.0/instances/one", R"({"desired_status":"stopped"})"));
  EXPECT_EQ(status_of(admin, "one"), "stopped");
  admin.finish(admin.patch("/1.0/instances/one", R"({"desired_status":"running"})"));
  EXPECT_TRUE(eventually([&] { return status_of(admin, "one") == "running"; }));
  admin.finish(admin.erase("/1.0/instances/one"));
  EXPECT_EQ(status_of(admin, "one"), "not_found");
  EXPECT_FALSE(fs::exists(ams_->folder() / "instances" / std::string(instance.at("id").as_string())));
}

TEST_F(Trust, AnInstanceThatCrashesIsShownAsFailed) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "mortal");
  const fs::path folder = ams_->folder() / "instances" / std::string(instance.at("id").as_string());
  ::kill(std::stoi(read_file(folder / "lock")), SIGKILL);
  EXPECT_TRUE(eventually([&] { return status_of(admin, "mortal") == "error"; }));
  const json::value dead = admin.get("/1.0/instances/mortal").metadata();
  EXPECT_EQ(dead.at("error_message"), "it was killed by signal 9");
  admin.finish(admin.erase("/1.0/instances/mortal"));
}

TEST_F(Trust, TheInstanceTokenIsAOneYearJwtVerifiedOnlyByItsKey) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "claims");
  const std::string token(user_data(instance).at("ams").at("token").as_string());
  const std::string payload = token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1);
  const auto bytes = from_base64(payload, Base64::url);
  ASSERT_TRUE(bytes);
  const json::value claims = json::parse(std::string(bytes->begin(), bytes->end()));
  EXPECT_EQ(claims.at("iss"), "ams");
  EXPECT_EQ(claims.at("sub"), instance.at("id"));
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 31'536'000);
  for (const char* name : {"aud", "nbf", "jti", "scope"}) EXPECT_TRUE(claims.as_object().contains(name)) << name;
  admin.finish(admin.erase("/1.0/instances/claims"));
}

TEST_F(Trust, TheInternalRoutesNeedTheCertificateAndTheToken) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "inner");
  const json::value other = launch(admin, "outer");
  const json::value data = user_data(instance);
  const net::TlsIdentity identity = identity_of(data);
  const net::TlsIdentity stranger = make_client("stranger");
  const std::string path = "/internal/1.0/instances/" + std::string(instance.at("id").as_string());
  const std::vector<net::HttpHeader> token{
      {"Authorization", "Bearer " + std::string(data.at("ams").at("token").as_string())}};
  const std::string body = R"({"status":"running"})";
  EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", path, body, token).status, 200U);
  EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", path, body).code, "token_missing");
  EXPECT_EQ(Client(ams_->remote(&stranger)).call("PATCH", path, body, token).code, "trust_unknown");
  EXPECT_EQ(Client(ams_->remote()).call("PATCH", path, body, token).status, 403U);
  const std::string others = "/internal/1.0/instances/" + std::string(other.at("id").as_string());
  EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", others, body, token).code, "token_claims");
  // A valid token permits nothing beyond its scope.
  EXPECT_EQ(Client(ams_->remote(&identity)).call("GET", "/1.0/instances", {}, token).status, 403U);
  EXPECT_EQ(
      Client(ams_->remote(&identity)).call("GET", "/1.0/artifacts", {}, token).metadata().at("manifest").at("name"),
      "pong");
  // It ends when the instance is stopped.
  admin.finish(admin.patch("/1.0/instances/inner", R"({"desired_status":"stopped"})"));
  EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", path, body, token).status, 403U);
  admin.finish(admin.erase("/1.0/instances/inner"));
  EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", path, body, token).status, 401U);
  admin.finish(admin.erase("/1.0/instances/outer"));
}

TEST_F(Trust, AStolenInstanceTokenIsRefusedWithAnotherTrustedCertificate) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "robbed");
  const std::vector<net::HttpHeader> token{
      {"Authorization", "Bearer " + std::string(user_data(instance).at("ams").at("token").as_string())}};
  const std::string path = "/internal/1.0/instances/" + std::string(instance.at("id").as_string());
  for (const char* role : {"viewer", "operator", "admin", "agent"}) {
    const std::string name = std::string("thief-") + role;
    const net::TlsIdentity thief = make_client(name);
    admin.finish(admin.post("/1.0/certificates", certificate_body(thief, name, role)));
    ASSERT_TRUE(
        eventually([&] { return Client(ams_->remote(&thief)).get("/1.0").metadata().at("auth") == "trusted"; }));
    Client client(ams_->remote(&thief));
    EXPECT_EQ(client.call("PATCH", path, R"({"status":"error"})", token).code, "trust_unknown") << role;
    EXPECT_EQ(
        client.call("PUT", path + "/seal", R"({"key":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="})", token).code,
        "trust_unknown")
        << role;
    EXPECT_EQ(client.call("GET", "/1.0/artifacts", {}, token).code, "trust_unknown") << role;
    admin.erase("/1.0/certificates/" + name);
  }
  admin.finish(admin.erase("/1.0/instances/robbed"));
}

TEST_F(Trust, AnInstanceMayWriteAnyTextAboutItself) {
  Client admin(ams_->local());
  for (const std::string& message :
       {std::string(1023, 'x') + "\u00e9", std::string(1022, 'x') + "\u20ac", std::string(1021, 'x') + "\U0001F600",
        std::string(4096, 'x'), std::string("\u0000")}) {
    const json::value instance = launch(admin, "talker");
    const json::value data = user_data(instance);
    const net::TlsIdentity identity = identity_of(data);
    const std::vector<net::HttpHeader> token{
        {"Authorization", "Bearer " + std::string(data.at("ams").at("token").as_string())}};
    const std::string path = "/internal/1.0/instances/" + std::string(instance.at("id").as_string());
    const std::string body = json::serialize(json::object{{"status", "error"}, {"message", message}});
    EXPECT_EQ(Client(ams_->remote(&identity)).call("PATCH", path, body, token).status, 200U);
    EXPECT_EQ(status_of(admin, "talker"), "error");
    const std::string shown(admin.get("/1.0/instances/talker").metadata().at("error_message").as_string());
    EXPECT_TRUE(message.starts_with(shown) && shown.size() <= 1024) << shown.size();
    EXPECT_EQ(admin.finish(admin.erase("/1.0/instances/talker")).at("status"), "Success");
    EXPECT_EQ(status_of(admin, "talker"), "not_found");
  }
}

TEST(Damage, ADamagedRecordIsShownAndCanBeDeleted) {
  TemporaryFolder folder;
  AmsProcess ams({.folder = folder.path() / "ams"});
  Client admin(ams.local());
  const std::vector<std::string> names{"cut", "not-utf8", "nothing"};
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    admin.finish(admin.post("/1.0/instances", R"({"name":")" + name + R"(","image_id":"x"})"));
    ids.emplace_back(admin.get("/1.0/instances/" + name).metadata().at("id").as_string());
  }
  ASSERT_EQ(ams.stop(), 0);
  {
    boost::asio::io_context io{1};
    auto opened = store::sqlite_store(io, ams.folder() / "ams.sqlite");
    ASSERT_TRUE(opened);
    store::Store* store = opened->get();
    const auto damage = [&](const std::string& id, const std::function<std::string(std::string)>& how) {
      const std::string key = "/ams/1.0/instances/" + id;
      const std::string record = (**wait_for(io, store->get(key))).value;
      ASSERT_TRUE(wait_for(io, store->put(key, how(record))));
    };
    damage(ids[0], [](std::string record) { return record.substr(0, record.size() / 2); });
    damage(ids[1],
           [](std::string record) { return record.replace(record.find("\"error_message\":\"") + 17, 0, "\xc3"); });
    damage(ids[2], [](const std::string&) { return std::string(); });
  }
  ams.start();
  Client again(ams.local());
  EXPECT_EQ(again.get("/1.0/instances?recursion=1").metadata().as_array().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Answer shown = again.get("/1.0/instances/" + names[i]);
    EXPECT_EQ(shown.status, 200U) << names[i];
    EXPECT_EQ(shown.metadata().at("status"), "error");
    EXPECT_NE(shown.metadata().at("error_message").as_string().find("damaged"), std::string::npos);
    EXPECT_EQ(again.patch("/1.0/instances/" + ids[i], R"({"desired_status":"running"})").status, 409U);
    EXPECT_EQ(again.finish(again.erase("/1.0/instances/" + ids[i])).at("status"), "Success");
    EXPECT_EQ(again.get("/1.0/instances/" + names[i]).status, 404U);
    EXPECT_FALSE(std::filesystem::exists(ams.folder() / "instances" / ids[i]));
    const Answer anew = again.post("/1.0/instances", R"({"name":")" + names[i] + R"(","image_id":"x"})");
    EXPECT_EQ(again.finish(anew).at("status"), "Success") << "the name is free again";
  }
}

TEST_F(Trust, ARuntimeWithAnotherPinNeverSendsItsToken) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "pinned");
  json::value data = user_data(instance);
  std::string pin(data.at("ams").at("fingerprint").as_string());
  pin.back() = pin.back() == '0' ? '1' : '0';
  data.at("ams").as_object()["fingerprint"] = pin;
  const fs::path file = folder_->path() / "user-data.json";
  std::ofstream(file) << data;
  fs::permissions(file, fs::perms::owner_read);
  const fs::path log = folder_->path() / "runtime.log";
  {
    Process runtime({redan_program(), "runtime", "--user-data", file.string()}, log);
    EXPECT_TRUE(eventually([&] { return read_file(log).find("pinned") != std::string::npos; })) << read_file(log);
    EXPECT_TRUE(runtime.runs());
  }
  EXPECT_EQ(read_file(log).find("AMS knows"), std::string::npos);
  admin.finish(admin.erase("/1.0/instances/pinned"));
}

TEST_F(Trust, AnInstancesEnvironmentContainsNoSecret) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "clean");
  const fs::path lock = ams_->folder() / "instances" / std::string(instance.at("id").as_string()) / "lock";
  const std::string pid = read_file(lock);
  const std::string environment = read_file("/proc/" + pid.substr(0, pid.find('\n')) + "/environ");
  EXPECT_NE(environment.find("HOME="), std::string::npos);
  EXPECT_EQ(environment.find("A_SECRET_OF_AMS"), std::string::npos);
  EXPECT_NE(read_file("/proc/" + std::to_string(ams_->pid()) + "/environ").find("A_SECRET_OF_AMS"), std::string::npos);
  admin.finish(admin.erase("/1.0/instances/clean"));
}

TEST_F(Trust, TheLogContainsNoSecret) {
  Client admin(ams_->local());
  const json::value instance = launch(admin, "quiet");
  const std::string token(user_data(instance).at("ams").at("token").as_string());
  const std::string shown = admin.get("/1.0/instances/quiet/log").raw.body + ams_->log();
  EXPECT_EQ(shown.find(token.substr(token.rfind('.') + 1)), std::string::npos);
  EXPECT_EQ(admin.get("/1.0/instances/quiet").raw.body.find("user_data"), std::string::npos);
  admin.finish(admin.erase("/1.0/instances/quiet"));
}

// HTTP details.

TEST_F(Trust, AnETagDetectsConcurrentChanges) {
  Client admin(ams_->local());
  admin.finish(admin.post("/1.0/instances", R"({"name":"tagged","app_id":"pong","no_start":true})"));
  const Answer seen = admin.get("/1.0/instances/tagged");
  const auto etag = net::find_header(seen.raw.headers, "ETag");
  ASSERT_TRUE(etag);
  const std::vector<net::HttpHeader> guard{{"If-Match", std::string(*etag)}};
  const std::string protect = R"({"config":{"security.delete_protected":true}})";
  EXPECT_EQ(admin.call("PATCH", "/1.0/instances/tagged", protect, guard).status, 202U);
  EXPECT_EQ(admin.call("PATCH", "/1.0/instances/tagged", protect, guard).code, "precondition_failed");
  EXPECT_EQ(admin.erase("/1.0/instances/tagged").status, 403U);
  admin.patch("/1.0/instances/tagged", R"({"config":{"security.delete_protected":false}})");
  admin.finish(admin.erase("/1.0/instances/tagged"));
}

TEST_F(Trust, ListsArePaged) {
  Client admin(ams_->local());
  for (int i = 0; i < 5; ++i) {
    admin.finish(admin.post("/1.0/instances",
                            R"({"name":"page-)" + std::to_string(i) + R"(","app_id":"pong","no_start":true})"));
  }
  const Answer page = admin.get("/1.0/instances?limit=2&offset=1");
  EXPECT_EQ(page.metadata().as_array().size(), 2U);
  EXPECT_EQ(page.body.at("total_size"), 5);
  EXPECT_EQ(admin.get("/1.0/instances?limit=2&offset=4").metadata().as_array().size(), 1U);
  EXPECT_EQ(admin.get("/1.0/instances?limit=x").status, 400U);
  for (int i = 0; i < 5; ++i) admin.finish(admin.erase("/1.0/instances/page-" + std::to_string(i)));
}

TEST_F(Trust, EventsReportOperationsAndInstances) {
  Client admin(ams_->local());
  boost::asio::io_context& io = admin.io();
  std::vector<std::string> seen;
  auto socket = wait_for(io, net::open_websocket({.server = ams_->local(), .target = "/1.0/events"}));
  ASSERT_TRUE(socket);
  (*socket)->on_message = [&seen](std::string_view text) { seen.emplace_back(text); };
  admin.finish(admin.post("/1.0/instances", R"({"name":"event","app_id":"pong","no_start":true})"));
  admin.finish(admin.erase("/1.0/instances/event"));
  const auto told = [&](const char* what) {
    return std::any_of(seen.begin(), seen.end(),
                       [&](const std::string& text) { return text.find(what) != std::string::npos; });
  };
  EXPECT_TRUE(run_until(io, [&] {
    return told("instance-created") && told("instance-removed") && told("launch instance") && told("Success");
  }));
}

TEST_F(Trust, AnEventsTokenIsValidOnceAndEndsWithItsHolder) {
  Client admin(ams_->local());
  boost::asio::io_context& io = admin.io();
  const net::TlsIdentity listener = make_client("listener");
  admin.finish(admin.post("/1.0/certificates", certificate_body(listener, "listener", "viewer")));
  Client holder(ams_->remote(&listener));
  ASSERT_TRUE(eventually([&] { return holder.get("/1.0").metadata().at("auth") == "trusted"; }));
  const auto token = [&] {
    return std::string(holder.post("/1.0/events/auth", "{}").metadata().at("token").as_string());
  };
  const auto listen = [&](const std::string& with) {
    net::WebSocketClientConfig config{.server = ams_->remote(), .target = "/1.0/events?token=" + with};
    return wait_for(io, net::open_websocket(std::move(config)));
  };
  const std::string once = token(), later = token();
  const auto socket = listen(once);
  ASSERT_TRUE(socket);
  bool closed = false;
  (*socket)->on_close = [&closed] { closed = true; };
  EXPECT_EQ(listen(once).error().status, 403U) << "used twice";
  admin.finish(admin.erase("/1.0/certificates/listener"));
  const TimePoint begin = net::now();
  EXPECT_TRUE(run_until(io, [&] { return closed; }));
  const double took = std::chrono::duration<double, std::milli>(net::now() - begin).count();
  std::printf("  a socket by token is cut %.0f ms after its holder's removal\n", took);
  EXPECT_LT(took, 1'000);
  EXPECT_EQ(listen(later).error().status, 403U) << "its holder was removed";
}

TEST_F(Trust, ACallerWithTooManyRequestsIsRateLimited) {
  Client admin(ams_->local());
  ASSERT_EQ(admin.patch("/1.0/config", R"({"config":{"core.max_requests_per_second":"5"}})").status, 202U);
  const net::TlsIdentity busy = make_client("busy");
  admin.finish(admin.post("/1.0/certificates", certificate_body(busy, "busy", "viewer")));
  Client client(ams_->remote(&busy));
  unsigned refused = 0;
  for (int i = 0; i < 30; ++i) {
    const Answer answer = client.get("/1.0/version");
    if (answer.status != 429) continue;
    ++refused;
    EXPECT_EQ(answer.code, "rate_limited");
    EXPECT_TRUE(net::find_header(answer.raw.headers, "Retry-After"));
  }
  EXPECT_GT(refused, 5U);
  EXPECT_LT(refused, 30U);
  ASSERT_EQ(admin.patch("/1.0/config", R"({"config":{"core.max_requests_per_second":""}})").status, 202U);
}

TEST_F(Trust, BodiesThatAreNotOnePlainObjectAreRefused) {
  Client admin(ams_->local());
  for (const char* body :
       {"[]", "{", R"({"name":"a","name":"b"})", R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}})",
        R"({"name":7})", "null", R"({"name":"a"} x)"}) {
    const Answer answer = admin.post("/1.0/applications", body);
    EXPECT_EQ(answer.status, 400U) << body;
    EXPECT_EQ(answer.code, "bad_request") << body;
  }
  EXPECT_EQ(admin.post("/1.0/applications", R"({"name":")" + std::string(2 << 20, 'a') + "\"}").status, 413U);
}

}  // namespace
}  // namespace redan::cloud::test
