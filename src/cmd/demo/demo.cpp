// `redan demo`: the whole system in one process, with a page that shows it, without configuration.
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <cstdlib>
#include <set>

#include "base/hex.hpp"
#include "cmd/commands.hpp"
#include "cmd/demo/attack/attack_api.hpp"
#include "cmd/demo/demo_cloud.hpp"
#include "cmd/demo/demo_server.hpp"
#include "cmd/demo/page.hpp"
#include "cmd/program.hpp"
#include "cmd/secret_file.hpp"
#include "net/clock.hpp"
#include "net/loop.hpp"
#include "net/socket_address.hpp"

namespace redan::cmd {
namespace {

constexpr std::uint16_t kDefaultPort = 8443;
constexpr std::uint16_t kPortTries = 20;
constexpr std::int64_t kIdentityLifetime = 30LL * 24 * 3600;

std::filesystem::path data_directory(const DemoOptions& options) {
  if (!options.data_directory.empty()) return options.data_directory;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return std::filesystem::path(state) / "redan";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : ".") / ".local/state/redan";
}

std::vector<Address> addresses_of(const DemoOptions& options) {
  if (options.bind.empty()) return net::host_addresses();
  const auto address = Address::parse(options.bind, 0);
  if (address && net::is_wildcard(*address)) return net::host_addresses();
  if (!address) throw std::runtime_error("--bind " + options.bind + " is not an IP address of this host");
  return {*address};
}

std::vector<std::string> certificate_names(const std::vector<Address>& addresses) {
  std::set<std::string> names{"localhost", "127.0.0.1"};
  boost::system::error_code error;
  const std::string host = boost::asio::ip::host_name(error);
  if (!error && !host.empty()) names.insert(host);
  for (const Address& address : addresses) names.insert(address.ip_text());
  return {names.begin(), names.end()};
}

// The page may load itself and connect to this host, and nothing else.
net::HttpResponse hardened(unsigned status, std::string_view type, std::string_view body) {
  return {status,
          std::string(type),
          std::string(body),
          {{"Content-Security-Policy",
            "default-src 'self'; connect-src 'self' wss:; img-src 'self' data:; media-src 'self' blob:; base-uri "
            "'none'; form-action 'none'; frame-ancestors 'none'"},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "no-referrer"},
           {"Cache-Control", "no-store"}}};
}

net::HttpResponse plain(unsigned status, std::string_view text) {
  net::HttpResponse response = hardened(status, "text/plain; charset=utf-8", std::string(text) + "\n");
  response.headers.push_back({"Connection", "close"});
  return response;
}

net::Task<net::HttpResponse> page(net::HttpRequest request, const net::Connection&) {
  if (request.method != "GET") co_return plain(405, "only GET");
  for (const PageFile& file : page_files()) {
    if (file.target == request.path) co_return hardened(200, file.content_type, file.body);
  }
  co_return plain(404, "not here");
}

// Requires a page of this host, or a program.
net::Task<net::UpgradeReply> upgrade(DemoServer& server, net::HttpRequest request) {
  if (request.path != "/signal" || !net::same_origin(request)) co_return plain(404, "not here");
  co_return net::AcceptWebSocket{
      [&server](const std::shared_ptr<net::WebSocket>& socket) { server.on_websocket(socket); }};
}

