// `redan ams`: instances, applications and trust behind the HTTP API.
#include <unistd.h>

#include <cstdio>

#include "cloud/ams/local_launcher.hpp"
#include "cloud/ams/lxd_launcher.hpp"
#include "cloud/ams/server.hpp"
#include "cloud/api/ids.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/units/instance_init.hpp"
#include "cmd/units/store_options.hpp"
#include "cmd/units/unit_program.hpp"
#include "net/tls/x509.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(
Files, below --data-dir (mode 0700):
  tls.pem     certificate and RSA-4096 key; made at the first start
  ams.sqlite  the store, unless --store says otherwise
  secrets.key what its secrets are encrypted under; made at the first start
  instances/  one folder for each local instance
  uploads/    packages of applications and addons, images
  ams.socket  for administration on this machine: amc uses it as root

Examples:
  redan ams --data-dir /var/lib/redan-ams
  redan ams --listen 192.0.2.1:8444 --name node-1
  redan ams --store etcd --etcd 192.0.2.11:2379 --etcd 192.0.2.12:2379 \
            --etcd-ca ca.pem --etcd-cert ams.pem --etcd-key ams.key \
            --secrets-key secrets.key
  redan ams --launcher lxd --lxd-url https://127.0.0.1:8443 \
            --lxd-fingerprint 3A:5C:... --lxd-image redan

LXD must trust the certificate that AMS shows: lxc config trust add. Its own
is the one in tls.pem; LXD's fingerprint is in: lxc info

SIGHUP reads tls.pem again; open connections stay.
Exit codes: 0 stopped, 1 failed, 2 wrong usage, 4 network or store)";

struct Options {
  std::string data_directory;
  std::string listen = "127.0.0.1:8444";
  std::string url;
  std::string name;
  std::string socket;
  std::vector<std::string> local_users;
  StoreOptions store;
  std::string launcher = "local";
  std::string isolation = "auto";
  std::string lxd_url = "https://127.0.0.1:8443";
  std::string lxd_fingerprint, lxd_image, lxd_project = "default";
  std::vector<std::string> lxd_profiles{"default"};
  std::string lxd_certificate, lxd_key;
  bool lxd_allow_small_keys = false;
  double requests_per_second = 100;
  double trust_staleness = 60;
  std::string uploads;
  std::string gateway, gateway_fingerprint, gateway_token_file;
  bool strict = false;
  bool json = false;
};

std::string host_name() {
  std::array<char, 64> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || !cloud::api::is_name(name.data())) return "ams";
  return name.data();
}

class Program {
 public:
  explicit Program(Options options)
      : options_(std::move(options)),
        unit_(options_.data_directory, "redan-ams", options_.listen, [this] { say_goodbye(); }) {}

  int run() {
    const fs::path& directory = unit_.directory();
    store_ = open_store(unit_.io(), options_.store, directory / "ams.sqlite");
    cloud::ams::Config config;
    config.unit = options_.name.empty() ? host_name() : options_.name;
    if (!cloud::api::is_name(config.unit)) throw std::runtime_error("--name: 1 to 63 letters, digits, . _ -");
    launcher_ = make_launcher(directory, config.unit);
    config.fingerprint = unit_.fingerprint();
    config.max_trust_staleness = std::chrono::milliseconds(static_cast<std::int64_t>(options_.trust_staleness * 1000));
    config.secrets_key = std::make_shared<const cloud::store::SecretsKey>(
        unit_.provider(), secrets_key(options_.store, directory, unit_.provider()));
    config.log = log_line;
    config.directory = options_.uploads.empty() ? directory / "uploads" : fs::path(options_.uploads);
    config.unknown_members = {options_.strict, log_line};
    config.gateway = gateway_access();
    config.addresses = {unit_.address()};
    config.url = options_.url.empty() ? "https://" + unit_.address() : options_.url;
    ams_ =
        std::make_unique<cloud::ams::Ams>(unit_.io(), config, *store_, *launcher_, unit_.provider(), net::is_issued_by);
    unit_.start([this] { return ams_->start(); }, [this] { listen(); });
    return unit_.run();
  }

