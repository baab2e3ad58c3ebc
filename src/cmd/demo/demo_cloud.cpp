#include "cmd/demo/demo_cloud.hpp"

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/bus/memory.hpp"
#include "cloud/errors.hpp"
#include "cloud/store/memory.hpp"
#include "cloud/token/authorization.hpp"
#include "cmd/program.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Started = tl::expected<void, std::string>;

constexpr const char* kApplication = "demo";
constexpr const char* kLoopback = "127.0.0.1";
constexpr std::int64_t kCapacity = 8;
constexpr std::chrono::hours kTokenLife{24};

cloud::runtime::RuntimeConfig runtime_config(const DemoCloudConfig& config) {
  cloud::runtime::RuntimeConfig runtime;
  runtime.streamer.addresses = config.media_addresses;
  return runtime;
}

template <class T>
tl::unexpected<std::string> failed(std::string_view what, const T& refusal) {
  return tl::unexpected(std::string(what) + ": " + refusal.message);
}

}  // namespace

DemoCloud::DemoCloud(asio::io_context& io, DemoCloudConfig config, Provider& provider)
    : io_(io),
      config_(std::move(config)),
      provider_(provider),
      fingerprint_(to_hex(config_.identity->fingerprint.digest.bytes())),
      ams_store_(cloud::store::memory_store(io)),
      gateway_store_(cloud::store::memory_store(io)),
      bus_(cloud::bus::memory_bus(io)),
      hostile_(io, config_.media_addresses, provider),
      gateway_bus_(*bus_, hostile_),
      launcher_(io, runtime_config(config_), provider) {}

net::Task<Started> DemoCloud::start() {
  Started started = co_await start_ams();
  if (!started) co_return started;
  started = start_agent();
  if (!started) co_return started;
  cloud::gateway::Config gateway;
  gateway.url = config_.url;
  gateway.log = config_.log;
  gateway_ = std::make_unique<cloud::gateway::Gateway>(io_, gateway, *gateway_store_, gateway_bus_, provider_);
  auto serves = co_await gateway_->start();
  if (!serves) co_return tl::unexpected("the gateway: " + std::string(text(serves.error())));
  try {
    cloud::gateway::ServerConfig server;
    server.https = net::TlsListener{config_.listen, config_.credentials};
    server.max_connections = 256;
    server.other_handler = config_.page;
    server.other_upgrade = config_.page_socket;
    gateway_server_ = std::make_unique<cloud::gateway::Server>(io_, *gateway_, std::move(server));
  } catch (const boost::system::system_error& error) {
    co_return tl::unexpected("cannot serve HTTPS on port " + std::to_string(config_.listen.port()) + ": " +
                             error.code().message() + "; choose another with --port");
  }
  co_return Started{};
}

net::Task<Started> DemoCloud::start_ams() {
  const std::uint16_t port = free_port(kLoopback);
  cloud::ams::Config config;
  config.unit = "demo";
  config.url = "https://127.0.0.1:" + std::to_string(port);
  config.fingerprint = fingerprint_;
  config.log = config_.log;
  ams_ = std::make_unique<cloud::ams::Ams>(io_, config, *ams_store_, launcher_, provider_, net::is_issued_by);
  auto started = co_await ams_->start();
  if (!started) co_return tl::unexpected("AMS: " + std::string(text(started.error())));
  cloud::ams::ServerConfig server;
  server.https.local = {asio::ip::make_address(kLoopback), port};
  server.https.credentials = config_.credentials;
  ams_server_ = std::make_unique<cloud::ams::Server>(io_, *ams_, std::move(server));
  cloud::trust::TrustedCertificate agent;
  agent.fingerprint = fingerprint_;
  agent.name = "agent";
  agent.role = cloud::trust::Role::agent;
  agent.certificate_der = config_.identity->certificate_der;
  auto trusted = co_await ams_->add_certificate(std::move(agent));
  if (!trusted) co_return failed("AMS", trusted.error());
  json::object manifest{{"name", kApplication}, {"image", "embedded"}};
  auto added = co_await ams_->add_application(std::move(manifest));
  if (!added) co_return failed("AMS", added.error());
  co_return Started{};
}

