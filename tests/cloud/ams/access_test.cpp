// Permissions at AMS, over mutual TLS: roles, what an identity may grant, an instance's token, tokens for events.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/ams/server.hpp"
#include "cloud/store/memory.hpp"
#include "net/tls/x509.hpp"
#include "net/websocket/client.hpp"
#include "tests/cloud/ams/recording_launcher.hpp"
#include "tests/net/http/http_fixture.hpp"

namespace redan::cloud::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Answer {
  unsigned status = 0;
  json::value body;

  [[nodiscard]] std::string code() const { return std::string(body.at("metadata").at("error_code").as_string()); }
  [[nodiscard]] const json::value& metadata() const { return body.at("metadata"); }
};

class AmsAccess : public net::test::HttpFixture {
 protected:
  AmsAccess() {
    EXPECT_TRUE(run(ams_.start()));
    ams::ServerConfig config;
    config.https = tls_listener();
    server_.emplace(io, ams_, std::move(config));
    json::object manifest{{"name", "demo"}, {"image", "redan"}};
    EXPECT_TRUE(run(ams_.add_application(manifest)));
    EXPECT_TRUE(run(ams_.publish_version("demo", 0, true)));
  }
  ~AmsAccess() override {
    ams_.stop();
    server_->stop();
    io.restart();
    io.run_for(50ms);
  }

  static ams::Config config() {
    ams::Config config;
    config.unit = "node-1";
    config.url = "https://127.0.0.1:1";
    return config;
  }
  void trust(const std::string& name, trust::Role role, std::vector<trust::Scope> scopes = {}) {
    trust::TrustedCertificate certificate;
    certificate.fingerprint = to_hex(net::test::identity(name).fingerprint.digest.bytes());
    certificate.name = name;
    certificate.role = role;
    certificate.scopes = std::move(scopes);
    certificate.certificate_der = net::test::identity(name).certificate_der;
    EXPECT_TRUE(run(ams_.add_certificate(certificate)));
  }
  [[nodiscard]] net::TlsRemote remote(const net::TlsIdentity* own) const {
    return {"127.0.0.1", server_->port(), net::PinnedSha256{net::test::identity("server").fingerprint.digest}, own};
  }
  Answer ask(const net::TlsIdentity& who, const std::string& method, const std::string& path,
             const json::object& body = {}, std::vector<net::HttpHeader> headers = {}) {
    net::HttpClient client(io, {.server = remote(&who)});
    const auto response = run(client.request({method, path, "", std::move(headers), json::serialize(body)}));
    if (!response) return {};
    return {response->status, json::parse(response->body)};
  }
  Answer ask(const std::string& who, const std::string& method, const std::string& path,
             const json::object& body = {}) {
    return ask(net::test::identity(who), method, path, body);
  }
  static json::object certificate_of(const std::string& name, const std::string& role) {
    return {{"certificate", to_base64(net::test::identity(name).certificate_der)}, {"name", name}, {"role", role}};
  }

  struct Launched {
    std::string id;
    net::TlsIdentity identity;
    std::vector<net::HttpHeader> token;
  };
  /// The credentials that AMS gave to the instance.
  Launched launch() {
    const json::object body{{"name", "i1"}, {"app_id", "demo"}};
    EXPECT_TRUE(run(ams_.launch(*ams::InstanceRequest::parse(body))));
    EXPECT_TRUE(until([&] { return !launcher_.running.empty(); }));
    const auto& [id, spec] = *launcher_.running.begin();
    const json::value access = json::parse(spec.user_data).at("ams");
    Launched launched{id, {}, {{"Authorization", "Bearer " + std::string(access.at("token").as_string())}}};
    launched.identity.certificate_der = from_base64(std::string(access.at("certificate").as_string())).value();
    launched.identity.private_key_der = from_base64(std::string(access.at("key").as_string())).value();
    return launched;
  }

  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<store::Store> store_ = store::memory_store(io);
  RecordingLauncher launcher_;
  ams::Ams ams_{io, config(), *store_, launcher_, *provider_, net::is_issued_by};
  std::optional<ams::Server> server_;
};

