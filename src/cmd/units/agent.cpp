// `redan agent`: connects stream gateways with the instances of one AMS.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "cloud/agent/server.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/units/bus_options.hpp"
#include "cmd/units/unit_program.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
Files, below --data-dir (mode 0700):
  tls.pem       certificate and RSA-4096 key; made at the first start. AMS
                must trust it: openssl x509 -in tls.pem -out agent.pem;
                redan amc identity create agent.pem --name NAME --role agent
  token.key     signs the tokens of instances. Agents that stand in for each
                other have the same one
  agent.socket  status, metrics and drain, for root and this user

Examples:
  redan agent --name agent-1 --region eu-1 --ams https://192.0.2.1:8444 \
        --ams-fingerprint 3a5c... --nats 192.0.2.1:4222 --nats-ca ca.pem \
        --nats-cert agent-1.pem --nats-key agent-1.key
  redan agent ... --turn turn:192.0.2.9:3478 --turn-secret-file turn.secret
  curl --unix-socket agent.socket http://agent/metrics
  curl --unix-socket agent.socket -X POST http://agent/1.0/drain

SIGHUP reads tls.pem again; open connections stay.
Exit codes: 0 stopped, 1 failed, 2 wrong usage, 4 network)";

struct Options {
  std::string data_directory;
  std::string listen = "127.0.0.1:8445";
  std::string url;
  std::string name = "agent-1";
  std::string region = "local";
  std::string cluster = "local";
  std::string ams;
  std::string ams_fingerprint;
  std::int64_t capacity = 100;
  std::vector<std::string> stun, turn;
  std::string turn_secret_file;
  std::int64_t turn_lifetime = 600;
  std::string token_key;
  std::string socket;
  BusOptions bus;
  bool json = false;
};

class Program {
 public:
  explicit Program(Options options)
      : options_(std::move(options)),
        unit_(options_.data_directory, "redan-agent", options_.listen, [this] { say_goodbye(); }) {}

  int run() {
    bus_ = open_bus(unit_.io(), options_.bus, options_.name, unit_.provider());
    ams_ = std::make_unique<cloud::agent::AmsClient>(unit_.io(), ams_remote());
    agent_ = std::make_unique<cloud::agent::Agent>(unit_.io(), agent_config(), *bus_, *ams_, unit_.provider(),
                                                   token_key(), turn_key());
    if (!agent_->start()) throw std::runtime_error("--name: 1 to 64 letters, digits, - and _");
    unit_.start([]() -> net::Task<Result<void>> { co_return Result<void>{}; }, [this] { listen(); });
    return unit_.run();
  }

 private:
  void listen() {
    cloud::agent::ServerConfig server;
    server.https = unit_.https();
    server.local = unit_.local(options_.socket, "agent.socket");
    server_ = std::make_unique<cloud::agent::Server>(unit_.io(), *agent_, std::move(server));
    announce();
  }

  cloud::agent::Config agent_config() const {
    cloud::agent::Config config;
    config.id = options_.name;
    config.region = options_.region;
    config.cluster = options_.cluster;
    config.fingerprint = unit_.fingerprint();
    config.url = options_.url.empty() ? "https://" + unit_.address() : options_.url;
    config.capacity = options_.capacity;
    config.stun_urls = options_.stun;
    config.turn_urls = options_.turn;
    config.turn_lifetime = std::chrono::seconds(options_.turn_lifetime);
    config.log = log_line;
    return config;
  }

  net::TlsRemote ams_remote() const {
    const HostAndPort server = parse_https_url(options_.ams);
    const auto pin = net::parse_pin(options_.ams_fingerprint);
    if (!pin) throw std::runtime_error("--ams-fingerprint is 64 hexadecimal digits; AMS prints it when it starts");
    return {server.host, server.port, net::PinnedSha256{*pin}, &unit_.identity()};
  }

