// A launcher for tests of AMS: nothing runs.
#pragma once

#include <map>

#include "cloud/ams/launcher.hpp"

namespace redan::cloud::test {

/// Reports success for every request, and records it.
class RecordingLauncher : public ams::Launcher {
 public:
  net::Task<ams::LaunchResult<void>> launch(ams::LaunchSpec spec) override {
    running[spec.id] = spec;
    co_return ams::LaunchResult<void>{};
  }
  net::Task<ams::LaunchResult<void>> stop(std::string id) override {
    running.erase(id);
    co_return ams::LaunchResult<void>{};
  }
  net::Task<ams::LaunchResult<void>> remove(std::string id) override {
    running.erase(id);
    co_return ams::LaunchResult<void>{};
  }
  net::Task<ams::LaunchResult<ams::Existence>> find(std::string id) override {
    co_return running.contains(id) ? ams::Existence::running : ams::Existence::absent;
  }
  net::Task<ams::LaunchResult<std::vector<ams::FoundInstance>>> find_all() override {
    std::vector<ams::FoundInstance> all;
    for (const auto& [id, spec] : running) all.push_back({id, ams::Existence::running});
    co_return all;
  }
  net::Task<ams::LaunchResult<std::string>> log(std::string, std::size_t) override { co_return std::string(); }
  net::Task<void> retain_images(std::set<std::string> fingerprints) override {
    retained = std::move(fingerprints);
    co_return;
  }

  std::map<std::string, ams::LaunchSpec> running;
  std::set<std::string> retained;  ///< images
};

}  // namespace redan::cloud::test
