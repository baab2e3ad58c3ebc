// `redan connect --gateway URL`: a session of a stream gateway from the terminal, with our own stack as its client.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/hex.hpp"
#include "cmd/amc/remotes.hpp"
#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/connect/ams_grants.hpp"
#include "cmd/connect/gateway_remote.hpp"
#include "cmd/connect/stream_client.hpp"
#include "cmd/connect/trace.hpp"
#include "cmd/secret_file.hpp"
#include "net/clock.hpp"
#include "net/loop.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTimeout{30};

/// The AMS that grants sealed sessions, from amc's remotes.
net::Remote ams_of(const std::string& named, const AmcRemotes& remotes, const net::TlsIdentity& identity) {
  const std::string name = named.empty() ? remotes.default_name() : named;
  const AmcRemote* remote = remotes.find(name);
  if (remote == nullptr) {
    throw std::runtime_error("amc knows no AMS" + (name.empty() ? std::string() : " named " + name) +
                             " to grant a sealed session; see redan amc remote --help");
  }
  const auto server = net::parse_https_url(remote->url);
  const auto pin = net::parse_pin(remote->fingerprint);
  if (!server || !pin) throw std::runtime_error("amc's entry for " + name + " is damaged; add it again");
  return net::TlsRemote{server->host, server->port, net::PinnedSha256{*pin}, &identity};
}

class SessionVisit {
 public:
  SessionVisit(const ConnectOptions& options, const HostAndPort& gateway)
      : options_(options),
        loop_([this] { finish(kFailure, "interrupted"); }),
        timer_(loop_.io()),
        counting_(loop_.io()),
        clients_(loop_.io(),
                 net::TlsRemote{gateway.host, gateway.port, gateway_trust(options.fingerprint, gateway.host), nullptr,
                                options.allow_small_keys},
                 std::string(read_secret_file(options.token_file).line()), addresses_towards(gateway.host), *provider_,
                 options.ice) {
    if (!options.seal) return;
    const AmcRemotes remotes(default_amc_directory());
    identity_ = remotes.identity();
    grants_.emplace(loop_.io(), ams_of(*options.seal, remotes, identity_));
  }

  int run() {
    wait(kTimeout, kNetwork, "no progress for too long; is an agent there, and does UDP pass?");
    boost::asio::co_spawn(loop_.io(), visit(), boost::asio::detached);
    loop_.run();
    return code_;
  }

 private:
  void print(const std::string& line) const {
    if (!options_.json) std::printf("%s\n", line.c_str());
  }
  void wait(Duration time, int code, std::string why) {
    timer_.expires_after(time);
    timer_.async_wait([this, code, why = std::move(why)](const boost::system::error_code& error) {
      if (!error) finish(code, why);
    });
  }

  net::Task<void> visit() {
    started_ = net::now();
    StreamClients::Granted granted;
    if (options_.join.empty()) {
      json::object body{{"app", options_.app}, {"joinable", true}, {"idle_time_min", 1}};
      granted = co_await clients_.create(json::serialize(body));
    } else {
      granted = co_await clients_.join(options_.join);
    }
    if (!granted) co_return finish(granted.error().starts_with("401") ? kAuthentication : kNetwork, granted.error());
    session_ = granted->session;
    print("session  " + session_);
    StreamWishes wishes;
    wishes.video = options_.video;
    if (grants_) {
      auto seal = co_await grants_->wishes();
      if (!seal) co_return finish(kAuthentication, seal.error());
      wishes.seal = std::move(*seal);
    }
    client_ = &clients_.open(*granted, std::move(wishes));
    client_->on_state = [this] { on_state(); };
  }

  void on_state() {
    if (client_->state() == StreamClient::State::ended && !finished_) {
      return finish(client_->seal_failure() ? kAuthentication : kNetwork, client_->problem());
    }
    if (!client_->is_open("control") || connected_) return;
    connected_ = true;
    const StreamClient::Counts& counts = client_->counts();
    setup_ms_ = (counts.connected - started_) / std::chrono::milliseconds(1);
    if (const auto security = client_->security()) {
      print("DTLS     " + std::string(security->dtls_version) + ", " + std::string(security->cipher_suite));
      print("path     " + security->path.remote.text());
    }
    if (const auto& runtime = client_->runtime()) {
      print("sealed   runtime key " + to_hex(runtime->key).substr(0, 16) + "... of instance " + runtime->instance +
            ", vouched for by AMS; connection confirmed");
    }
    print("open     after " + std::to_string(setup_ms_) + " ms");
    const auto stay = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.seconds));
    if (options_.packets == 0) return wait(stay, kOk, "");
    wait(stay, kNetwork, "fewer than " + std::to_string(options_.packets) + " RTP packets came in time");
    count_packets();
  }
  void count_packets() {
    if (finished_) return;
    if (client_->counts().rtp_packets >= static_cast<std::uint64_t>(options_.packets)) return finish(kOk, "");
    counting_.expires_after(std::chrono::milliseconds(20));
    counting_.async_wait([this](const boost::system::error_code& error) {
      if (!error) count_packets();
    });
  }

  // A session that was created here is ended here, unless it should be kept.
  void finish(int code, const std::string& problem) {
    if (finished_) return;
    finished_ = true;
    code_ = code;
    timer_.cancel();
    counting_.cancel();
    if (!problem.empty()) std::fprintf(stderr, "redan connect: %s\n", problem.c_str());
    if (code == kOk) report();
    if (client_ != nullptr) client_->close();
    boost::asio::co_spawn(loop_.io(), leave(), boost::asio::detached);
  }
  net::Task<void> leave() {
    if (!session_.empty() && options_.join.empty() && !options_.keep) co_await clients_.remove(session_);
    loop_.stop();
  }

  void report() const {
    const StreamClient::Counts& counts = client_->counts();
    if (options_.json) {
      const json::object object{{"session", session_},
                                {"setup_ms", setup_ms_},
                                {"sealed", client_->runtime().has_value()},
                                {"rtp_packets", counts.rtp_packets},
                                {"messages", counts.messages}};
      std::printf("%s\n", json::serialize(object).c_str());
    } else if (options_.video) {
      print("video    " + std::to_string(counts.rtp_packets) + " RTP packets");
    }
  }

  ConnectOptions options_;
  std::unique_ptr<Provider> provider_ = default_provider();
  net::Loop loop_;
  boost::asio::steady_timer timer_, counting_;
  net::TlsIdentity identity_;
  std::optional<AmsGrants> grants_;
  StreamClients clients_;
  StreamClient* client_ = nullptr;
  std::string session_;
  TimePoint started_{};
  std::int64_t setup_ms_ = 0;
  bool connected_ = false, finished_ = false;
  int code_ = kOk;
};

}  // namespace

int connect_session(const ConnectOptions& options) {
  if (options.token_file.empty()) throw std::runtime_error("--gateway needs --token-file");
  if (options.app.empty() == options.join.empty()) throw std::runtime_error("--gateway needs --app or --join");
  return SessionVisit(options, parse_https_url(options.gateway)).run();
}

}  // namespace redan::cmd