/// All parts of the demo, in the order of their dependencies.
class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : options_(options),
        trace_(options.json ? Trace::Form::json : Trace::Form::text),
        addresses_(addresses_of(options)),
        loop_([this] { stop(); }) {}

  int run() {
    if (addresses_.empty())
      throw std::runtime_error("this host has no address; bring up an interface, or use --bind 127.0.0.1");
    tls_ = net::load_or_create_tls_identity(data_directory(options_), certificate_names(addresses_), *provider_,
                                            [this](std::string_view text) { trace_.info(text); });
    DemoServerConfig config;
    config.dtls_role = options_.dtls_role == "client" ? DtlsRole::client : DtlsRole::server;
    config.media = options_.media;
    config.tls_fingerprint = tls_.fingerprint.text().substr(sizeof "sha-256");
    server_.emplace(loop_.io(), std::move(config), *provider_, trace_, [this] { print_url(); });
    open_shard();
    open_cloud();
    boost::asio::co_spawn(loop_.io(), start(), boost::asio::detached);
    loop_.run();
    if (!problem_.empty()) throw std::runtime_error(problem_);
    trace_.info("stopped");
    return kOk;
  }

 private:
  void open_shard() {
    EndpointConfig config;
    config.local_addresses = addresses_;
    const std::int64_t now = net::wall_time().seconds_since_1970;
    auto identity = self_signed(*provider_, {.not_before = {now - 24 * 3600}, .not_after = {now + kIdentityLifetime}});
    if (!identity) throw std::runtime_error(explain(identity.error()));
    auto shard =
        Shard::open(loop_.io(), std::move(config), std::move(*identity), *provider_,
                    [this](Endpoint& endpoint, const Output& output) { server_->on_output(endpoint, output); });
    if (!shard)
      throw std::runtime_error("cannot open a UDP socket on " + addresses_.front().ip_text() + ": " +
                               explain(shard.error()));
    shard_ = std::move(*shard);
    server_->attach(*shard_);
  }
  void open_cloud() {
    auto credentials = net::TlsServerCredentials::make(tls_);
    if (!credentials) throw std::runtime_error(explain(credentials.error()));
    DemoCloudConfig config;
    config.identity = &tls_;
    config.credentials = *credentials;
    config.listen = {boost::asio::ip::make_address(options_.bind.empty() ? "0.0.0.0" : options_.bind),
                     free_https_port()};
    config.url = "wss://" + host() + ":" + std::to_string(config.listen.port());
    config.media_addresses = addresses_;
    config.turn_urls = options_.turn;
    if (!options_.turn.empty()) {
      if (options_.turn_secret_file.empty()) throw std::runtime_error("--turn needs --turn-secret-file");
      config.turn_secret = read_secret_line(options_.turn_secret_file);
    }
    config.page = [this](net::HttpRequest request, const net::Connection& connection) {
      return request.path == "/attack" ? attack(std::move(request)) : page(std::move(request), connection);
    };
    config.page_socket = [this](net::HttpRequest request, const net::Connection&) {
      return upgrade(*server_, std::move(request));
    };
    port_ = config.listen.port();
    cloud_.emplace(loop_.io(), std::move(config), *provider_);
    cloud_->attacks().begin(*parse_attack(options_.attack));
    server_->attach(*cloud_);
  }
  net::Task<net::HttpResponse> attack(net::HttpRequest request) {
    if (!net::same_origin(request) || !cloud_->admits(request)) co_return plain(401, "show a visitor's token");
    co_return attack_reply(request, cloud_->attacks());
  }
  std::uint16_t free_https_port() const {
    const std::string bind = options_.bind.empty() ? "0.0.0.0" : options_.bind;
    if (options_.port && *options_.port == 0) return free_port(bind);
    if (options_.port) return *options_.port;
    for (std::uint16_t port = kDefaultPort; port < kDefaultPort + kPortTries; ++port) {
      if (is_free(bind, port)) return port;
    }
    return kDefaultPort;
  }
  static bool is_free(const std::string& address, std::uint16_t port) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(io);
    const auto ip = boost::asio::ip::make_address(address);
    boost::system::error_code error;
    acceptor.open(ip.is_v6() ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), error);
    acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
    acceptor.bind({ip, port}, error);
    if (!error) acceptor.listen(1, error);
    return !error;
  }
  net::Task<void> start() {
    const auto started = co_await cloud_->start();
    if (!started) {
      problem_ = started.error();
      co_return loop_.stop();
    }
    if (!options_.json) {
      const std::string fingerprint = tls_.fingerprint.text().substr(sizeof "sha-256");
      trace_.info("Redan demo. Ctrl-C stops it.");
      trace_.info("The browser will not know the certificate. Compare its SHA-256:");
      trace_.info("  " + fingerprint.substr(0, 47));
      trace_.info("  " + fingerprint.substr(48));
    }
    print_url();
  }
  std::string host() const {
    const Address& first = addresses_.front();
    return first.family() == Address::Family::ipv6 ? "[" + first.ip_text() + "]" : first.ip_text();
  }
  // The fragment stays in the browser, so neither the token nor the pin is sent in a request.
  void print_url() {
    trace_.print_url("https://" + host() + ":" + std::to_string(port_) + "/#token=" + server_->token(),
                     to_hex(tls_.fingerprint.digest.bytes()));
  }
  void stop() {
    server_->close_all();
    cloud_->stop();
  }

  DemoOptions options_;
  Trace trace_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::vector<Address> addresses_;
  net::Loop loop_;
  net::TlsIdentity tls_;
  std::optional<DemoServer> server_;
  std::unique_ptr<Shard> shard_;
  std::optional<DemoCloud> cloud_;
  std::uint16_t port_ = 0;
  std::string problem_;
};

}  // namespace

int demo(const DemoOptions& options) {
  if (options.attack == "list") {
    for (const Attack attack : kAttacks) {
      std::printf("%-18s %s\n", std::string(name(attack)).c_str(), std::string(explain(attack)).c_str());
    }
    return kOk;
  }
  if (!parse_attack(options.attack)) {
    std::fprintf(stderr, "redan demo: no attack '%s'; --attack list shows them\n", printable(options.attack).c_str());
    return kUsage;
  }
  return Demo(options).run();
}

}  // namespace redan::cmd