  cloud::token::MacaroonKey token_key() {
    const fs::path file = options_.token_key.empty() ? unit_.directory() / "token.key" : fs::path(options_.token_key);
    auto key = cloud::token::MacaroonKey::prepare(unit_.provider(), load_or_create_key(file, unit_.provider()));
    if (!key) throw std::runtime_error(file.string() + ": " + std::string(text(key.error())));
    return std::move(*key);
  }

  std::optional<cloud::token::TurnKey> turn_key() {
    if (options_.turn.empty()) return std::nullopt;
    if (options_.turn_secret_file.empty()) throw std::runtime_error("--turn needs --turn-secret-file");
    auto key = cloud::token::TurnKey::prepare(unit_.provider(), read_secret_line(options_.turn_secret_file));
    if (!key) throw std::runtime_error(options_.turn_secret_file + " has other than printable characters");
    return std::move(*key);
  }

  void announce() const {
    const cloud::agent::Config& settings = agent_->settings();
    if (options_.json) {
      const boost::json::object object{{"url", settings.url}, {"fingerprint", settings.fingerprint}};
      std::printf("%s\n", boost::json::serialize(object).c_str());
    } else {
      std::printf("Redan stream agent %s in region %s\n  %s\n  SHA-256 %s\n", settings.id.c_str(),
                  settings.region.c_str(), settings.url.c_str(), settings.fingerprint.c_str());
    }
    std::fflush(stdout);
  }

  void say_goodbye() {
    if (agent_) agent_->stop();
    if (server_) server_->stop();
  }

  Options options_;
  UnitProgram unit_;
  std::unique_ptr<cloud::bus::Bus> bus_;
  std::unique_ptr<cloud::agent::AmsClient> ams_;
  std::unique_ptr<cloud::agent::Agent> agent_;
  std::unique_ptr<cloud::agent::Server> server_;
};

std::string check_turn(const std::string& url) {
  return url.starts_with("turn:") || url.starts_with("turns:") ? "" : "'" + url + "' is not a turn: or turns: URI";
}
std::string check_stun(const std::string& url) {
  return url.starts_with("stun:") || url.starts_with("stuns:") ? "" : "'" + url + "' is not a stun: or stuns: URI";
}

}  // namespace

void add_agent(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("agent", "Bridge stream gateways and the instances of an AMS");
  auto options = std::make_shared<Options>();
  command->add_option("--data-dir", options->data_directory, "Where keys are kept");
  command->add_option("--listen", options->listen, "Address and port for instances")->capture_default_str();
  command->add_option("--url", options->url, "How instances reach it (default: https:// and --listen)");
  command->add_option("--name", options->name, "Unique, and the same after a restart")->capture_default_str();
  command->add_option("--region", options->region, "Where its instances are; clients ask for it")
      ->capture_default_str();
  command->add_option("--cluster", options->cluster, "Which AMS cluster it works for")->capture_default_str();
  command->add_option("--ams", options->ams, "AMS's URL")->required();
  command->add_option("--ams-fingerprint", options->ams_fingerprint, "SHA-256 of AMS's certificate")->required();
  command->add_option("--capacity", options->capacity, "Sessions at once")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000}))
      ->capture_default_str();
  command->add_option("--stun", options->stun, "stun: URI for clients; repeatable")->check(check_stun);
  command->add_option("--turn", options->turn, "turn: URI for clients; repeatable")->check(check_turn);
  command->add_option("--turn-secret-file", options->turn_secret_file, "The secret shared with the TURN servers");
  command->add_option("--turn-lifetime", options->turn_lifetime, "Seconds for which a client's credentials are good")
      ->check(CLI::Range(std::int64_t{60}, std::int64_t{600}))
      ->capture_default_str();
  command->add_option("--token-key", options->token_key, "The key file (default: token.key in --data-dir)");
  command->add_option("--socket", options->socket, "The Unix socket (default: agent.socket in --data-dir)");
  add_bus_options(*command, options->bus);
  command->add_flag("--json", options->json, "Announce the URL and the fingerprint as JSON");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return Program(*options).run(); }; });
}

}  // namespace redan::cmd
