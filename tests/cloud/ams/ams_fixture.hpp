// AMS behind mutual TLS, with a launcher that only records.
#pragma once

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

namespace json = boost::json;
using namespace std::chrono_literals;

struct Answer {
  unsigned status = 0;
  json::value body;

  [[nodiscard]] std::string code() const { return std::string(body.at("metadata").at("error_code").as_string()); }
  [[nodiscard]] const json::value& metadata() const { return body.at("metadata"); }
};

class AmsFixture : public net::test::HttpFixture {
 protected:
  explicit AmsFixture(std::unique_ptr<RecordingLauncher> launcher = std::make_unique<RecordingLauncher>())
      : launcher_(std::move(launcher)) {
    start();
    json::object manifest{{"name", "demo"}, {"image", "redan"}};
    EXPECT_TRUE(run(ams_->add_application(manifest)));
    EXPECT_TRUE(run(ams_->publish_version("demo", 0, true)));
  }
  ~AmsFixture() override { stop(); }

  void start() {
    ams::Config config;
    config.unit = "node-1";
    config.url = "https://127.0.0.1:1";
    config.directory = directory_.path();
    config.agent_timeout = agent_timeout_;
    config.secrets_key = secrets_key_;
    ams_ = std::make_unique<ams::Ams>(io, std::move(config), *store_, *launcher_, *provider_, net::is_issued_by);
    EXPECT_TRUE(run(ams_->start()));
    ams::ServerConfig listen;
    listen.https = tls_listener();
    server_ = std::make_unique<ams::Server>(io, *ams_, std::move(listen));
  }
  void stop() {
    ams_->stop();
    server_->stop();
    io.restart();
    io.run_for(50ms);
  }

  void restart() {
    stop();
    retired_.emplace_back(std::move(ams_), std::move(server_));
    start();
  }

  void trust(const std::string& name, trust::Role role, std::vector<trust::Scope> scopes = {}) {
    trust::TrustedCertificate certificate;
    certificate.fingerprint = to_hex(net::test::identity(name).fingerprint.digest.bytes());
    certificate.name = name;
    certificate.role = role;
    certificate.scopes = std::move(scopes);
    certificate.certificate_der = net::test::identity(name).certificate_der;
    EXPECT_TRUE(run(ams_->add_certificate(certificate)));
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
    EXPECT_TRUE(run(ams_->launch(*ams::InstanceRequest::parse(body))));
    EXPECT_TRUE(until([&] { return !launcher_->running.empty(); }));
    const auto& [id, spec] = *launcher_->running.begin();
    const json::value access = json::parse(spec.user_data).at("ams");
    Launched launched{id, {}, {{"Authorization", "Bearer " + std::string(access.at("token").as_string())}}};
    launched.identity.certificate_der = from_base64(std::string(access.at("certificate").as_string())).value();
    launched.identity.private_key_der = from_base64(std::string(access.at("key").as_string())).value();
    return launched;
  }

  /// A directory for uploads, removed at the end.
  redan::test::TemporaryDirectory directory_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<store::Store> store_ = store::memory_store(io);
  std::unique_ptr<RecordingLauncher> launcher_;
  std::shared_ptr<const store::SecretsKey> secrets_key_ = store::SecretsKey::fresh(*provider_);
  std::chrono::milliseconds agent_timeout_{30'000};
  std::unique_ptr<ams::Ams> ams_;
  std::unique_ptr<ams::Server> server_;
  /// Stopped; their tasks may still be on the loop.
  std::vector<std::pair<std::unique_ptr<ams::Ams>, std::unique_ptr<ams::Server>>> retired_;
};

}  // namespace redan::cloud::test
