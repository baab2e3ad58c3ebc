// The WAMP router compared with one built on Autobahn|Python (tests/interop/wamp/autobahn_router.py), each in its own
// process, with the same clients on plain loopback WebSockets: events for 1 to 1,000 subscribers, sequential calls, and
// the memory of idle clients. Wall time, because clients wait for it; and CPU time of the router's process, which is
// independent of other load on the machine.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>

#include "bench/figure.hpp"
#include "bench/two_processes.hpp"
#include "bench/wamp_client.hpp"
#include "wamp/router/server.hpp"

namespace redan::bench {
namespace {

namespace asio = boost::asio;

constexpr double kGoal = 5;
constexpr int kRounds = 5;
constexpr std::size_t kEventsEach = 10'000;  ///< of a round, over all subscribers
constexpr std::size_t kCalls = 480;
constexpr std::size_t kIdle = 10'000;
constexpr std::size_t kIdleOfBaseline = 2'000;
constexpr unsigned kMaxSeconds = 900;

// Routers.

/// A router in a child process.
class RouterProcess {
 public:
  RouterProcess(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}
  ~RouterProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  RouterProcess(const RouterProcess&) = delete;
  RouterProcess& operator=(const RouterProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] double cpu_seconds() const {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) failed("a router's CPU time");
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  [[nodiscard]] double resident_kib() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
    long pages = 0, resident = 0;
    file >> pages >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
  }

 private:
  pid_t pid_;
  std::uint16_t port_;
};

[[noreturn]] void serve(int out) {
  asio::io_context io{1};
  const auto provider = default_provider();
  wamp::RouterServerConfig config;
  config.listen.push_back({wamp::Carrier::websocket, net::LoopbackListener{{asio::ip::address_v4::loopback(), 0}}});
  config.router = wamp::open_router("realm1");
  config.transport.max_connections_per_address = config.router.limits.max_connections;
  config.transport.max_buffered = 64 * 1024 * 1024;
  const wamp::RouterServer server(io, std::move(config), *provider);
  const std::string line = "{\"port\":" + std::to_string(server.ports()[0]) + "}\n";
  if (::write(out, line.data(), line.size()) < 0) _exit(1);
  io.run();
  _exit(0);
}

[[noreturn]] void serve_autobahn(int out) {
  dup2(out, STDOUT_FILENO);
  const char* script = REDAN_TESTS_DIR "/wamp/autobahn_router.py";
  execl("/usr/bin/python3", "python3", script, "--port", "0", nullptr);
  _exit(1);
}

std::unique_ptr<RouterProcess> start(void (*serve_it)(int)) {
  int ends[2];
  if (pipe(ends) != 0) failed("pipe");
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) failed("fork");
  if (child == 0) {
    close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(kMaxSeconds);  // always ends, even after an error
    serve_it(ends[1]);
  }
  close(ends[1]);
  std::string line;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1 && byte != '\n') line += byte;
  close(ends[0]);
  boost::system::error_code error;
  const auto said = boost::json::parse(line, error);
  if (error || !said.is_object()) failed("starting a router (python3-autobahn is needed)");
  return std::make_unique<RouterProcess>(child, static_cast<std::uint16_t>(said.at("port").as_int64()));
}

// Work.

class Subscribers {
 public:
  Subscribers(std::uint16_t port, std::size_t count) : publisher_(port), epoll_(epoll_create1(0)) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& one = all_.emplace_back(std::make_unique<WampClient>(port));
      one->say(R"([32,1,{},"com.example.topic"])");
      if (!one->hear().starts_with("[33,")) failed("subscribing");
      epoll_event event{EPOLLIN, {.ptr = one.get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, one->descriptor(), &event);
    }
  }
  ~Subscribers() { close(epoll_); }
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  /// Publishes, and waits until every subscriber has received everything; returns the number of events.
  double operator()() {
    const std::size_t publications = std::max<std::size_t>(4, kEventsEach / all_.size());
    std::string batch;
    for (std::size_t i = 0; i < publications; ++i) {
      const std::string id = std::to_string(++request_);
      batch += WampClient::frame(
          "[16," + id + R"(,{},"com.example.topic",["a line of text for everybody",42,true],{"seq":)" + id + "}]");
    }
    publisher_.write(batch);
    const std::size_t expected = publications * all_.size();
    std::array<epoll_event, 256> ready{};
    for (std::size_t heard = 0; heard < expected;) {
      const int n = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 60'000);
      if (n <= 0) failed("an event did not come");
      for (int i = 0; i < n; ++i)
        heard += static_cast<WampClient*>(ready[static_cast<std::size_t>(i)].data.ptr)->count();
    }
    return static_cast<double>(expected);
  }

 private:
  WampClient publisher_;
  int epoll_;
  std::uint64_t request_ = 0;
  std::vector<std::unique_ptr<WampClient>> all_;
};