TEST_F(AmsAccess, ARouteRequiresItsScope) {
  trust("client", trust::Role::view);
  EXPECT_EQ(ask("client", "GET", "/1.0/applications").status, 200U);
  EXPECT_EQ(ask("client", "POST", "/1.0/applications", {{"name", "other"}}).status, 403U);
  EXPECT_EQ(ask("client", "GET", "/1.0/certificates").status, 403U);
  EXPECT_EQ(ask("other", "GET", "/1.0/applications").status, 403U) << "a stranger";
}

TEST_F(AmsAccess, NoIdentityGrantsMoreThanItHolds) {
  trust("client", trust::Role::admin, {trust::Scope::trust_write, trust::Scope::instance_read});
  for (const char* role : {"admin", "operator", "viewer", "agent"}) {
    EXPECT_EQ(ask("client", "POST", "/1.0/certificates", certificate_of("other", role)).status, 403U) << role;
    EXPECT_EQ(ask("client", "POST", "/1.0/auth/tokens", {{"name", "other"}, {"role", role}}).status, 403U) << role;
  }
  json::object same = certificate_of("other", "admin");
  same["scopes"] = json::array{"instances:read"};
  EXPECT_EQ(ask("client", "POST", "/1.0/certificates", same).status, 202U);
}

TEST_F(AmsAccess, OnlyAnAdministratorSetsTheTrustPassword) {
  trust("client", trust::Role::admin, {trust::Scope::config_read, trust::Scope::config_write});
  const json::object password{{"config", {{"core.trust_password", "sixteen-characters-long"}}}};
  EXPECT_EQ(ask("client", "PATCH", "/1.0/config", password).status, 403U);
  const json::object rate{{"config", {{"core.max_requests_per_second", "900"}}}};
  EXPECT_EQ(ask("client", "PATCH", "/1.0/config", rate).status, 202U);
}

TEST_F(AmsAccess, AnInstancesTokenIsValidOnlyWithItsOwnCertificate) {
  const Launched instance = launch();
  trust("client", trust::Role::admin);
  const std::string path = "/internal/1.0/instances/" + instance.id;
  const json::object running{{"status", "running"}};
  EXPECT_EQ(ask(net::test::identity("client"), "PATCH", path, running, instance.token).status, 403U);
  EXPECT_EQ(ask(net::test::identity("other"), "PATCH", path, running, instance.token).status, 403U);
  EXPECT_EQ(ask(instance.identity, "PATCH", path, running, instance.token).status, 200U);
}

TEST_F(AmsAccess, ATokenForEventsIsValidOnce) {
  trust("client", trust::Role::view);
  const Answer made = ask("client", "POST", "/1.0/events/auth");
  ASSERT_EQ(made.status, 200U);
  const std::string token(made.metadata().at("token").as_string());
  const auto listen = [&] {
    net::WebSocketClientConfig config{.server = remote(nullptr), .target = "/1.0/events?token=" + token};
    return run(net::open_websocket(std::move(config)));
  };
  const auto first = listen();
  ASSERT_TRUE(first);
  const auto second = listen();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().status, 403U);
}

// The list of all instances must fit into the largest body that a client accepts.
TEST(InstanceRequest, HasAtMost16KiBInEachOfItsObjects) {
  const std::string large(16 * 1024, 'x');
  const auto parse = [](const boost::json::value& config, const boost::json::value& resources,
                        const boost::json::value& services) {
    const boost::json::object body{
        {"app_id", "demo"}, {"config", config}, {"resources", resources}, {"services", services}};
    return ams::InstanceRequest::parse(body).has_value();
  };
  const boost::json::object empty, full{{"a", large}};
  EXPECT_TRUE(parse(empty, empty, boost::json::array()));
  EXPECT_FALSE(parse(full, empty, boost::json::array()));
  EXPECT_FALSE(parse(empty, full, boost::json::array()));
  EXPECT_FALSE(parse(empty, empty, boost::json::array{large}));
}

}  // namespace
}  // namespace redan::cloud::test
