// `redan router`: a WAMP router.
#include <boost/asio/ip/tcp.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/hex.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"
#include "cmd/reason.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/units/certificate_reload.hpp"
#include "net/loop.hpp"
#include "wamp/router/server.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kFooter = R"(
The configuration is one JSON object: listeners, limits, realms with their
roles, authentication and payload types. docs/protocols/wamp.md describes it,
contrib/router/router.json is an example. Secrets are in files that it names,
relative to its own folder.

Files, below --data-dir (mode 0700):
  tls.pem         certificate and RSA-4096 key; made at the first start

Examples:
  redan router --config router.json
  redan router --config router.json --check
  redan router --open-realm realm1
  redan router --open-realm realm1 --listen 127.0.0.1:8080 \
               --rawsocket 127.0.0.1:8081 --plain

SIGHUP reads tls.pem again; open connections stay.
Exit codes: 0 stopped or checked, 1 failed, 2 wrong usage, 4 network)";

struct Options {
  std::string config;
  std::string data_directory;
  std::string open_realm;
  std::string listen = "127.0.0.1:8080";
  std::string rawsocket;
  bool plain = false, check = false, json = false;
};

/// A secret file beside the configuration, without its line feed.
tl::expected<std::string, std::string> read_secret(const fs::path& folder, const std::string& name) {
  const fs::path path = fs::path(name).is_absolute() ? fs::path(name) : folder / name;
  try {
    return std::string(read_secret_file(path).line());
  } catch (const std::exception& failure) {
    return tl::unexpected<std::string>(failure.what());
  }
}

wamp::RouterFile read_config(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  auto file =
      wamp::parse_router_file(read_file(path), [&](const std::string& name) { return read_secret(folder, name); });
  if (!file) throw std::runtime_error(path + ": " + file.error());
  return std::move(*file);
}

/// Allows everything to every client, on this machine only.
wamp::RouterFile open_config(const Options& options) {
  wamp::RouterFile file;
  file.router = wamp::open_router(options.open_realm);
  file.listen.push_back({wamp::Carrier::websocket, options.listen, options.plain});
  if (!options.rawsocket.empty()) file.listen.push_back({wamp::Carrier::rawsocket, options.rawsocket, options.plain});
  for (const wamp::ListenConfig& listen : file.listen) {
    if (!asio::ip::make_address(parse_host_and_port(listen.address).host).is_loopback()) {
      throw std::runtime_error("an open realm is for loopback addresses only: write a --config");
    }
  }
  return file;
}

bool asks_for_certificates(const wamp::RouterConfig& config) {
  return std::any_of(config.realms.begin(), config.realms.end(), [](const wamp::RealmConfig& realm) {
    return realm.authentication.enabled[static_cast<std::size_t>(wamp::Method::tls)];
  });
}

class Program {
 public:
  Program(const Options& options, wamp::RouterFile file)
      : options_(options),
        file_(std::move(file)),
        loop_([this] { say_goodbye(); }, kGrace),
        provider_(default_provider()) {}

  int run() {
    const bool tls =
        std::any_of(file_.listen.begin(), file_.listen.end(), [](const auto& each) { return !each.plain; });
    if (tls) load_identity();
    wamp::RouterServerConfig config;
    config.origins = file_.origins;
    config.transport = file_.transport;
    for (const wamp::ListenConfig& each : file_.listen) config.listen.push_back(listener(each));
    config.router = std::move(file_.router);
    try {
      server_ = std::make_unique<wamp::RouterServer>(loop_.io(), std::move(config), *provider_);
    } catch (const std::exception& error) {
      log_line("cannot listen: " + reason_of(error));
      return kNetwork;
    }
    announce();
    loop_.run();
    return kOk;
  }

