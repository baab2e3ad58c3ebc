// A launcher for tests of AMS: nothing runs.
#pragma once

#include <map>

#include "cloud/ams/launcher.hpp"

namespace redan::cloud::test {

/// Says that what it was asked for happened, and remembers it.
class RecordingLauncher : public Launcher {
 public:
  net::Task<LaunchResult<void>> launch(LaunchSpec spec) override {
    running[spec.id] = spec;
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<void>> stop(std::string id) override {
    running.erase(id);
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<void>> remove(std::string id) override {
    running.erase(id);
    co_return LaunchResult<void>{};
  }
  net::Task<LaunchResult<Existence>> find(std::string id) override {
    co_return running.contains(id) ? Existence::running : Existence::absent;
  }
  net::Task<LaunchResult<std::vector<FoundInstance>>> find_all() override {
    std::vector<FoundInstance> all;
    for (const auto& [id, spec] : running) all.push_back({id, Existence::running});
    co_return all;
  }
  net::Task<LaunchResult<std::string>> log(std::string, std::size_t) override { co_return std::string(); }

  std::map<std::string, LaunchSpec> running;
};

}  // namespace redan::cloud::test
