// `redan adb`: makes the adbd of an instance reachable on a local TCP port, through a share of its session.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <set>

#include "cloud/runtime/byte_pump.hpp"
#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/connect/gateway_remote.hpp"
#include "cmd/connect/stream_client.hpp"
#include "cmd/program.hpp"
#include "net/accept.hpp"
#include "net/loop.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using cloud::runtime::BytePump;

constexpr const char* kFooter = R"(
The URL is that of a share of the type adb. Each local connection joins the
session once more, over WebRTC.

Examples:
  redan gateway share create SESSION --type adb
  redan adb 'https://gw.example.org:4000/1.0/sessions/...' --listen 127.0.0.1:5559
  adb connect 127.0.0.1:5559

Exit codes: 0 stopped, 1 failed, 2 wrong usage)";

struct Options {
  std::string url;
  std::string fingerprint;
  std::string listen = "127.0.0.1:0";
  bool allow_small_keys = false;
  bool json = false;
};

struct ShareUrl {
  net::HostAndPort gateway;
  std::string target;  ///< path and query
};

ShareUrl parse_share(const std::string& url) {
  const std::size_t path = url.starts_with("https://") ? url.find('/', 8) : std::string::npos;
  if (path == std::string::npos || url.find("token=") == std::string::npos) {
    throw std::runtime_error(
        "the URL is that of a share: https://HOST:PORT/1.0/sessions/.../connect?type=adb&token=...");
  }
  return {parse_https_url(url.substr(0, path), 443), url.substr(path)};
}

/// One local TCP connection and its tunnel.
class Tunnel {
 public:
  Tunnel(asio::io_context& io, net::TlsRemote gateway, std::vector<Address> addresses, Provider& provider)
      : clients_(io, std::move(gateway), "", std::move(addresses), provider),
        pump_(io, {[this](Bytes bytes) { return to_channel(bytes); }, [this] { client_->close_channel("adb"); }}) {}

  net::Task<void> run(tcp::socket socket, std::string target) {
    socket_.emplace(std::move(socket));
    auto granted = co_await clients_.use_share(std::move(target));
    if (!granted) co_return end(granted.error());
    StreamWishes wishes;
    wishes.channels = {"adb"};
    client_ = &clients_.open(*granted, std::move(wishes));
    client_->on_state = [this] { on_state(); };
    client_->on_bytes = [this](const std::string& channel, Bytes bytes) {
      if (channel == "adb" && !pump_.write(bytes)) end("the local program reads too slowly");
    };
    client_->on_room = [this] { pump_.resume(); };
    client_->on_channel_closed = [this](const std::string& channel) {
      if (channel == "adb") end("closed");
    };
  }

  /// Called once, from the loop.
  std::function<void(const std::string& why)> on_end;

 private:
  bool to_channel(Bytes bytes) {
    const auto room = client_->send_bytes("adb", bytes);
    return room && *room;
  }
  void on_state() {
    if (client_->state() == StreamClient::State::ended) return end(client_->problem());
    if (client_->is_open("adb") && socket_) pump_.attach(*std::exchange(socket_, std::nullopt));
  }
  void end(const std::string& why) {
    if (std::exchange(ended_, true)) return;
    pump_.linger();
    if (client_ != nullptr) client_->close();
    if (on_end) on_end(why);
  }

  StreamClients clients_;
  BytePump pump_;
  StreamClient* client_ = nullptr;
  std::optional<tcp::socket> socket_;  ///< until the channel is open
  bool ended_ = false;
};

class Forwarder {
 public:
  Forwarder(const Options& options)
      : options_(options), share_(parse_share(options.url)), loop_([this] { loop_.stop(); }), acceptor_(loop_.io()) {}

  int run() {
    const HostAndPort listen = parse_host_and_port(options_.listen);
    const tcp::endpoint local(asio::ip::make_address(listen.host), listen.port);
    acceptor_.open(local.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(local);
    acceptor_.listen();
    const std::string where = HostAndPort{listen.host, acceptor_.local_endpoint().port()}.text();
    std::printf(options_.json ? "{\"listen\":\"%s\"}\n" : "adb connect %s\nCtrl-C ends it.\n", where.c_str());
    std::fflush(stdout);
    asio::co_spawn(loop_.io(), accept(), asio::detached);
    loop_.run();
    return kOk;
  }

 private:
  net::Task<void> accept() {
    while (acceptor_.is_open()) {
      tcp::socket socket(loop_.io());
      const bool accepted = co_await net::accept_next(acceptor_, socket);
      if (accepted) begin(std::move(socket));
    }
  }
  void begin(tcp::socket socket) {
    const net::TlsRemote gateway{share_.gateway.host, share_.gateway.port,
                                 gateway_trust(options_.fingerprint, share_.gateway.host), nullptr,
                                 options_.allow_small_keys};
    const auto tunnel =
        std::make_shared<Tunnel>(loop_.io(), gateway, addresses_towards(share_.gateway.host), *provider_);
    tunnels_.insert(tunnel);
    tunnel->on_end = [this, tunnel = tunnel.get()](const std::string& why) {
      log_line("a connection has ended: " + why);
      // From the loop: its callbacks are running.
      asio::post(loop_.io(), [this, tunnel] {
        std::erase_if(tunnels_, [tunnel](const auto& one) { return one.get() == tunnel; });
      });
    };
    asio::co_spawn(loop_.io(), tunnel->run(std::move(socket), share_.target), [tunnel](const std::exception_ptr&) {});
  }

  Options options_;
  ShareUrl share_;
  net::Loop loop_;
  std::unique_ptr<Provider> provider_ = default_provider();
  tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Tunnel>> tunnels_;
};

}  // namespace

void add_adb(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("adb", "Reach the adbd of an instance through a share of its session");
  auto options = std::make_shared<Options>();
  command->add_option("url", options->url, "The URL of the share")->required();
  command->add_option("--listen", options->listen, "Local address and port; port 0: any")->capture_default_str();
  command->add_option("--fingerprint", options->fingerprint,
                      "SHA-256 of the gateway's certificate (default: the system's authorities)");
  command->add_flag("--allow-small-keys", options->allow_small_keys,
                    "Keys of the gateway and its authorities below RSA-4096");
  command->add_flag("--json", options->json, "Announce the local address as JSON");
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return Forwarder(*options).run(); }; });
}

}  // namespace redan::cmd
