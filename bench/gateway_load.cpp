// The stream gateway on loopback, with a scripted agent in its process: sessions created and signalling messages
// relayed per CPU second of both ends, and the memory of a server with many open sockets of idle sessions. Compared
// with a bare Beast server that answers and echoes the same without processing it.
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fstream>

#include "bench/bare_websocket.hpp"
#include "bench/figure.hpp"
#include "bench/gateway_unit.hpp"
#include "bench/two_processes.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"

namespace redan::bench {
namespace {

namespace asio = boost::asio;

constexpr double kSessionGoal = 0.1;
constexpr double kMessageGoal = 0.2;
constexpr double kMemoryGoal = 48;  // KiB
constexpr int kSessions = 50;
constexpr int kMessages = 200;
constexpr std::size_t kSockets = 10'000;
constexpr std::size_t kBareSockets = 2'000;
constexpr std::size_t kOpening = 64;  ///< at once
constexpr unsigned kMaxSeconds = 600;

net::TlsRemote remote(std::uint16_t port) {
  static const net::TlsIdentity identity = test_identity("server");
  return {"127.0.0.1", port, net::PinnedSha256{identity.fingerprint.digest}};
}

// Sessions.

/// Requests sessions sequentially on one connection.
class SessionClient {
 public:
  SessionClient(asio::io_context& io, std::uint16_t port, std::string token)
      : io_(io), client_(io, {.server = remote(port), .max_connections = 1}), token_(std::move(token)) {}
  double operator()() {
    for (int i = 0; i < kSessions; ++i) {
      net::HttpRequest request;
      request.method = "POST";
      request.path = "/1.0/sessions";
      request.headers = {{"Authorization", "macaroon root=" + token_}, {"Content-Type", "application/json"}};
      request.body = R"({"app":"bench","joinable":true,"screen":{"width":1280,"height":720,"fps":60}})";
      const net::HttpResult result = finish(io_, client_.request(std::move(request)));
      if (!result || result->status != 201) failed("creating a session over HTTPS");
      answer = result->body;
    }
    return kSessions;
  }
  std::string answer;

 private:
  asio::io_context& io_;
  net::HttpClient client_;
  std::string token_;
};

void session_row() {
  asio::io_context our_io{1}, bare_io{1};
  GatewayUnit unit(our_io, true);
  SessionClient of_ours(our_io, unit.server->port(), unit.token);
  of_ours();
  BareWebSocketServer bare(bare_io, test_identity("server"), of_ours.answer);
  SessionClient of_bare(bare_io, bare.port(), unit.token);
  print(compare("sessions created, Beast's answers", "1/s", kSessionGoal, std::ref(of_ours), std::ref(of_bare)));
}

// Signalling.

/// Sends messages and waits until all have returned.
class SignallingClient {
 public:
  SignallingClient(asio::io_context& io, std::uint16_t port, std::string target) : io_(io) {
    net::WebSocketClientConfig config;
    config.server = remote(port);
    config.target = std::move(target);
    auto opened = finish(io, net::open_websocket(config));
    if (!opened) failed("opening a socket");
    socket_ = *opened;
    socket_->on_message = [this](std::string_view) { ++back_; };
  }
  ~SignallingClient() {
    socket_->connection().close();
    io_.restart();
    io_.run_for(std::chrono::milliseconds(50));
  }
  SignallingClient(const SignallingClient&) = delete;
  SignallingClient& operator=(const SignallingClient&) = delete;

  double operator()() {
    const std::string candidate =
        R"({"type":"candidate","candidate":")" + std::string(160, 'Y') + R"(","sdpMid":"0","sdpMLineIndex":0})";
    back_ = 0;
    for (int i = 0; i < kMessages; ++i) socket_->send(candidate);
    io_.restart();
    while (back_ < kMessages) io_.run_one();
    return 2.0 * kMessages;
  }