 private:
  std::optional<cloud::ams::GatewayAccess> gateway_access() const {
    if (options_.gateway.empty()) return std::nullopt;
    if (options_.gateway.starts_with("/")) return cloud::ams::GatewayAccess{net::UnixRemote{options_.gateway}};
    const HostAndPort server = parse_https_url(options_.gateway);
    const auto pin = net::parse_pin(options_.gateway_fingerprint);
    if (!pin || options_.gateway_token_file.empty()) {
      throw std::runtime_error("--gateway URL needs --gateway-fingerprint and --gateway-token-file");
    }
    return cloud::ams::GatewayAccess{net::TlsRemote{server.host, server.port, net::PinnedSha256{*pin}},
                                     std::string(read_secret_file(options_.gateway_token_file).line())};
  }

  std::unique_ptr<cloud::ams::Launcher> make_launcher(const fs::path& directory, const std::string& unit) {
    if (options_.launcher == "lxd") return lxd_launcher(unit);
    cloud::ams::LocalLauncherConfig config;
    config.directory = directory / "instances";
    config.program = fs::read_symlink("/proc/self/exe");
    if (options_.isolation != "none") config.isolation = make_isolation(config);
    return std::make_unique<cloud::ams::LocalLauncher>(unit_.io(), std::move(config));
  }

  std::shared_ptr<const cloud::isolation::Isolation> make_isolation(
      const cloud::ams::LocalLauncherConfig& config) const {
    cloud::isolation::IsolationConfig wanted;
    wanted.init = config.program;
    wanted.has_users = ::geteuid() == 0;
    auto made = cloud::isolation::Isolation::make(std::move(wanted), config.directory);
    if (made) {
      log_line("instances are isolated: " + made->description());
      return std::make_shared<const cloud::isolation::Isolation>(std::move(*made));
    }
    if (options_.isolation == "required") throw std::runtime_error("--isolation required: " + made.error());
    log_line("instances are NOT isolated and run as the user of AMS: " + made.error());
    return nullptr;
  }

  std::unique_ptr<cloud::ams::Launcher> lxd_launcher(const std::string& unit) {
    const auto pin = net::parse_pin(options_.lxd_fingerprint);
    if (!pin) throw std::runtime_error("--launcher lxd needs --lxd-fingerprint: 64 hexadecimal digits, see lxc info");
    if (options_.lxd_certificate.empty() != options_.lxd_key.empty()) {
      throw std::runtime_error("--lxd-cert and --lxd-key belong together");
    }
    if (!options_.lxd_certificate.empty()) {
      lxd_identity_ = read_identity("--lxd-cert and --lxd-key", options_.lxd_certificate, options_.lxd_key);
    }
    const HostAndPort server = parse_https_url(options_.lxd_url);
    cloud::ams::LxdLauncherConfig config;
    config.lxd.server = {server.host, server.port, net::PinnedSha256{*pin},
                         options_.lxd_certificate.empty() ? &unit_.identity() : &lxd_identity_,
                         options_.lxd_allow_small_keys};
    config.lxd.project = options_.lxd_project;
    config.unit = unit;
    config.image = options_.lxd_image;
    config.profiles = options_.lxd_profiles;
    config.log = log_line;
    return std::make_unique<cloud::ams::LxdLauncher>(unit_.io(), std::move(config));
  }

  void listen() {
    cloud::ams::ServerConfig config;
    config.https = unit_.https();
    config.local = unit_.local(options_.socket, "ams.socket", !options_.local_users.empty());
    for (const std::string& user : options_.local_users) config.local_users.push_back(parse_user(user));
    config.requests_per_second = options_.requests_per_second;
    server_ = std::make_unique<cloud::ams::Server>(unit_.io(), *ams_, std::move(config));
    announce();
  }

