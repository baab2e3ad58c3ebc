// wait: until an instance or an application has reached a state.
#include <thread>

#include "cmd/amc/grammar.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kDefaultTimeout{300};
constexpr std::chrono::milliseconds kInterval{200};

struct Wait {
  std::vector<std::string> conditions;
  std::string selector;
};

json::value find(Amc& amc) {
  const std::string& which = amc.options().which;
  try {
    return amc.session().ask("GET", path_of("/1.0/instances/", which));
  } catch (const AmcFailure& failure) {
    if (failure.code() != kFailure) throw;
  }
  return amc.session().ask("GET", path_of("/1.0/applications/", which));
}

/// The object itself, or the version of an application that the selector names.
json::object selected(const json::object& object, const std::string& selector) {
  if (selector.empty()) return object;
  if (!selector.starts_with("version=")) throw AmcFailure(kUsage, "--selector is version=NUMBER");
  const std::int64_t number = parse_integer(selector.substr(selector.find('=') + 1));
  const json::value versions = member_of(object, "versions");
  if (!versions.is_array()) throw AmcFailure(kUsage, "--selector is for applications");
  for (const json::value& version : versions.get_array()) {
    if (member_of(version.as_object(), "number") == number) return version.as_object();
  }
  return {};
}

bool holds(const json::object& object, const std::string& condition) {
  const std::size_t equals = condition.find('=');
  const std::string key = condition.substr(0, equals);
  if (equals == std::string::npos || (key != "status" && key != "published")) {
    throw AmcFailure(kUsage, "--condition is status=... or published=...");
  }
  return text_of(object, key) == condition.substr(equals + 1);
}

void run(Amc& amc, const Wait& wait) {
  const auto end = std::chrono::steady_clock::now() + *amc.timeout(kDefaultTimeout);
  for (;;) {
    const json::object object = selected(find(amc).as_object(), wait.selector);
    for (const std::string& condition : wait.conditions) {
      if (holds(object, condition)) return;
    }
    if (std::chrono::steady_clock::now() > end) {
      throw AmcFailure(kFailure, "no condition holds in time; status is " + text_of(object, "status"));
    }
    std::this_thread::sleep_for(kInterval);
  }
}

}  // namespace

void add_wait(Grammar& grammar) {
  const auto wait = std::make_shared<Wait>();
  CLI::App* made = grammar.command(grammar.root(), "wait", "Wait until an instance or application has a status",
                                   [wait](Amc& amc) { run(amc, *wait); });
  grammar.which(made, "Its name or id");
  made->add_option("-c,--condition", wait->conditions, "status=... or published=...; repeatable: one of them")
      ->allow_extra_args(false)
      ->required();
  made->add_option("-s,--selector", wait->selector, "version=NUMBER of an application");
  grammar.timeout(made, "Fail after this time (default: 5m)");
}

}  // namespace redan::cmd
