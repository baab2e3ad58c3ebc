// `redan connect URL`: joins a demo from the terminal with our own stack as offerer, controlling agent and DTLS client.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <redan/asio.hpp>
#include <stdexcept>

#include "cmd/commands.hpp"
#include "cmd/connect/bulk_sender.hpp"
#include "cmd/connect/session_figures.hpp"
#include "cmd/connect/trace.hpp"
#include "cmd/ice/ice_servers.hpp"
#include "net/clock.hpp"
#include "net/errors.hpp"
#include "net/loop.hpp"
#include "net/socket_address.hpp"
#include "net/websocket/client.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::size_t kMessageSize = 16 * 1024;
constexpr std::chrono::seconds kTimeout{30};

struct DemoUrl {
  std::string host;
  std::uint16_t port = 443;
  std::string token;
  Digest pin;
};

std::string fragment_value(std::string_view url, std::string_view name) {
  const std::size_t hash = url.find('#');
  if (hash == std::string_view::npos) return {};
  const std::string_view fragment = url.substr(hash + 1);
  for (std::size_t start = 0; start < fragment.size();) {
    const std::size_t end = std::min(fragment.find('&', start), fragment.size());
    const std::string_view pair = fragment.substr(start, end - start);
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') {
      return std::string(pair.substr(name.size() + 1));
    }
    start = end + 1;
  }
  return {};
}

// https://host:port/#token=...&sha256=...
DemoUrl parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) throw std::invalid_argument("the URL must start with https://");
  const std::string_view authority =
      std::string_view(url).substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
  // Ignores the colons inside the brackets of an IPv6 address.
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  DemoUrl parsed;
  parsed.host = authority.substr(0, colon);
  if (parsed.host.starts_with('[') && parsed.host.ends_with(']'))
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (error != std::errc{} || end != port.data() + port.size())
      throw std::invalid_argument("the URL's port is wrong");
  }
  parsed.token = fragment_value(url, "token");
  const auto pin = net::parse_pin(fragment_value(url, "sha256"));
  if (parsed.token.empty() || !pin) {
    throw std::invalid_argument(
        "the URL needs #token=...&sha256=... as `redan demo` prints it (quote it: the shell eats #)");
  }
  parsed.pin = *pin;
  return parsed;
}

/// The steps of a session with a demo, in order.
class Visit {
 public:
  Visit(const ConnectOptions& options, DemoUrl url)
      : options_(options),
        url_(std::move(url)),
        servers_(resolve_ice_servers(options.ice)),
        loop_([this] { finish(kFailure, "interrupted"); }),
        deadline_(loop_.io()) {}

  int run() {
    deadline_.expires_after(kTimeout + std::chrono::duration_cast<std::chrono::seconds>(run_time() * 3));
    deadline_.async_wait([this](const boost::system::error_code& error) {
      if (!error) finish(kNetwork, "no progress for too long; check that UDP passes between the two hosts");
    });
    boost::asio::co_spawn(loop_.io(), join(), boost::asio::detached);
    loop_.run();
    return exit_code_;
  }