Started DemoCloud::start_agent() {
  const std::uint16_t port = free_port(kLoopback);
  net::TlsRemote ams{kLoopback, ams_server_->port(), net::PinnedSha256{config_.identity->fingerprint.digest},
                     config_.identity};
  ams_client_ = std::make_unique<cloud::agent::AmsClient>(io_, std::move(ams));
  cloud::agent::Config config;
  config.id = "demo";
  config.region = config.cluster = "local";
  config.url = "https://127.0.0.1:" + std::to_string(port);
  config.fingerprint = fingerprint_;
  config.capacity = kCapacity;
  config.turn_urls = config_.turn_urls;
  config.log = config_.log;
  Secret<64> root;
  provider_.random(root.fill(64));
  auto key = cloud::token::MacaroonKey::prepare(provider_, root);
  if (!key) return tl::unexpected("the agent: " + std::string(text(key.error())));
  std::optional<cloud::token::TurnKey> turn;
  if (config_.turn_secret) {
    auto prepared = cloud::token::TurnKey::prepare(provider_, *config_.turn_secret);
    if (!prepared) return tl::unexpected("the TURN secret: " + std::string(text(prepared.error())));
    turn.emplace(std::move(*prepared));
  }
  agent_ = std::make_unique<cloud::agent::Agent>(io_, config, *bus_, *ams_client_, provider_, std::move(*key),
                                                 std::move(turn));
  cloud::agent::ServerConfig server;
  server.https = net::TlsListener{{asio::ip::make_address(kLoopback), port}, config_.credentials};
  agent_server_ = std::make_unique<cloud::agent::Server>(io_, *agent_, std::move(server));
  if (!agent_->start()) return tl::unexpected(std::string("the agent does not start"));
  return {};
}

void DemoCloud::stop() {
  if (gateway_) gateway_->stop();
  if (gateway_server_) gateway_server_->stop();
  if (agent_) agent_->stop();
  launcher_.stop_all();
  if (agent_server_) agent_server_->stop();
  if (ams_) ams_->stop();
  if (ams_server_) ams_server_->stop();
}

net::Task<cloud::api::Outcome<std::string>> DemoCloud::new_token() {
  const std::string name = "visitor-" + std::to_string(++visitors_);
  auto made = co_await gateway_->create_account(name, kTokenLife, {});
  if (!made) co_return cloud::api::refuse(made.error());
  co_return std::move(made->token);
}

net::Task<cloud::api::Outcome<std::string>> DemoCloud::new_grant(std::string session, std::string key) {
  const auto bytes = from_base64(key);
  if (!bytes) co_return cloud::api::refuse(cloud::api::bad_request("the key is not base64"));
  auto made =
      co_await ams_->grant(std::move(session), *bytes, sealed::SessionGrant::Rights::control, sealed::kMaxGrantLife);
  if (!made) co_return cloud::api::refuse(made.error());
  co_return to_base64(made->bytes);
}

json::array DemoCloud::authorities() const { return {json::string(ams_->seal_authority())}; }

bool DemoCloud::admits(const net::HttpRequest& request) const {
  const auto header = net::find_header(request.headers, "Authorization");
  const auto presented = header ? cloud::token::parse_authorization(*header) : refuse(cloud::errc::token_syntax);
  return presented && presented->kind == cloud::token::PresentedToken::Kind::macaroon && gateway_ &&
         gateway_->admit(presented->text);
}

json::array DemoCloud::chain() const {
  const std::string pin = "SHA-256 " + fingerprint_.substr(0, 16) + "...";
  const auto row = [](const char* hop, const std::string& how, const char* by) {
    return json::object{{"hop", hop}, {"how", how}, {"by", by}};
  };
  return {row("your browser → gateway", "TLS 1.3, RSA-4096; macaroon of your own",
              "the certificate that you accepted; HMAC-SHA256 over name and expiry"),
          row("your browser → session", "macaroon for one session and one client, 5 minutes",
              "its caveats, checked by the gateway"),
          row("gateway → agent", "bus in this process (TLS 1.3, client certificate and token with NATS)",
              "the process; a fence number tells who owns the session"),
          row("agent → AMS", "mutual TLS 1.3, " + pin, "AMS's trust store; the agent pins AMS"),
          row("runtime → AMS", "TLS 1.3, client certificate of this instance and JWT (HS256)",
              "AMS, both; the runtime pins AMS"),
          row("runtime → agent", "TLS 1.3, " + pin + "; macaroon for this session and instance",
              "the agent, by its caveats; the runtime pins the agent")};
}

}  // namespace redan::cmd