 private:
  static constexpr std::chrono::milliseconds kGrace{5'000};
  static constexpr std::chrono::milliseconds kTimeout{2'000};  ///< for answers to GOODBYE

  void load_identity() {
    const fs::path directory = data_directory(options_.data_directory, "redan-router");
    std::vector<std::string> names{"localhost"};
    for (const wamp::ListenConfig& each : file_.listen) names.push_back(parse_host_and_port(each.address).host);
    const net::TlsIdentity identity = net::load_or_create_tls_identity(directory, names, *provider_, log_line);
    fingerprint_ = to_hex(identity.fingerprint.digest.bytes());
    auto credentials = net::TlsServerCredentials::make(identity);
    if (!credentials) throw std::runtime_error("the TLS key cannot be used: " + std::string(text(credentials.error())));
    credentials_ = *credentials;
    reload_.emplace(loop_.io(), credentials_, directory, names, *provider_);
  }

  wamp::RouterListener listener(const wamp::ListenConfig& config) const {
    const HostAndPort where = parse_host_and_port(config.address);
    const asio::ip::tcp::endpoint local(asio::ip::make_address(where.host), where.port);
    if (config.plain) return {config.carrier, net::LoopbackListener{local}, config.pings};
    const auto ask =
        asks_for_certificates(file_.router) ? net::ClientCertificates::requested : net::ClientCertificates::none;
    return {config.carrier, net::TlsListener{local, credentials_, ask}, config.pings};
  }

  [[nodiscard]] std::string url(std::size_t i, std::uint16_t port) const {
    const wamp::ListenConfig& listen = file_.listen[i];
    const bool websocket = listen.carrier == wamp::Carrier::websocket;
    return std::string(websocket ? "ws" : "rs") + (listen.plain ? "://" : "s://") +
           HostAndPort{parse_host_and_port(listen.address).host, port}.text();
  }

  void announce() const {
    const std::vector<std::uint16_t> ports = server_->ports();
    json::array urls;
    for (std::size_t i = 0; i < ports.size(); ++i) urls.emplace_back(url(i, ports[i]));
    if (options_.json) {
      json::object said{{"urls", urls}, {"port", ports.front()}};
      if (!fingerprint_.empty()) said["fingerprint"] = fingerprint_;
      std::printf("%s\n", json::serialize(said).c_str());
    } else {
      for (const json::value& each : urls) std::printf("router     %s\n", each.as_string().c_str());
      if (!fingerprint_.empty()) std::printf("SHA-256    %s\n", fingerprint_.c_str());
      std::printf("Ctrl-C ends it.\n");
    }
    std::fflush(stdout);
  }

  void say_goodbye() {
    if (server_) server_->drain(kTimeout, [this] { loop_.stop(); });
  }

  Options options_;
  wamp::RouterFile file_;
  net::Loop loop_;
  std::unique_ptr<Provider> provider_;
  std::string fingerprint_;
  std::shared_ptr<net::TlsServerCredentials> credentials_;
  std::optional<CertificateReload> reload_;
  std::unique_ptr<wamp::RouterServer> server_;
};

int run_router(const Options& options) {
  if (options.config.empty() == options.open_realm.empty()) {
    std::fprintf(stderr, "redan router: give --config, or --open-realm to try it out\n");
    return kUsage;
  }
  wamp::RouterFile file = options.config.empty() ? open_config(options) : read_config(options.config);
  if (options.check) return kOk;
  return Program(options, std::move(file)).run();
}

}  // namespace

void add_router(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("router", "Route WAMP: publish and subscribe, remote procedure calls");
  auto options = std::make_shared<Options>();
  command->add_option("--config", options->config, "Listeners, realms, roles, authentication; a JSON file");
  command->add_flag("--check", options->check, "Read the configuration, say what is wrong with it, and end");
  command->add_option("--data-dir", options->data_directory, "Where the TLS key is kept");
  command->add_option("--open-realm", options->open_realm,
                      "Instead of a configuration: a realm where everybody may do everything, on loopback");
  command->add_option("--listen", options->listen, "With --open-realm: address and port for WebSockets")
      ->capture_default_str();
  command->add_option("--rawsocket", options->rawsocket, "With --open-realm: address and port for RawSockets");
  command->add_flag("--plain", options->plain, "With --open-realm: without TLS");
  command->add_flag("--json", options->json, "Announce URLs and fingerprint as JSON");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return run_router(*options); }; });
}

}  // namespace redan::cmd