  void announce() const {
    const std::string& url = ams_->settings().url;
    const std::string& fingerprint = ams_->settings().fingerprint;
    if (options_.json) {
      std::printf("{\"url\":\"%s\",\"fingerprint\":\"%s\"}\n", url.c_str(), fingerprint.c_str());
    } else {
      std::printf("AMS        %s\nnode       %s\nSHA-256    %s\nCtrl-C ends it; instances go on.\n", url.c_str(),
                  ams_->settings().unit.c_str(), fingerprint.c_str());
    }
    std::fflush(stdout);
  }

  void say_goodbye() {
    if (server_) server_->stop();
    if (ams_) ams_->stop();
  }

  Options options_;
  UnitProgram unit_;
  net::TlsIdentity lxd_identity_;  ///< presented to LXD, if not AMS's own
  std::unique_ptr<cloud::store::Store> store_;
  std::unique_ptr<cloud::ams::Launcher> launcher_;
  std::unique_ptr<cloud::ams::Ams> ams_;
  std::unique_ptr<cloud::ams::Server> server_;
};

}  // namespace

void add_ams(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("ams", "Manage instances, applications and trust behind an HTTPS API");
  auto options = std::make_shared<Options>();
  command->add_option("--data-dir", options->data_directory, "Where keys, store and instances are kept");
  command->add_option("--listen", options->listen, "Address and port of the API")->capture_default_str();
  command->add_option("--url", options->url, "How instances reach it (default: https:// and --listen)");
  command->add_option("--name", options->name, "Name of this unit and its node (default: the host's name)");
  command->add_option("--socket", options->socket, "The Unix socket (default: ams.socket in --data-dir)");
  command->add_option("--local-user", options->local_users, "A user who may use the Unix socket; repeatable");
  add_store_options(*command, options->store);
  command->add_option("--launcher", options->launcher, "How instances run: as processes here, or as LXD containers")
      ->check(CLI::IsMember({"local", "lxd"}))
      ->capture_default_str();
  command
      ->add_option("--isolation", options->isolation,
                   "Of local instances: where it is possible, or a condition of the start, or none")
      ->check(CLI::IsMember({"auto", "required", "none"}))
      ->capture_default_str();
  command->add_option("--lxd-url", options->lxd_url, "LXD's core.https_address")->capture_default_str();
  command->add_option("--lxd-fingerprint", options->lxd_fingerprint, "SHA-256 of LXD's certificate, see lxc info");
  command->add_option("--lxd-image", options->lxd_image, "Alias or fingerprint, for instances that name no image");
  command->add_option("--lxd-profile", options->lxd_profiles, "Profile of every container; repeatable, later ones win")
      ->capture_default_str();
  command->add_option("--lxd-project", options->lxd_project, "The project they are in")->capture_default_str();
  command->add_option("--lxd-cert", options->lxd_certificate, "Our certificate for LXD, PEM (default: AMS's own)");
  command->add_option("--lxd-key", options->lxd_key, "Its key, PEM");
  command->add_flag("--lxd-allow-small-keys", options->lxd_allow_small_keys,
                    "A key of LXD below RSA-4096: it makes P-384 ones itself");
  command->add_option("--requests-per-second", options->requests_per_second, "Of one caller; twice that at once")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--trust-staleness", options->trust_staleness,
                   "Seconds for which a copy of the trust store counts while the store cannot be read")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  command->add_option("--uploads", options->uploads,
                      "Where packages and images are kept; units with one store share it (default: below --data-dir)");
  command->add_option("--gateway", options->gateway,
                      "For shares of instances: the stream gateway's URL, or the path of its Unix socket");
  command->add_option("--gateway-fingerprint", options->gateway_fingerprint, "SHA-256 of its certificate");
  command->add_option("--gateway-token-file", options->gateway_token_file,
                      "The token of an account with --allow admin");
  command->add_flag("--strict", options->strict, "Refuse requests with members that this version does not know");
  command->add_flag("--json", options->json, "Announce the URL and the fingerprint as JSON");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return Program(*options).run(); }; });
  add_instance_init(app, run);
}

}  // namespace redan::cmd
