// `redan gateway`: sessions for clients behind an HTTPS API.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cloud/gateway/server.hpp"
#include "cmd/gateway/administration.hpp"
#include "cmd/program.hpp"
#include "cmd/units/bus_options.hpp"
#include "cmd/units/store_options.hpp"
#include "cmd/units/unit_program.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kFooter = R"(
Files, below --data-dir (mode 0700):
  tls.pem         certificate and RSA-4096 key; made at the first start
  gateway.sqlite  the store, unless --store says otherwise
  secrets.key     what the root key in the store is sealed under, unless
                  --secrets-key says otherwise; made at the first start
  gateway.socket  for administration on this machine

Examples:
  redan gateway --listen 192.0.2.1:4000
  redan gateway --listen 0.0.0.0:4000 --url wss://gw.example.org:4000
  redan gateway --store etcd --etcd 192.0.2.11:2379 --etcd 192.0.2.12:2379 \
                --etcd-ca ca.pem --etcd-cert gateway.pem \
                --etcd-key gateway.key --secrets-key secrets.key
  redan gateway --nats 192.0.2.21:4222 --nats-ca ca.pem \
                --nats-cert gateway.pem --nats-key gateway.key
  (umask 077; redan gateway account create web > token.txt)
  redan gateway account create operator --allow admin
  redan gateway session list
  redan gateway share create d1k2v9f3pn6a8q46tb00

A client shows the token: Authorization: macaroon root=<token>
SIGHUP reads tls.pem again; open connections stay.
Exit codes: 0 stopped or done, 1 failed, 2 wrong usage, 4 network or store)";

struct Options : GatewaySocket {
  std::string listen = "127.0.0.1:4000";
  std::string url;
  std::vector<std::string> local_users;
  std::string name = "gateway";
  StoreOptions store;
  BusOptions bus;
  double requests_per_second = 200;
  std::size_t max_connections = 16'384, max_per_address = 1'024;
  bool strict = false;
};

class Program {
 public:
  explicit Program(Options options)
      : options_(std::move(options)),
        unit_(
            options_.data_directory, "redan-gateway", options_.listen, [this] { say_goodbye(); }, kGrace) {}

  int run() {
    const fs::path& directory = unit_.directory();
    store_ = open_store(unit_.io(), options_.store, directory / "gateway.sqlite");
    bus_ = open_bus(unit_.io(), options_.bus, options_.name, unit_.provider(),
                    [this](const cloud::bus::NatsStatus& status) {
                      if (status.connected && status.why == Errc{} && gateway_) gateway_->on_bus_connected();
                    });
    cloud::gateway::Config config;
    config.url = options_.url.empty() ? "wss://" + unit_.address() : options_.url;
    if (!config.url.starts_with("wss://")) throw std::runtime_error("--url begins with wss://");
    if (config.url.ends_with('/')) config.url.pop_back();
    config.secrets_key = std::make_shared<const cloud::store::SecretsKey>(
        unit_.provider(), secrets_key(options_.store, directory, unit_.provider()));
    config.database_nodes = std::max<std::size_t>(options_.store.etcd.size(), 1);
    config.refuses_unknown_members = options_.strict;
    config.log = log_line;
    gateway_ = std::make_unique<cloud::gateway::Gateway>(unit_.io(), config, *store_, *bus_, unit_.provider());
    unit_.start([this] { return gateway_->start(); }, [this] { listen(); });
    return unit_.run();
  }

 private:
  static constexpr std::chrono::milliseconds kGrace{12'000};

  void listen() {
    cloud::gateway::ServerConfig config;
    config.https = unit_.https();
    config.local = unit_.local(options_.socket, "gateway.socket", !options_.local_users.empty());
    for (const std::string& user : options_.local_users) config.local_users.push_back(parse_user(user));
    config.requests_per_second = options_.requests_per_second;
    config.max_connections = options_.max_connections;
    config.max_connections_per_address = options_.max_per_address;
    server_ = std::make_unique<cloud::gateway::Server>(unit_.io(), *gateway_, std::move(config));
    announce();
  }

  void announce() const {
    const std::string& url = gateway_->settings().url;
    if (options_.json) {
      const json::object said{{"url", url}, {"port", unit_.port()}, {"fingerprint", unit_.fingerprint()}};
      std::printf("%s\n", json::serialize(said).c_str());
    } else {
      std::printf("gateway    https%s\nSHA-256    %s\nCtrl-C ends it.\n", url.substr(3).c_str(),
                  unit_.fingerprint().c_str());
    }
    std::fflush(stdout);
  }

  // Sockets are notified first; then pending requests have the grace period to finish.
  void say_goodbye() {
    gateway_->stop();
    if (!server_) return;
    server_->drain([this] { unit_.stop(); });
  }

  Options options_;
  UnitProgram unit_;
  std::unique_ptr<cloud::store::Store> store_;
  std::unique_ptr<cloud::bus::Bus> bus_;
  std::unique_ptr<cloud::gateway::Gateway> gateway_;
  std::unique_ptr<cloud::gateway::Server> server_;
};

}  // namespace

void add_gateway(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("gateway", "Give sessions to clients behind an HTTPS API");
  auto options = std::make_shared<Options>();
  command->add_option("--data-dir", options->data_directory, "Where key, store and socket are kept");
  command->add_option("--listen", options->listen, "Address and port of the API")->capture_default_str();
  command->add_option("--url", options->url, "How clients reach it (default: wss:// and --listen)");
  command->add_option("--socket", options->socket, "The Unix socket (default: gateway.socket in --data-dir)");
  command->add_option("--local-user", options->local_users, "A user who may use the Unix socket; repeatable");
  add_store_options(*command, options->store);
  command->add_option("--name", options->name, "Of this unit, for the bus; unique")->capture_default_str();
  add_bus_options(*command, options->bus);
  command->add_option("--requests-per-second", options->requests_per_second, "Of one caller; twice that at once")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command->add_option("--max-connections", options->max_connections, "Open at once, sockets included")
      ->capture_default_str();
  command->add_option("--max-per-address", options->max_per_address, "Of these, from one address")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON: the URL and the fingerprint, or a command's answer");
  command->add_flag("--strict", options->strict, "Refuse requests with members that this version does not know");
  command->footer(kFooter);
  add_accounts(*command, run, options);
  add_sessions(*command, run, options);
  add_shares(*command, run, options);
  command->callback([&run, options, command] {
    if (command->get_subcommands().empty()) run = [options] { return Program(*options).run(); };
  });
}

}  // namespace redan::cmd