 private:
  asio::io_context& io_;
  std::shared_ptr<net::WebSocket> socket_;
  int back_ = 0;
};

void message_row() {
  asio::io_context our_io{1}, bare_io{1};
  GatewayUnit unit(our_io, true);
  BareWebSocketServer bare(bare_io, test_identity("server"), {});
  SignallingClient of_ours(our_io, unit.server->port(), unit.session(our_io));
  SignallingClient of_bare(bare_io, bare.port(), "/");
  print(compare("signalling messages, Beast's echo", "1/s", kMessageGoal, std::ref(of_ours), std::ref(of_bare)));
}

// Memory, measured with the server in a child process of its own.

double resident_kib() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  long pages = 0, resident = 0;
  file >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

/// A server whose memory is measured.
struct OurServer {
  explicit OurServer(asio::io_context& loop) : io(loop), unit(loop, false) {}
  /// The target of a new socket: a session of its own.
  std::string target() { return unit.session(io); }
  [[nodiscard]] std::uint16_t port() const { return unit.server->port(); }
  asio::io_context& io;
  GatewayUnit unit;
};
struct BareServer {
  explicit BareServer(asio::io_context& io) : server(io, test_identity("server"), "") {}
  std::string target() { return "/"; }
  [[nodiscard]] std::uint16_t port() const { return server.port(); }
  BareWebSocketServer server;
};

/// Sends the port and `count` targets, and serves until its memory is requested.
template <class Server>
void serve(const Wire& wire, std::size_t count) {
  asio::io_context io{1};
  Server server(io);
  static_cast<void>(server.target());
  wire.say(std::to_string(server.port()));
  const double before = resident_kib();
  for (std::size_t i = 0; i < count; ++i) wire.say(server.target());
  bool done = false;
  asio::posix::stream_descriptor input(io, wire.descriptor());
  input.async_wait(asio::posix::stream_descriptor::wait_read, [&](const boost::system::error_code&) { done = true; });
  io.restart();
  while (!done) io.run_one();
  input.native_non_blocking(false);  // the request may arrive in two pieces
  static_cast<void>(wire.hear());
  wire.say(std::to_string((resident_kib() - before) / static_cast<double>(count)));
  pause();
}

class Crowd {
 public:
  Crowd(std::uint16_t port, std::vector<std::string> targets) : port_(port), targets_(std::move(targets)) {}
  ~Crowd() {
    for (const auto& socket : sockets_) socket->connection().close();
    io_.restart();
    io_.run_for(std::chrono::milliseconds(200));
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void open() {
    for (std::size_t i = 0; i < kOpening; ++i) asio::co_spawn(io_, open_some(), asio::detached);
    while (sockets_.size() < targets_.size()) io_.run_one();
    // Pending messages arrive; then both ends are silent.
    io_.restart();
    io_.run_for(std::chrono::seconds(3));
  }
  /// Checks that all of them are still open.
  void check() const {
    if (closed_ != 0) failed("a socket was closed meanwhile");
  }

 private:
  net::Task<void> open_some() {
    while (next_ < targets_.size()) {
      net::WebSocketClientConfig config;
      config.server = remote(port_);
      config.target = targets_[next_++];
      config.timeout = std::chrono::seconds(120);
      config.limits.first_message_timeout = std::chrono::seconds(0);
      auto opened = co_await net::open_websocket(std::move(config));
      if (!opened) failed("opening one of many sockets");
      (*opened)->on_close = [this] { ++closed_; };
      (*opened)->send(R"({"type":"discover"})");
      sockets_.push_back(*opened);
    }
  }

  asio::io_context io_{1};
  std::uint16_t port_;
  std::vector<std::string> targets_;
  std::size_t next_ = 0, closed_ = 0;
  std::vector<std::shared_ptr<net::WebSocket>> sockets_;
};

/// KiB of the server's memory for each of `count` open sockets.
template <class Server>
double kib_each(std::size_t count) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) failed("socketpair");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) failed("fork");
  if (child == 0) {
    close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(kMaxSeconds);  // always ends, even after an error
    serve<Server>(Wire(ends[1]), count);
  }
  close(ends[1]);
  const Wire wire(ends[0]);
  const auto port = static_cast<std::uint16_t>(std::stoi(wire.hear()));
  std::vector<std::string> targets;
  while (targets.size() < count) targets.push_back(wire.hear());
  double each = 0;
  {
    Crowd crowd(port, std::move(targets));
    crowd.open();
    wire.say("how much?");
    each = std::stod(wire.hear());
    crowd.check();
  }
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return each;
}

void memory_row() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const auto limit = static_cast<std::size_t>(files.rlim_cur);
  const std::size_t count = std::min(kSockets, limit - std::min<std::size_t>(limit, 500));
  if (count < kSockets) std::printf("  only %zu sockets: ulimit -n is %zu\n", count, limit);
  const double ours = kib_each<OurServer>(count);
  const double theirs = kib_each<BareServer>(std::min(count, kBareSockets));
  print({"idle socket, Beast's", "KiB each", ours, theirs, theirs / ours, kMemoryGoal, Better::less});
}

}  // namespace

void gateway_load() {
  session_row();
  message_row();
  memory_row();
}

}  // namespace redan::bench
