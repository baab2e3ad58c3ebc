// benchmark: launches instances at a steady rate, and measures how long each takes until it runs.
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <thread>

#include "cloud/api/duration.hpp"
#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Each has a thread and a connection.
constexpr int kMaxInstances = 250;

struct Benchmark {
  double rate = 0.1;
  int count = 1;
  std::string features, platform, type, userdata, network, measure_time, settle_time;
  int threshold = 0;
  bool raw = false, fps = false, dump = false, keep = false;
};

struct Launched {
  std::string id, error;
  Seconds time{0};
};

json::object request(const std::string& which, const Benchmark& benchmark) {
  json::object body{{benchmark.raw ? "image_id" : "app_id", which}}, config;
  if (!benchmark.userdata.empty()) body["user_data"] = benchmark.userdata;
  if (!benchmark.platform.empty()) config["platform"] = benchmark.platform;
  if (!benchmark.features.empty()) config["features"] = benchmark.features;
  if (!config.empty()) body["config"] = std::move(config);
  return body;
}

Launched launch(const Amc::Target& target, const json::object& body, AmcTimeout timeout) {
  Launched result;
  try {
    AmcSession session(target.remote, target.name);
    const auto start = Clock::now();
    const json::value operation = session.ask("POST", "/1.0/instances?no_wait=false", body);
    result.id = made_by(operation, "instances");
    session.wait(operation, timeout);
    result.time = Clock::now() - start;
  } catch (const std::exception& failure) {
    result.error = failure.what();
  }
  return result;
}

std::vector<Launched> launch_all(Amc& amc, const Benchmark& benchmark) {
  const Amc::Target target = amc.target();
  const json::object body = request(amc.options().which, benchmark);
  const AmcTimeout timeout = amc.timeout(std::chrono::seconds(300));
  std::vector<Launched> results(static_cast<std::size_t>(benchmark.count));
  std::vector<std::jthread> threads;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < results.size(); ++i) {
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<Clock::duration>(Seconds(static_cast<double>(i) / benchmark.rate)));
    threads.emplace_back([&, i] { results[i] = launch(target, body, timeout); });
  }
  threads.clear();
  return results;
}

std::vector<std::string> ids_of(const std::vector<Launched>& results) {
  std::vector<std::string> ids;
  for (const Launched& one : results) {
    if (!one.id.empty()) ids.push_back(one.id);
  }
  return ids;
}

std::int64_t count_running(Amc& amc, const std::vector<std::string>& ids) {
  std::int64_t running = 0;
  for (const json::value& element : amc.session().list("/1.0/instances")) {
    const std::string id = text_of(element.as_object(), "id");
    const bool is_ours = std::find(ids.begin(), ids.end(), id) != ids.end();
    if (is_ours && text_of(element.as_object(), "status") == "running") ++running;
  }
  return running;
}

json::object figures(const std::vector<Launched>& results, Seconds whole, std::int64_t running) {
  std::vector<double> times;
  json::array errors;
  for (const Launched& one : results) {
    if (one.error.empty()) times.push_back(one.time.count());
    if (!one.error.empty()) errors.emplace_back(one.error);
  }
  json::object object{{"launched", times.size()}, {"failed", errors.size()}, {"running_at_the_end", running}};
  object["launches_per_second"] = static_cast<double>(times.size()) / std::max(whole.count(), 0.001);
  if (!times.empty()) {
    object["launch_time_average_s"] =
        std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
    object["launch_time_min_s"] = *std::min_element(times.begin(), times.end());
    object["launch_time_max_s"] = *std::max_element(times.begin(), times.end());
  }
  if (!errors.empty()) object["errors"] = std::move(errors);
  return object;
}

void sleep_for(const std::string& option, const std::string& text) {
  if (text.empty()) return;
  const auto duration = cloud::api::parse_duration(text);
  if (!duration) throw AmcFailure(kUsage, option + " is a duration such as 30s or 1m");
  std::this_thread::sleep_for(*duration);
}

int run(Amc& amc, const Benchmark& benchmark) {
  if (benchmark.fps || benchmark.dump || benchmark.threshold != 0 || !benchmark.network.empty()) {
    throw AmcFailure(kFailure, "not implemented: frame rates, which Android reports");
  }
  if (!benchmark.type.empty())
    throw AmcFailure(kFailure, "not implemented: an instance type in a benchmark; set it in the application");
  const auto start = Clock::now();
  const std::vector<Launched> results = launch_all(amc, benchmark);
  const Seconds whole = Clock::now() - start;
  sleep_for("--settle-time", benchmark.settle_time);
  sleep_for("--measure-time", benchmark.measure_time);
  const std::vector<std::string> ids = ids_of(results);
  const json::object shown = figures(results, whole, count_running(amc, ids));
  if (!benchmark.keep && !ids.empty()) {
    amc.session().ask_and_wait("DELETE", "/1.0/instances", json::object{{"ids", to_array(ids)}, {"force", true}});
  }
  amc.print(shown);
  return shown.contains("errors") ? kFailure : kOk;
}

}  // namespace

void add_benchmark(Grammar& grammar) {
  const auto benchmark = std::make_shared<Benchmark>();
  CLI::App* made = grammar.command(grammar.root(), "benchmark", "Launch instances and measure how long it takes",
                                   [benchmark](Amc& amc) { return run(amc, *benchmark); });
  grammar.which(made, "The application, or with --raw the image");
  made->add_flag("-r,--raw", benchmark->raw, "Launch an image");
  made->add_option("-n,--num-instances,--num-containers", benchmark->count, "How many, at most 250 (default: 1)")
      ->check(CLI::Range(1, kMaxInstances).description(""));
  made->add_option("-s,--instances-per-second,--containers-per-second", benchmark->rate, "At which rate (default: 0.1)")
      ->check(CLI::Range(0.001, 1000.0).description(""));
  made->add_option("--settle-time", benchmark->settle_time, "Then wait, before those that run are counted");
  made->add_option("--measure-time", benchmark->measure_time, "The same");
  made->add_flag("--keep-instances", benchmark->keep, "Do not delete them at the end");
  made->add_option("--userdata", benchmark->userdata, "Text that the instances receive");
  made->add_option("-p,--platform", benchmark->platform, "webrtc or null");
  made->add_option("--instance-type", benchmark->type, "Refused; set it in the application");
  made->add_option("--features", benchmark->features, "Features of Android");
  made->add_flag("--fps", benchmark->fps, "Refused, as the next three: frame rates need Android");
  made->add_option("--fps-threshold", benchmark->threshold, "Refused");
  made->add_option("--network-address", benchmark->network, "Refused");
  made->add_flag("--dump-data", benchmark->dump, "Refused");
  grammar.force(made, "Accepted; the instances are deleted in any case");
  grammar.timeout(made, "Of each launch (default: 5m)");
}

}  // namespace redan::cmd
