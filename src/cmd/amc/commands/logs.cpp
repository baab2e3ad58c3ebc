// logs and show-log: what instances have printed.
#include <cstdio>
#include <thread>

#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

constexpr const char* kPath = "/1.0/instances/";
constexpr std::chrono::seconds kInterval{1};
// By which the place where the last output ended is found again: AMS sends only the last part of a log.
constexpr std::size_t kOverlap = 1024;

struct Logs {
  std::string type = "anbox";
  bool follow = false;
};

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string_view added(std::string_view before, std::string_view now) {
  const std::string_view end = before.substr(before.size() - std::min(before.size(), kOverlap));
  const std::size_t at = now.rfind(end);
  return at == std::string_view::npos ? now : now.substr(at + end.size());
}

void run(Amc& amc, const Logs& logs) {
  if (logs.type != "anbox") throw AmcFailure(kFailure, "not implemented: the logs of Android");
  const std::string path = path_of(kPath, amc.options().which) + "/log";
  std::string before = amc.session().ask_text(path);
  put(before);
  while (logs.follow) {
    std::this_thread::sleep_for(kInterval);
    std::string now = amc.session().ask_text(path);
    put(added(before, now));
    before = std::move(now);
  }
}

void show(Amc& amc) {
  put(amc.session().ask_text(path_of(kPath, amc.options().which) + path_of("/logs/", amc.options().name)));
}

}  // namespace

void add_logs(Grammar& grammar, CLI::App* parent) {
  const auto logs = std::make_shared<Logs>();
  CLI::App* made =
      grammar.command(parent, "logs", "What an instance has printed", [logs](Amc& amc) { run(amc, *logs); });
  grammar.which(made, "Its name or id");
  made->add_option("--type", logs->type, "anbox: the instance (the default); android")
      ->check(CLI::IsMember({"anbox", "android"}));
  made->add_flag("--follow", logs->follow, "Continue until Ctrl-C");
  made = grammar.command(parent, "show-log", "One of the logs that `show` lists", show);
  grammar.name(grammar.which(made, "The instance's name or id"), "The log's name");
}

}  // namespace redan::cmd
