// Instances within this process: each is a Runtime on the same loop. For the demo only, because a crash of one ends
// all.
#pragma once

#include <list>
#include <map>

#include "cloud/ams/launcher.hpp"
#include "cloud/runtime/runtime.hpp"

namespace redan::cmd {

class EmbeddedLauncher : public cloud::ams::Launcher {
 public:
  EmbeddedLauncher(boost::asio::io_context& io, cloud::runtime::RuntimeConfig config, Provider& provider)
      : io_(io), config_(std::move(config)), provider_(provider) {}

  [[nodiscard]] net::Task<cloud::ams::LaunchResult<void>> launch(cloud::ams::LaunchSpec spec) override;
  [[nodiscard]] net::Task<cloud::ams::LaunchResult<void>> stop(std::string id) override;
  [[nodiscard]] net::Task<cloud::ams::LaunchResult<void>> remove(std::string id) override;
  [[nodiscard]] net::Task<cloud::ams::LaunchResult<cloud::ams::Existence>> find(std::string id) override;
  [[nodiscard]] net::Task<cloud::ams::LaunchResult<std::vector<cloud::ams::FoundInstance>>> find_all() override;
  [[nodiscard]] net::Task<cloud::ams::LaunchResult<std::string>> log(std::string id, std::size_t limit) override;

  void stop_all();

 private:
  void retire(const std::string& id);

  boost::asio::io_context& io_;
  cloud::runtime::RuntimeConfig config_;
  Provider& provider_;
  std::map<std::string, std::unique_ptr<cloud::runtime::Runtime>> running_;
  std::list<std::unique_ptr<cloud::runtime::Runtime>> retired_;  ///< until their tasks have completed
};

}  // namespace redan::cmd
