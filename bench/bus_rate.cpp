// The bus over a real nats-server on loopback, TLS 1.3 with certificates on both sides, compared in the same run with
// libnats, the NATS project's own C client. A request goes from one connection through the server to another and back.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "bench/dtls_work.hpp"
#include "bench/figure.hpp"
#include "tests/interop/nats/libnats_unit.hpp"

namespace redan::bench {
namespace {

namespace asio = boost::asio;
using cloud::bus::Bus;
using cloud::bus::BusMessage;
using cloud::test::LibnatsUnit;
using cloud::test::NatsServers;
using Clock = std::chrono::steady_clock;

// libnats sends on a thread that sleeps for a millisecond; configured to send at once, it is comparable.
constexpr double kRequestGoal = 4;
constexpr double kMessageGoal = 0.5;
constexpr int kRounds = 7;
constexpr int kRequests = 300;
constexpr std::size_t kMessages = 20'000;
constexpr std::size_t kAtOnce = 200;
const std::string kPayload(200, 'x');

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Sends requests sequentially; returns the median time in microseconds.
template <class Ask>
double median_time(Ask&& ask) {
  std::vector<double> times;
  for (int i = 0; i < kRequests; ++i) {
    const auto begin = Clock::now();
    if (!ask()) failed("a request over the bus");
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  return median(std::move(times));
}

/// Two units on one loop.
class Ours {
 public:
  explicit Ours(const NatsServers& servers)
      : asking_(connect(servers, "gateway")), answering_(connect(servers, "agent-1")) {
    until([&] { return asking_->is_connected() && answering_->is_connected(); });
    echo_ = *answering_->subscribe("bench.echo", [this](const cloud::bus::BusMessage& message) {
      if (!answering_->publish(message.reply_to, message.payload)) failed("a reply over the bus");
    });
    counting_ = *answering_->subscribe("bench.count", [this](const cloud::bus::BusMessage&) { ++counted_; });
    until([&] { return request(); });
  }

  double request_time() {
    return median_time([this] { return request(); });
  }
  double messages() {
    counted_ = 0;
    for (std::size_t sent = 0; sent < kMessages;) {
      for (const std::size_t burst = sent + kAtOnce; sent < burst; ++sent) {
        if (!asking_->publish("bench.count", kPayload)) failed("publishing over the bus");
      }
      io_.poll();
    }
    until([&] { return counted_ == kMessages; });
    return kMessages;
  }

 private:
  std::unique_ptr<cloud::bus::Bus> connect(const NatsServers& servers, const std::string& who) {
    return std::move(*cloud::bus::nats_bus(io_, servers.config(who), *provider_));
  }
  bool request() {
    std::optional<Result<std::string>> reply;
    asio::co_spawn(io_, asking_->request("bench.echo", kPayload, std::chrono::seconds(1)),
                   [&](const std::exception_ptr&, Result<std::string> result) { reply = std::move(result); });
    until([&] { return reply.has_value(); });
    return *reply == kPayload;
  }
  template <class Done>
  void until(Done&& done) {
    while (!done()) {
      io_.restart();
      io_.run_one();
    }
  }

  asio::io_context io_{1};
  std::unique_ptr<Provider> provider_ = default_provider();
  std::unique_ptr<cloud::bus::Bus> asking_, answering_;
  std::unique_ptr<cloud::bus::Subscription> echo_, counting_;
  std::size_t counted_ = 0;
};

class Theirs {
 public:
  Theirs(const NatsServers& servers, LibnatsUnit::Sending sending)
      : asking_(cloud::test::libnats_unit(servers, "gateway", sending)),
        answering_(cloud::test::libnats_unit(servers, "agent-1", sending)) {
    if (!asking_) return;
    answering_->echo("bench.echo." + name(sending));
    answering_->count("bench.count." + name(sending));
    subject_ = "bench.echo." + name(sending);
    counted_ = "bench.count." + name(sending);
  }
  [[nodiscard]] bool there() const { return asking_ != nullptr; }

  double request_time() {
    return median_time([this] { return asking_->request(subject_, kPayload) == kPayload; });
  }
  double messages() {
    const std::size_t before = answering_->counted();
    for (std::size_t sent = 0; sent < kMessages; ++sent) asking_->publish(counted_, kPayload);
    asking_->flush();
    while (answering_->counted() - before < kMessages) answering_->flush();
    return kMessages;
  }

 private:
  static std::string name(LibnatsUnit::Sending sending) {
    return sending == LibnatsUnit::Sending::usual ? "usual" : "at_once";
  }
  std::unique_ptr<LibnatsUnit> asking_, answering_;
  std::string subject_, counted_;
};

void request_row(const char* label, double goal, Ours& ours, Theirs& theirs) {
  ours.request_time();
  theirs.request_time();
  std::vector<double> our_times, their_times, ratios;
  for (int i = 0; i < kRounds; ++i) {
    our_times.push_back(ours.request_time());
    their_times.push_back(theirs.request_time());
    ratios.push_back(their_times.back() / our_times.back());
  }
  print({label, "us p50", median(our_times), median(their_times), median(ratios), goal});
}

}  // namespace

void bus_rate() {
  if (cloud::test::nats_program().empty()) {
    std::printf("  left out: no nats-server (Debian: nats-server)\n");
    return;
  }
  const NatsServers servers(1);
  Ours ours(servers);
  Theirs usual(servers, LibnatsUnit::Sending::usual);
  Theirs at_once(servers, LibnatsUnit::Sending::at_once);
  if (!usual.there()) {
    std::printf("  left out: built without libnats (Debian: libnats-dev)\n");
    return;
  }
  request_row("bus request, libnats", kRequestGoal, ours, usual);
  request_row("the same, sending at once", 0, ours, at_once);
  print(compare(
      "bus messages, libnats", "1/s", kMessageGoal, [&] { return ours.messages(); }, [&] { return usual.messages(); }));
}

}  // namespace redan::bench