/// Several callers of one callee.
class Callers {
 public:
  Callers(std::uint16_t port, std::size_t count) : callee_(port) {
    callee_.say(R"([64,1,{},"com.example.add2"])");
    if (!callee_.hear().starts_with("[65,")) failed("registering");
    while (callers_.size() < count) callers_.push_back(std::make_unique<WampClient>(port));
  }
  /// Each calls again when all have their results.
  double operator()() {
    const std::size_t rounds = kCalls / callers_.size();
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::string call = "[48," + std::to_string(++request_) + R"(,{},"com.example.add2",[23,777]])";
      for (const auto& caller : callers_) caller->say(call);
      for (std::size_t n = 0; n < callers_.size(); ++n) {
        const std::string invocation = callee_.hear();
        if (!invocation.starts_with("[68,")) failed("an invocation");
        callee_.say("[70," + invocation.substr(4, invocation.find(',', 4) - 4) + ",{},[800]]");
      }
      for (const auto& caller : callers_) {
        if (!caller->hear().starts_with("[50,")) failed("a result");
      }
    }
    return static_cast<double>(rounds * callers_.size());
  }

 private:
  WampClient callee_;
  std::vector<std::unique_ptr<WampClient>> callers_;
  std::uint64_t request_ = 0;
};

// Figures.

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Rates {
  std::vector<double> per_second{}, per_cpu_second{};
};

template <class Work>
void round(const RouterProcess& router, Work& work, Rates& rates) {
  const double wall = wall_seconds(), cpu = router.cpu_seconds();
  const double done = work();
  rates.per_second.push_back(done / (wall_seconds() - wall));
  rates.per_cpu_second.push_back(done / std::max(router.cpu_seconds() - cpu, 1e-6));
}

void print_rates(const std::string& label, const std::vector<double>& ours, const std::vector<double>& baseline) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / baseline[i]);
  print({label, "1/s", median(ours), median(baseline), median(ratios), kGoal});
}

template <class Work>
void compare_routers(const std::string& label, const RouterProcess& redan, Work& of_ours, const RouterProcess& autobahn,
                     Work& of_baseline) {
  of_ours();
  of_baseline();
  Rates ours, baseline;
  for (int i = 0; i < kRounds; ++i) {
    round(redan, of_ours, ours);
    round(autobahn, of_baseline, baseline);
  }
  print_rates(label, ours.per_second, baseline.per_second);
  print_rates(label + ", CPU", ours.per_cpu_second, baseline.per_cpu_second);
}

double kib_each(const RouterProcess& router, std::size_t count) {
  std::vector<std::unique_ptr<WampClient>> idle;
  const WampClient first(router.port());
  const double before = router.resident_kib();
  while (idle.size() < count) idle.push_back(std::make_unique<WampClient>(router.port()));
  return (router.resident_kib() - before) / static_cast<double>(count);
}

}  // namespace

void wamp_router() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto redan = start(serve);
  const auto autobahn = start(serve_autobahn);
  for (const std::size_t count : {1, 10, 100, 1'000}) {
    Subscribers of_ours(redan->port(), count), of_baseline(autobahn->port(), count);
    compare_routers("events to " + std::to_string(count), *redan, of_ours, *autobahn, of_baseline);
  }
  for (const std::size_t count : {1, 16}) {
    const auto fresh = start(serve), fresh_baseline = start(serve_autobahn);
    Callers of_ours(fresh->port(), count), of_baseline(fresh_baseline->port(), count);
    compare_routers("calls of " + std::to_string(count), *fresh, of_ours, *fresh_baseline, of_baseline);
  }

  const auto limit = static_cast<std::size_t>(files.rlim_cur);
  const std::size_t count = std::min(kIdle, limit - std::min<std::size_t>(limit, 500));
  if (count < kIdle) std::printf("  only %zu sockets: ulimit -n is %zu\n", count, limit);
  const double ours = kib_each(*start(serve), count);
  const double theirs = kib_each(*start(serve_autobahn), std::min(count, kIdleOfBaseline));
  print({"idle client", "KiB each", ours, theirs, theirs / ours});
}

}  // namespace redan::bench