 private:
  [[nodiscard]] Duration run_time() const {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.seconds));
  }
  void print(const std::string& line) const {
    if (!options_.json) std::printf("%s\n", line.c_str());
  }
  void finish(int code, const std::string& problem) {
    if (finished_) return;
    finished_ = true;
    exit_code_ = code;
    if (!problem.empty()) std::fprintf(stderr, "redan connect: %s\n", problem.c_str());
    if (shard_ && peer_.value != 0) {
      shard_->endpoint().close(peer_);
      shard_->wake();
    }
    if (socket_) socket_->close();
    deadline_.cancel();
    loop_.stop();
  }

  // Signalling.
  net::Task<void> join() {
    net::WebSocketClientConfig config;
    config.server = net::TlsRemote{url_.host, url_.port, net::PinnedSha256{url_.pin}};
    config.target = "/signal";
    const auto opened = co_await net::open_websocket(std::move(config));
    if (opened) co_return on_socket(*opened);
    const net::HttpFailure& failure = opened.error();
    if (failure.code == net::errc::tls_pin_mismatch || failure.code == net::errc::tls_failed) {
      co_return finish(kAuthentication,
                       "the server's certificate is not the one in the URL, or it refused TLS 1.3: " + failure.detail);
    }
    finish(kNetwork, "cannot reach " + url_.host + ": " + std::string(text(failure.code)) + ": " + failure.detail);
  }
  void on_socket(const std::shared_ptr<net::WebSocket>& socket) {
    socket_ = socket;
    socket->on_message = [this](std::string_view text) { on_message(text); };
    socket->on_close = [this] { finish(kNetwork, "the server closed the signalling connection"); };
    socket->send(json::serialize(json::object{{"type", "hello"}, {"token", url_.token}}));
  }
  void on_message(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(std::string(text), error);
    if (error || !value.is_object()) return;
    const json::object& message = value.get_object();
    const auto field = [&](std::string_view name) {
      const json::value* member = message.if_contains(name);
      return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
    };
    const std::string type = field("type");
    if (type == "welcome" && !shard_) return open();
    if (type == "answer" && peer_.value != 0) return complete(field("sdp"));
    if (type == "error") {
      finish(field("code") == "bad_token" ? kAuthentication : kFailure,
             printable(field("text")) + "; " + printable(field("hint")));
    }
  }
  void open() {
    print("TLS      " + socket_->connection().tls.version + ", " + socket_->connection().tls.cipher +
          ", certificate pinned");
    EndpointConfig config;
    config.announce_lite = false;
    const auto target = Address::parse(url_.host, 0);
    const bool loopback = target && target->family() == Address::Family::ipv4 && target->ip()[0] == 127;
    config.local_addresses = loopback ? std::vector<Address>{*Address::parse("127.0.0.1", 0)} : net::host_addresses();
    config.ice_transport = ice_transport(options_.ice);
    const std::int64_t now = net::wall_time().seconds_since_1970;
    auto identity = self_signed(*provider_, {.not_before = {now - 3600}, .not_after = {now + 24 * 3600}});
    if (!identity) return finish(kFailure, explain(identity.error()));
    auto shard = Shard::open(loop_.io(), std::move(config), std::move(*identity), *provider_,
                             [this](Endpoint& endpoint, const Output& output) { on_output(endpoint, output); });
    if (!shard) return finish(kNetwork, explain(shard.error()));
    shard_ = std::move(*shard);
    started_ = net::now();
    if (servers_.empty()) return offer();
    if (const auto set = shard_->endpoint().set_ice_servers(std::move(servers_)); !set)
      return finish(kFailure, explain(set.error()));
    shard_->wake();  // GatheringDone follows: the demo takes no candidates besides those of the offer
  }
  void offer() {
    const auto offered = shard_->endpoint().offer({});
    if (!offered) return finish(kFailure, explain(offered.error()));
    peer_ = offered->peer;
    echo_ = *shard_->endpoint().open_channel(peer_, "echo");
    up_ = *shard_->endpoint().open_channel(peer_, "throughput-up");
    down_ = *shard_->endpoint().open_channel(peer_, "throughput-down");
    shard_->wake();
    socket_->send(json::serialize(json::object{{"type", "offer"}, {"sdp", offered->offer}}));
  }
  void complete(const std::string& sdp) {
    const auto completed = shard_->endpoint().complete(peer_, sdp);
    if (!completed) return finish(kFailure, explain(completed.error()));
    shard_->wake();
  }

  // The session.
  void on_output(Endpoint& endpoint, const Output& output) {
    if (const auto* path = std::get_if<PathSelected>(&output)) {
      print("ICE      path to " + path->path.remote.text() + ", " + std::string(name_of(path->local_type)) + " to " +
            std::string(name_of(path->remote_type)));
      pair_ = std::string(name_of(path->local_type)) + "-" + std::string(name_of(path->remote_type));
    } else if (std::holds_alternative<GatheringDone>(output)) {
      if (peer_.value == 0) offer();
    } else if (const auto* failed = std::get_if<IceServerFailed>(&output)) {
      print("ICE      " + std::string(failed->server) + ": " + printable(failed->detail));
    } else if (std::holds_alternative<Connected>(output)) {
      const auto security = endpoint.security(peer_);
      print("DTLS     " + std::string(security->dtls_version) + ", " + std::string(security->cipher_suite));
      print("         " + std::string(security->group) + ", we are the " +
            (security->dtls_role == DtlsRole::client ? "client" : "server") + ", both fingerprints proven");
    } else if (const auto* opened = std::get_if<ChannelOpened>(&output)) {
      if (opened->channel == down_) {
        const auto ms = (net::now() - started_) / std::chrono::milliseconds(1);
        setup_ms_ = ms;
        print("open     after " + std::to_string(ms) + " ms");
        take(endpoint, figures_.begin(net::now()));
      }
    } else if (const auto* message = std::get_if<Message>(&output)) {
      on_channel_message(endpoint, *message);
    } else if (const auto* low = std::get_if<BufferedAmountLow>(&output)) {
      if (low->channel == up_) push_up(endpoint);
    } else if (const auto* closed = std::get_if<Closed>(&output)) {
      finish(kNetwork, "the connection ended: " + explain(closed->reason));
    }
  }
  void on_channel_message(Endpoint& endpoint, const Message& message) {
    using Channel = SessionFigures::Channel;
    if (message.channel != echo_ && message.channel != up_ && message.channel != down_) return;
    const Channel channel = message.channel == echo_ ? Channel::echo
                            : message.channel == up_ ? Channel::up
                                                     : Channel::down;
    take(endpoint, figures_.on_message(channel, message.kind, message.payload, net::now()));
  }
  void take(Endpoint& endpoint, SessionFigures::Step step) {
    switch (step) {
      case SessionFigures::Step::nothing:
        return;
      case SessionFigures::Step::ping:
        (void)endpoint.send(peer_, echo_, MessageKind::text, as_bytes("ping"));
        return;
      case SessionFigures::Step::send_up:
        report_round_trips();
        sender_.emplace(peer_, up_, kMessageSize, net::now(), run_time());
        return push_up(endpoint);
      case SessionFigures::Step::ask_down:
        print("up       " + megabytes(figures_.up_rate()));
        return ask_down(endpoint);
      case SessionFigures::Step::finish:
        print("down     " + megabytes(figures_.down_rate()));
        report_json();
        return finish(kOk, "");
    }
  }
  void ask_down(Endpoint& endpoint) {
    const std::string request =
        json::serialize(json::object{{"seconds", options_.seconds}, {"size", static_cast<std::int64_t>(kMessageSize)}});
    (void)endpoint.send(peer_, down_, MessageKind::text, as_bytes(request));
  }
  void push_up(Endpoint& endpoint) {
    if (!sender_ || sender_->push(endpoint, net::now())) return;
    sender_.reset();
    (void)endpoint.send(peer_, up_, MessageKind::text, as_bytes("end"));
  }
  static std::string megabytes(double rate) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f MB/s in messages of 16 KiB", rate / 1e6);
    return text.data();
  }
  void report_round_trips() const {
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "echo     %zu round trips: p50 %.0f us, p99 %.0f us",
                  SessionFigures::kPings, figures_.percentile_us(0.5), figures_.percentile_us(0.99));
    print(text.data());
  }
  void report_json() const {
    if (!options_.json) return;
    std::printf("%s\n", json::serialize(json::object{{"setup_ms", setup_ms_},
                                                     {"pair", pair_},
                                                     {"rtt_p50_us", figures_.percentile_us(0.5)},
                                                     {"rtt_p99_us", figures_.percentile_us(0.99)},
                                                     {"up_bytes_per_second", figures_.up_rate()},
                                                     {"down_bytes_per_second", figures_.down_rate()}})
                            .c_str());
  }

  ConnectOptions options_;
  DemoUrl url_;
  std::vector<IceServer> servers_;
  net::Loop loop_;
  boost::asio::steady_timer deadline_;
  std::unique_ptr<Provider> provider_ = default_provider();
  std::shared_ptr<net::WebSocket> socket_;
  std::unique_ptr<Shard> shard_;
  PeerId peer_;
  ChannelId echo_, up_, down_;
  TimePoint started_{};
  std::int64_t setup_ms_ = 0;
  std::string pair_;  // "host-srflx": the types of our candidate and of the peer's
  SessionFigures figures_;
  std::optional<BulkSender> sender_;
  bool finished_ = false;
  int exit_code_ = kFailure;
};

}  // namespace

int connect(const ConnectOptions& options) {
  try {
    return Visit(options, parse_url(options.url)).run();
  } catch (const std::logic_error& error) {
    std::fprintf(stderr, "redan connect: %s\n", error.what());
    return kUsage;
  }
}

}  // namespace redan::cmd
